"""The real things that a run talks to, made from what the caller gave."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from promoter.domain.address import Address
from promoter.domain.branch import AUTHOR
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.forges import other_forge_hint
from promoter.domain.urls import WEB, check_api_url
from promoter.forges import Forge
from promoter.forges.kinds import ForgeConnection, ForgeKind, Look, forge_kind_of
from promoter.forges.tokens import OWN_VARIABLE, token_of
from promoter.git import Repository
from promoter.git.isolation import Credential, remote_settings
from promoter.git.repository_address import parse_address
from promoter.settings import Settings
from promoter.system.budget import REGISTRY_ANSWER, SOURCE
from promoter.system.deadline import Deadline
from promoter.system.environment import child_environment
from promoter.system.files import read_file

if TYPE_CHECKING:
    from promoter.config.config import Config
    from promoter.config.document import Document
    from promoter.git.clone import Clone
    from promoter.registry.client import Registry
    from promoter.render import Renderer


_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wiring:
    """The caller's half: where the repository and the forge are, and the caller's file."""

    settings: Settings
    address: Address
    file: Config | None
    document: Document | None
    deadline: Deadline
    warned: set[str] = field(default_factory=set)
    """The warnings that were logged: a look that is repeated repeats none."""
    tried: set[str] = field(default_factory=set)
    """The caller's file, where it was tried in place of the one on the base."""
    reads_only: bool = False
    """Whether the command writes nothing, whatever its settings are."""

    def warn(self, text: str) -> None:
        """Log a warning, a single time a run."""
        if text not in self.warned:
            self.warned.add(text)
            _LOG.warning(text)

    @property
    def may_write(self) -> bool:
        """Whether the run may write, and so needs a token from the start."""
        return not (self.reads_only or self.settings.dry_run or self.settings.check)

    @property
    def now(self) -> int:
        """The time, in seconds since the epoch: the clock of everything that a run decides by."""
        return int(time.time()) if self.clock is None else self.clock

    @property
    def clock(self) -> int | None:
        """The time that the caller has set, in seconds since the epoch; else None."""
        given = self.settings.now
        return int(given.timestamp()) if given else None

    @property
    def base(self) -> str | None:
        """The branch that promotions go to, where the caller names one."""
        return self.settings.base or (self.file.base if self.file else None)

    @property
    def transport(self) -> str:
        """How the repository is read, which is known before its own configuration is."""
        return self.settings.transport or (self.file.transport if self.file else None) or "git"

    @property
    def kind(self) -> ForgeKind:
        """The kind of the forge: as named, else by the repository's address."""
        named = self.settings.forge or (self.file.forge if self.file else None)
        return forge_kind_of(self.address, named)

    @property
    def api_url(self) -> str | None:
        """The base URL of the forge's API; None where its kind has none."""
        given = self.settings.api_url or (self.file.api_url if self.file else None)
        if given:
            return given.rstrip("/")
        find = self.kind.api_url
        return find(self.address, self.settings.forge_variables) if find else None

    @property
    def token(self) -> SecretStr | None:
        """`PROMOTER_TOKEN`, else the forge's first variable that is set; raises `UsageError`."""
        known = dict(self.settings.tokens)
        if self.settings.token:
            known[OWN_VARIABLE] = self.settings.token
        token = token_of(self.kind, {name: one.get_secret_value() for name, one in known.items()})
        return SecretStr(token) if token else None


def wire(settings: Settings, deadline: Deadline) -> Wiring:
    """Return where a run goes, or raise `UsageError` for what is missing or malformed."""
    document, file = _caller_file(settings)
    if settings.api_url:
        check_api_url(settings.api_url)
    wanted = settings.repo or (file.repository if file else None)
    if not wanted:
        from promoter.engine.current_repository import gitops_origin  # late: most runs name it

        asked = (next(iter(one), None) for one in (settings.app, settings.env or ()))
        wanted = gitops_origin(Path.cwd(), deadline, *asked)
    try:
        found = parse_address(wanted)
    except UsageError as error:
        if settings.repo and settings.source("repo") != "--repo":
            error.message = f"{settings.source('repo')}: {error.message}"
        raise
    return Wiring(settings, found, file, document, deadline)


def authenticated(wiring: Wiring) -> Wiring:
    """Return the wiring with the token of the App that was given, if one was."""
    app, ask = wiring.settings.github_app, wiring.kind.app_token
    if app is None or ask is None or wiring.address.local or wiring.api_url is None:
        return wiring
    token = ask(_connection(wiring), (app.id, app.key))
    return replace(wiring, settings=wiring.settings.model_copy(update={"token": token}))


def check_token(wiring: Wiring) -> None:
    """Raise `UsageError` before anything is asked of a host that will want a token to write."""
    where = wiring.address
    if wiring.token or not wiring.may_write or where.scheme not in WEB:
        return
    hint = other_forge_hint(where.host) or wiring.kind.hint_without_token
    raise UsageError(f"no token for {where.host}: writing there needs one", hint)


def open_clone(wiring: Wiring) -> Clone:
    """Return an empty clone of the repository with the credentials it may use."""
    from promoter.git.clone import Clone  # late: what goes through the API needs no git
    from promoter.git.first_fetch import taken_fetch

    settings, where = wiring.settings, wiring.address
    configuration = _git_settings(wiring, where)
    if settings.cache:
        from promoter.git.mirror import open_mirror

        mirror = open_mirror(settings.cache, where, settings.source("cache"))
        return Clone(where.url, wiring.deadline, configuration=configuration, mirror=mirror)
    begun = taken_fetch(where.url, configuration)
    return Clone(where.url, wiring.deadline, configuration=configuration, begun=begun)


def open_source(wiring: Wiring, source: Address) -> Clone:
    """Return an empty clone of a source repository; a token goes there only on the same host."""
    from promoter.git.clone import Clone

    deadline = Deadline(SOURCE.of(wiring.deadline.remaining()))
    return Clone(source.url, deadline, configuration=_git_settings(wiring, source))


def _git_settings(wiring: Wiring, address: Address) -> dict[str, str]:
    """Return git's settings for a repository: authorities, and the token on the GitOps one's host."""
    own, credential = wiring.address, None
    is_same_host = (address.scheme, address.host) == (own.scheme, own.host)
    if (token := wiring.token) and is_same_host and address.scheme in WEB:
        credential = Credential(address.url, token.get_secret_value(), wiring.kind.git_user)
    return remote_settings(credential, wiring.settings.authorities)


def open_registry(wiring: Wiring, *, patience: float = REGISTRY_ANSWER.seconds) -> Registry:
    """Return the registries with the logins that the user has."""
    from promoter.registry.client import Registry
    from promoter.registry.connection import RegistryConnections
    from promoter.registry.credentials import Login, read_credentials

    known, environment = wiring.settings.registries, child_environment("credential helper")
    login = None
    if known.host and known.username and known.password:
        login = (known.host, Login.of(known.username, known.password.get_secret_value()))
    credentials = read_credentials(known.files, login, environment)
    authorities = wiring.settings.authorities
    connection = RegistryConnections(
        credentials,
        patience=patience,
        authorities=authorities,
        plain=known.plain,
        remaining=wiring.deadline.remaining,
    )
    return Registry(connection)


def open_renderer(wiring: Wiring) -> Renderer | None:
    """Return the program that renders, with what the caller lets it use; None without one."""
    from promoter.render import find

    wanted = wiring.settings
    surroundings = child_environment("renderer")
    return find(wanted.renderer, wanted.render_allow, surroundings, wiring.deadline.remaining)


@contextmanager
def open_repository(
    wiring: Wiring, forge: Forge | None, apps: Sequence[str], depth: int
) -> Iterator[Repository]:
    """Return the repository as seen and written through its forge's API, else through a clone.

    The first look at a clone's remote, for these apps and so many commits, is begun at once.
    """
    if forge is not None:
        yield api_repository(wiring, forge)
        return
    from promoter.git.commits import Signing
    from promoter.git.repository import GitRepository

    key = wiring.settings.signing_key
    with open_clone(wiring) as clone:
        signing = Signing.parse(key) if key else None
        repository = GitRepository(clone, wiring.now, signing, depth=depth)
        if not wiring.address.local:
            repository.begin(wiring.base, apps)
        yield repository


def api_repository(wiring: Wiring, forge: Forge) -> Repository:
    """Return the repository as seen and written through its forge's API, on the same connection."""
    if wiring.kind.repository is None:
        raise UsageError(
            f"transport: api needs a forge with an API, and the {wiring.kind.name} one has none",
            "Leave --transport out, or use transport: git.",
        )
    return wiring.kind.repository(forge, wiring.settings.env or (), wiring.now)


def open_forge(wiring: Wiring, apps: Sequence[str] = ()) -> Forge:
    """Return the forge that keeps the repository's pulls, and begin to look at some apps there."""
    settings, where, kind = wiring.settings, wiring.address, wiring.kind
    needs_token = bool(kind.token_hint) and wiring.may_write
    if wiring.token is None and not where.local:
        if needs_token:
            reason = f"no token for {where.host}: opening a pull request needs one"
            raise UsageError(reason, kind.hint_without_token)
        if wiring.reads_only and wiring.transport == "api":
            reason = f"no token for {where.host}: transport: api needs one, also to read"
            hint = "Leave --transport out: git reads a public repository without a token."
            raise UsageError(reason, hint)
    if where.local and settings.forge is None and not wiring.reads_only:
        from promoter.engine.current_repository import check_origin  # late: of a folder alone

        if warning := check_origin(Path(where.path), wiring.deadline, wiring.base):
            wiring.warn(warning)
    look = Look(wiring.base, settings.env or (), apps, wiring.transport == "api") if apps else None
    return kind.open(_connection(wiring, look))


def _connection(wiring: Wiring, look: Look | None = None) -> ForgeConnection:
    where, author = wiring.address, wiring.file.author if wiring.file else AUTHOR
    api_url, trusted = None if where.local else wiring.api_url, wiring.settings.authorities
    committer = f"{author} {wiring.now} +0000"
    return ForgeConnection(where, api_url, wiring.token, wiring.deadline, committer, look, trusted)


def _caller_file(settings: Settings) -> tuple[Document | None, Config | None]:
    """Return the file that --config names, where it names one; raises `UsageError`."""
    if not settings.config:
        return None, None
    from promoter.config import config
    from promoter.config.document import load

    try:
        data = read_file(Path(settings.config))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"{settings.source('config')} {settings.config}: {reason}",
            "Check the path; without --config, the repository's own promoter.yaml is read.",
        ) from error
    document = load(data, settings.config)
    return document, config.read(document)
