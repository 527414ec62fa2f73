"""What the caller says: flags, environment and files, each value with its source; secrets sealed.

All of the process environment is read here or by `promoter.environment`. What no child process may
inherit is taken out of it: the tokens, and every `GIT_*` that would bend git.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from promoter.cli.process import account
from promoter.cli.variables import Rendering, Variables
from promoter.config.refs import commit_id
from promoter.domain.duration import seconds_of
from promoter.domain.errors import UsageError
from promoter.domain.shard import Shard
from promoter.domain.suggest import nearest
from promoter.environment import home, narrowed_environment, variables_of
from promoter.forges.kinds import api_variables, forge_kind, token_variables
from promoter.gates import allowable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Mapping

DEFAULT_TIMEOUT = "120s"

# Variables that name certificate authorities; git knows the first two by itself, but all of GIT_*
# is taken out of its environment.
_AUTHORITIES = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

# https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
_UNBUILT = frozenset(
    {"schedule", "repository_dispatch", "workflow_dispatch", "workflow_run", "registry_package"}
)


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """A GitHub App: its id, and the private key that proves to be it."""

    id: str
    key: SecretStr


@dataclass(frozen=True, slots=True)
class Registries:
    """How registries are logged in to: Docker's files, one login by variables, hosts without TLS."""

    files: tuple[Path, ...] = ()
    host: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    plain: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Building:
    """The repository and the commit of a workflow's run, where such a run builds images."""

    repository: str
    revision: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the caller gave, flags before variables; files come later, at their own place."""

    apps: tuple[str, ...] = ()
    tag: str | None = None
    images: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    shard: Shard = field(default_factory=Shard)
    repository: str | None = None
    base: str | None = None
    forge: str | None = None
    api_url: str | None = None
    config: str | None = None
    transport: str | None = None
    dry_run: bool = False
    check: bool = False
    allow: frozenset[str] = frozenset()
    timeout: float = 120.0
    take_over: bool = False
    source_revision: str | None = None
    building: Building | None = None
    token: SecretStr | None = None
    tokens: dict[str, SecretStr] = field(default_factory=dict)
    forge_variables: dict[str, str] = field(default_factory=dict)
    github_app: GitHubApp | None = None
    rendering: Rendering = field(default_factory=Rendering)
    signing_key: str | None = None
    wait_for_image: float = 0.0
    registries: Registries = field(default_factory=Registries)
    verbose: bool = False
    quiet: bool = False
    actor: str | None = None
    run: str | None = None
    authorities: str | None = None
    sources: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> str | None:
        """The one environment that is asked for; raises `UsageError` where there are several."""
        if len(self.environments) > 1:
            raise UsageError(
                f"{self.source('env')} names {len(self.environments)} environments",
                "A promotion goes to one; promote auto takes several.",
            )
        return self.environments[0] if self.environments else None

    def source(self, name: str) -> str:
        """Return where a value came from, for messages: a flag or a variable."""
        return self.sources.get(name, f"--{name.replace('_', '-')}")


@contextmanager
def taken_environment(flags: argparse.Namespace) -> Iterator[Settings]:
    """Read the settings, and run without the variables that no child process may inherit."""
    settings = _read(flags)
    with narrowed_environment():
        yield settings


def _read(flags: argparse.Namespace) -> Settings:
    """Merge flags over variables."""
    try:
        variables = Variables()
    except ValidationError as error:
        raise _malformed(error) from None
    given = {key: value for key, value in vars(flags).items() if value is not None}
    sources = {key: f"--{key.replace('_', '-')}" for key in given}
    merged = {key: value for key, value in variables if value is not None} | given
    for key in variables.model_fields_set - set(given):
        sources[key] = f"PROMOTER_{key.upper()}"
    timeout = seconds_of("timeout", merged, sources, DEFAULT_TIMEOUT)
    if not 0 < timeout <= 86_400:
        raise UsageError(f"{sources['timeout']} must be more than 0 and at most 24h", "")
    revision = merged.get("source_revision")
    return Settings(
        apps=tuple(merged.get("app", ())),
        tag=merged.get("tag"),
        images=tuple(merged.get("image", ())),
        environments=_listed(merged.get("env")),
        shard=_shard(merged),
        repository=merged.get("repo"),
        base=merged.get("base"),
        forge=forge_kind(merged["forge"]).name if merged.get("forge") else None,
        api_url=merged.get("api_url"),
        config=merged.get("config"),
        transport=merged.get("transport"),
        dry_run=bool(merged.get("dry_run", False)),
        check=bool(merged.get("check", False)),
        allow=_allowed(merged.get("allow", ()), sources),
        timeout=timeout,
        take_over=bool(merged.get("take_over", False)),
        source_revision=None if revision is None else commit_id(revision),
        building=_building(variables),
        token=variables.token,
        tokens={k: SecretStr(v) for k, v in variables_of(token_variables()).items()},
        forge_variables=variables_of(api_variables()),
        github_app=_github_app(variables),
        rendering=variables.rendering,
        signing_key=merged.get("signing_key"),
        wait_for_image=seconds_of("wait_for_image", merged, sources, "0"),
        registries=_registries(variables),
        verbose=bool(merged.get("verbose", False)),
        quiet=bool(merged.get("quiet", False)),
        actor=variables.actor or account(),
        run=_run(variables),
        authorities=next((os.environ[k] for k in _AUTHORITIES if os.environ.get(k)), None),
        sources=sources,
    )


def _listed(value: object) -> tuple[str, ...]:
    """Return what was given once or several times."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)  # type: ignore[arg-type]  # a list of texts


def _allowed(rules: Iterable[str], sources: Mapping[str, str]) -> frozenset[str]:
    """Return the rules to go on in spite of, or raise `UsageError` for one that there is not."""
    found = frozenset(rules)
    for rule in sorted(found - set(allowable())):
        raise UsageError(
            f"{sources['allow']}: there is no rule {rule!r} to allow", nearest(rule, allowable())
        )
    return found


def _shard(merged: dict[str, Any]) -> Shard:
    """Return the part of the apps to take: a flag's, or that of an Indexed Job's pod."""
    if merged.get("shard"):
        return Shard.parse(merged["shard"])
    count, index = merged.get("shards"), merged.get("job_completion_index")
    if count is None:
        return Shard()
    if index is None:
        raise UsageError(
            "PROMOTER_SHARDS is given without JOB_COMPLETION_INDEX",
            "An Indexed Job sets it; elsewhere give --shard I/N.",
        )
    return Shard.of_job(index, count)


def _registries(variables: Variables) -> Registries:
    """Return how registries are logged in to, or raise `UsageError` for half a login."""
    given = (variables.registry_host, variables.registry_username, variables.registry_password)
    if any(given) and not all(given):
        raise UsageError(
            "a registry login is half given",
            "Give PROMOTER_REGISTRY_HOST, PROMOTER_REGISTRY_USERNAME and _PASSWORD together.",
        )
    files = [Path(variables.registry_auth_file)] if variables.registry_auth_file else []
    if variables.docker_config:
        files.append(Path(variables.docker_config) / "config.json")
    elif (folder := home()) is not None:
        files.append(folder / ".docker" / "config.json")
    return Registries(tuple(files), *given, plain=frozenset(variables.http_registries or ()))


def _github_app(variables: Variables) -> GitHubApp | None:
    """Return the GitHub App to act as, or raise `UsageError` for half of one."""
    app, key, file = (
        variables.github_app_id,
        variables.github_app_private_key,
        variables.github_app_private_key_file,
    )
    if app is None and key is None and file is None:
        return None
    if app is None or (key is None and file is None):
        missing = "PROMOTER_GITHUB_APP_ID" if app is None else "PROMOTER_GITHUB_APP_PRIVATE_KEY"
        raise UsageError(f"a GitHub App is half given: {missing} is missing", "Give id and key.")
    if re.fullmatch(r"[A-Za-z0-9.]+", app.strip(), re.ASCII) is None:
        raise UsageError(
            "PROMOTER_GITHUB_APP_ID is no App id", "Give the client id or the number GitHub shows."
        )
    if key is None:
        try:
            key = SecretStr(Path(str(file)).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"PROMOTER_GITHUB_APP_PRIVATE_KEY_FILE {file} can not be read "
                f"({type(error).__name__})",
                "Give the path of the App's .pem file.",
            ) from None
    return GitHubApp(app.strip(), key)


def _run(variables: Variables) -> str | None:
    """Return the address of the Actions run that asks, if one does."""
    if not (variables.actions and variables.server_url and variables.run_id):
        return None
    return f"{variables.server_url}/{variables.github_repository}/actions/runs/{variables.run_id}"


def _building(variables: Variables) -> Building | None:
    """Return what the Actions run was started for, unless its event says nothing of any image.

    A schedule, a dispatch or a registry's event comes with the newest commit of a branch, whatever
    the image was built from.
    """
    repository, revision, event = variables.github_repository, variables.revision, variables.event
    if not (variables.actions and repository and revision) or event in _UNBUILT:
        return None
    return Building(repository, revision)


def _malformed(error: ValidationError) -> UsageError:
    """Return the complaint about a variable, without its value."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    name = str(first["loc"][0])
    variable = name if name.isupper() else f"PROMOTER_{name.upper()}"
    reason = first["msg"].removeprefix("Value error, ")
    return UsageError(f"{variable}: {reason[0].lower()}{reason[1:]}", "See promote --help.")
