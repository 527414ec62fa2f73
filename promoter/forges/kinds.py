"""What sets the kinds of forges apart, which `promoter.domain.forges` names."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.forges import DEFAULT, FORGES, forge_hint
from promoter.system.environment import empty_variables

if TYPE_CHECKING:
    from pydantic import SecretStr

    from promoter.domain.address import Address
    from promoter.forges import Forge
    from promoter.git import Repository
    from promoter.system.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Look:
    """What a run looks at first."""

    base: str | None
    """The base branch; None for the default one."""
    environments: Sequence[str]
    """Those that are asked for."""
    apps: Sequence[str]
    reads_files: bool
    """Whether the files come through the forge too; else git fetches them."""


@dataclass(frozen=True, slots=True)
class ForgeConnection:
    """What a forge is opened with."""

    address: Address
    api_url: str | None
    """The API's base URL; None where the kind has no API."""
    token: SecretStr | None
    deadline: Deadline
    committer: str
    """`Name <address> time zone` for commits that the forge's merges make here."""
    look: Look | None = None
    """What the repository will be asked for first through the forge, which may begin it at once."""
    authorities: str | None = None
    """The file of certificate authorities that the user has named."""


@dataclass(frozen=True, slots=True)
class ForgeKind:
    """What sets one kind of forge apart; the rest of the program asks here and names no kind."""

    name: str
    serves: Callable[[Address], bool]
    """The host rule: whether pulls of a repository there are kept by this kind."""
    open: Callable[[ForgeConnection], Forge]
    """Opens the forge; raises `UsageError` for an address that it can keep no pulls of."""
    api_url: Callable[[Address, Mapping[str, str]], str] | None = None
    """The API's base URL of an address, given the variables named in `api_variables`."""
    api_variables: tuple[str, ...] = ()
    token_variables: tuple[str, ...] = ()
    """Where the token is looked for after `PROMOTER_TOKEN`, in this order."""
    token_hint: str = ""
    """What to do where the token is missing; empty where the kind needs none."""
    git_user: str = "git"
    """The user as which git shows the token."""
    repository: Callable[[Forge, Sequence[str], int], Repository] | None = None
    """The GitOps repository through the forge's API, which is `transport: api`; takes the
    environments that are asked for, so that what is there of them can be looked at first, and the
    time, in seconds since the epoch."""
    app_token: Callable[[ForgeConnection, tuple[str, SecretStr]], SecretStr] | None = None
    """A token for the repository from an App's id and key."""
    connect: Callable[[str, str | None], None] | None = None
    """Begins a connection to the API at a URL, held to the user's authorities, and asks nothing."""

    @property
    def hint_without_token(self) -> str:
        """What to do where the token is missing; a variable that is set, but empty, is named."""
        empty = empty_variables(self.token_variables)
        said = f"{empty[0]} is set, but empty: is its secret there in this run? " if empty else ""
        return said + self.token_hint


def forge_kind(name: str) -> ForgeKind:
    """Return a kind by its name; raises `UsageError` for one that there is not."""
    if name not in FORGES:
        raise UsageError(f"there is no forge {name!r}", forge_hint(name))
    kind: ForgeKind = importlib.import_module(FORGES[name]).KIND
    return kind


def forge_kind_of(address: Address, name: str | None = None) -> ForgeKind:
    """Return the kind that is named, else the one that an address implies."""
    if name is not None:
        return forge_kind(name)
    kinds = [forge_kind(one) for one in FORGES]
    return next((one for one in kinds if one.serves(address)), forge_kind(DEFAULT))


def api_variables() -> tuple[str, ...]:
    """Return the variables of every kind that say where its API is."""
    return tuple(v for name in FORGES for v in forge_kind(name).api_variables)


def token_variables() -> tuple[str, ...]:
    """Return the variables of every kind that may hold a token."""
    return tuple(v for name in FORGES for v in forge_kind(name).token_variables)
