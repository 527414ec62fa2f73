"""The real things that a run talks to, made from what the caller gave."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from promoter import address, config
from promoter.config import Config
from promoter.errors import UsageError
from promoter.forges.local import LocalForge
from promoter.gitops.clone import Clone
from promoter.gitops.git import Credential, Deadline, Git
from promoter.gitops.repository import GitRepository
from promoter.here import gitops_origin

if TYPE_CHECKING:
    from promoter.address import Address
    from promoter.forges import Forge
    from promoter.model import Tree
    from promoter.settings import Settings


_WEB = ("https", "http")


@dataclass(frozen=True, slots=True)
class Wiring:
    """The caller's half: where the repository and the forge are, and the caller's file."""

    settings: Settings
    address: Address
    file: Config | None
    file_name: str
    deadline: Deadline

    def config(self, base: Tree) -> Config:
        """Return the configuration in force: the repository's own file, else the caller's."""
        try:
            data = base.read(config.FILE)
        except KeyError:
            return self.file or Config()
        policy = config.parse(data, str(config.FILE))
        if self.file is None:
            return policy
        config.wiring_only(self.file, self.file_name)
        return config.merge_wiring(policy, self.file)


def wire(settings: Settings, deadline: Deadline) -> Wiring:
    """Return where a run goes, or raise `UsageError` for what is missing or malformed."""
    file, name = None, settings.config or ""
    if settings.config:
        file = config.parse(_read(settings), name)
    wanted = settings.repository or (file.repository if file else None)
    found = address.parse(wanted or gitops_origin(Path.cwd(), deadline))
    return Wiring(settings, found, file, name, deadline)


def check_token(wiring: Wiring) -> None:
    """Raise `UsageError` before anything is asked of a host that will want a token to write."""
    settings, where = wiring.settings, wiring.address
    if settings.token or settings.dry_run or settings.check or where.scheme not in _WEB:
        return
    raise UsageError(
        f"no token for {where.host}: writing there needs one",
        "Set GITHUB_TOKEN to a token with 'contents: write' and 'pull-requests: write'.",
    )


def open_clone(wiring: Wiring) -> Clone:
    """Return an empty clone of the repository with the credentials it may use."""
    configuration: dict[str, str] = {}
    settings, where = wiring.settings, wiring.address
    if "api" in (settings.transport, wiring.file.transport if wiring.file else None):
        raise UsageError("--transport api is not in this version", "Leave it out: git is used.")
    if settings.token and where.scheme in _WEB:
        credential = Credential(where.url, settings.token.get_secret_value())
        configuration |= credential.configuration()
    if settings.authorities:
        configuration["http.sslCAInfo"] = settings.authorities
    return Clone(where.url, wiring.deadline, configuration=configuration)


def open_repository(clone: Clone) -> GitRepository:
    """Return the repository as seen and written through a clone."""
    return GitRepository(clone, int(time.time()))


def open_forge(wiring: Wiring) -> Forge:
    """Return the forge that keeps the repository's pulls."""
    settings, where = wiring.settings, wiring.address
    kind = settings.forge or (wiring.file.forge if wiring.file else None)
    if kind == "local" or (kind is None and where.local):
        return local_forge(where, wiring.deadline)
    if where.local:
        raise UsageError(
            f"{where.path} is a folder, and the {kind} forge keeps no pulls there",
            "Give the repository's URL, or --forge local.",
        )
    if settings.token is None and not settings.dry_run and not settings.check:
        raise UsageError(
            f"no token for {where.host}: opening a pull needs one",
            "Set GITHUB_TOKEN to a token with 'contents: write' and 'pull-requests: write'.",
        )
    # The forge's library takes a third of a second to import: not before it is needed.
    from promoter.forges.github import GitHubForge

    given = settings.api_url or (wiring.file.api_url if wiring.file else None)
    api = address.api_url(
        where, given=given, server=settings.server_url, ambient=settings.github_api_url
    )
    return GitHubForge(api, where.owner_and_name, settings.token, wiring.deadline)


def local_forge(where: Address, deadline: Deadline) -> LocalForge:
    """Return the forge of a repository on this machine."""
    if not where.local:
        raise UsageError(
            f"{where.url} is not on this machine, and the local forge keeps its pulls there",
            "Give --repo the path of a bare repository.",
        )
    return LocalForge(Git(Path(where.path), deadline))


def _read(settings: Settings) -> bytes:
    """Return the bytes of the file that --config names."""
    assert settings.config is not None
    try:
        return Path(settings.config).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{settings.source('config')} {settings.config}: {error.strerror}", "Check the path."
        ) from error
