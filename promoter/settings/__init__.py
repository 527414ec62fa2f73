"""What the caller says: each setting is a variable, a flag is its initial value; secrets are sealed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    BeforeValidator,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from promoter.config.refs import commit_id
from promoter.domain.errors import UsageError
from promoter.domain.section import Moment
from promoter.domain.shard import Shard
from promoter.forges.kinds import api_variables, forge_kind, token_variables
from promoter.settings.errors import (
    check_flags,
    check_variables,
    flag_of,
    initial_name,
    malformed,
    variable_of_setting,
)
from promoter.settings.forms import (
    LONGEST_RUN,
    Building,
    GitHubApp,
    Line,
    Lines,
    Registries,
    RenderMeans,
    Rules,
    Seconds,
    Secret,
    Switch,
    Timeout,
)
from promoter.settings.variables import SetVariables
from promoter.system import environment
from promoter.system.budget import RUN
from promoter.system.environment import home, variables_of
from promoter.system.files import read_file

# So many entries, or steps back, no history has.
LARGEST_NUMBER = 1_000_000
# https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
_BUILDING = frozenset({"push", "create", "release", "merge_group"})


class Settings(BaseSettings):
    """Everything the caller gave: variables, and flags as their initial values, which win.

    An empty variable counts as absent. Files come later, each at its own place.
    """

    model_config = SettingsConfigDict(
        env_prefix="PROMOTER_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    app: Lines = ()
    tag: str | None = None
    image: Lines = ()
    env: Lines = ()
    source_revision: Annotated[str, BeforeValidator(commit_id)] | None = None
    wait_for_image: Seconds = 0.0
    allow: Rules = frozenset()
    take_over: Switch = False
    from_: str | None = Field(default=None, validation_alias="PROMOTER_FROM")
    together: Switch = False
    group: str | None = None
    reason: str | None = None
    until: str | None = None
    to: str | None = None
    steps: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None = None
    number: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] | None = None
    no_registry: Switch = False
    shard: str | None = None
    repo: str | None = None
    base: str | None = None
    forge: Annotated[str, BeforeValidator(lambda name: forge_kind(name).name)] | None = None
    api_url: str | None = None
    config: str | None = None
    transport: Literal["git", "api"] | None = None
    signing_key: str | None = None
    cache: str | None = None
    timeout: Timeout = RUN
    dry_run: Switch = False
    check: Switch = False
    output: Literal["text", "json", "markdown"] | None = None
    log_format: Literal["text", "json"] | None = None
    verbose: Switch = False
    quiet: Switch = False

    token: SecretStr | None = None
    github_app_id: str | None = None
    github_app_private_key: SecretStr | None = None
    github_app_private_key_file: str | None = None
    renderer: str | None = None
    render_allow: RenderMeans = frozenset()
    shards: int | None = None
    registry_host: str | None = None
    registry_username: str | None = None
    registry_password: Secret | None = None
    http_registries: Lines = ()
    now: Moment | None = None

    job_completion_index: int | None = Field(default=None, validation_alias="JOB_COMPLETION_INDEX")
    docker_config: str | None = Field(default=None, validation_alias="DOCKER_CONFIG")
    registry_auth_file: str | None = Field(default=None, validation_alias="REGISTRY_AUTH_FILE")
    actions: bool = Field(default=False, validation_alias="GITHUB_ACTIONS")
    actor: Line | None = Field(default=None, validation_alias=AliasChoices("GITHUB_ACTOR", "USER"))
    server_url: str | None = Field(default=None, validation_alias="GITHUB_SERVER_URL")
    github_repository: str | None = Field(default=None, validation_alias="GITHUB_REPOSITORY")
    run_id: str | None = Field(default=None, validation_alias="GITHUB_RUN_ID")
    revision: str | None = Field(default=None, validation_alias="GITHUB_SHA")
    event: str | None = Field(default=None, validation_alias="GITHUB_EVENT_NAME")

    _flags: frozenset[str] = PrivateAttr(default=frozenset())
    _tokens: dict[str, SecretStr] = PrivateAttr(
        default_factory=lambda: {
            k: SecretStr(v) for k, v in variables_of(token_variables()).items()
        }
    )
    _forge_variables: dict[str, str] = PrivateAttr(
        default_factory=lambda: variables_of(api_variables())
    )
    _authorities: str | None = PrivateAttr(default_factory=environment.authorities)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return flags and variables: no `.env` is read, which takes as long as variables do."""
        del env_settings, dotenv_settings, file_secret_settings
        return init_settings, SetVariables(settings_cls)

    @classmethod
    def read(cls, flags: Mapping[str, Any]) -> Self:
        """Return the settings from flags, by their names, and from this process's variables.

        Raises `UsageError` that names the flag or the variable, and never a secret's value.
        """
        given = {name: flags[name] for name in cls.model_fields if flags.get(name) is not None}
        check_variables(cls, given)
        check_flags(given)
        try:
            settings = cls(
                **{initial_name(name, cls.model_fields[name]): given[name] for name in given}
            )
        except ValidationError as error:
            raise malformed(error, given) from None
        settings._flags = frozenset(given)
        # What is given by halves is reported now, whatever the command.
        _ = settings.github_app, settings.registries, settings.apps_shard
        return settings

    def source(self, name: str) -> str:
        """Return where a value came from, for messages: a flag or a variable."""
        is_variable = name in self.model_fields_set and name not in self._flags
        return variable_of_setting(name) if is_variable else flag_of(name)

    @property
    def seconds(self) -> float:
        """How long the run may take: a wait for an image comes on top, unless `--timeout` says all."""
        own = "timeout" in self.model_fields_set
        return self.timeout if own else min(self.timeout + self.wait_for_image, LONGEST_RUN)

    @property
    def environment(self) -> str | None:
        """The one environment that is asked for; raises `UsageError` where there are several."""
        if len(self.env) > 1:
            raise UsageError(
                f"{self.source('env')} names {len(self.env)} environments: {', '.join(self.env)}",
                "A promotion goes to one: run promote once for each. promote auto takes several.",
            )
        return self.env[0] if self.env else None

    @property
    def tokens(self) -> Mapping[str, SecretStr]:
        """The tokens that forges' own variables hold, by the variable."""
        return self._tokens

    @property
    def forge_variables(self) -> Mapping[str, str]:
        """The variables by which forges say where their APIs are."""
        return self._forge_variables

    @property
    def authorities(self) -> str | None:
        """The file of certificate authorities that the user has named."""
        return self._authorities

    @property
    def apps_shard(self) -> Shard:
        """The part of the apps to take: a flag's, or that of an Indexed Job's pod."""
        if self.shard:
            return Shard.parse(self.shard)
        if self.shards is None:
            return Shard()
        if self.job_completion_index is None:
            raise UsageError(
                "PROMOTER_SHARDS is given without JOB_COMPLETION_INDEX",
                "An Indexed Job sets it; elsewhere give --shard I/N.",
            )
        return Shard.of_job(self.job_completion_index, self.shards)

    @property
    def registries(self) -> Registries:
        """How registries are logged in to; raises `UsageError` for half a login."""
        given = (self.registry_host, self.registry_username, self.registry_password)
        names = ("HOST", "USERNAME", "PASSWORD")
        missing = [n for n, one in zip(names, given, strict=True) if not one]
        if missing and any(given):
            absent = " and ".join(f"PROMOTER_REGISTRY_{one}" for one in missing)
            raise UsageError(
                f"incomplete registry login: {absent} {'is' if len(missing) == 1 else 'are'} missing",
                "Give PROMOTER_REGISTRY_HOST, _USERNAME and _PASSWORD together.",
            )
        files = [Path(self.registry_auth_file)] if self.registry_auth_file else []
        if self.docker_config:
            files.append(Path(self.docker_config) / "config.json")
        elif (folder := home()) is not None:
            files.append(folder / ".docker" / "config.json")
        return Registries(tuple(files), *given, plain=frozenset(self.http_registries))

    @property
    def github_app(self) -> GitHubApp | None:
        """The GitHub App to act as; raises `UsageError` for half of one."""
        app, key = self.github_app_id, self.github_app_private_key
        file = self.github_app_private_key_file
        if app is None and key is None and file is None:
            return None
        if app is None or (key is None and file is None):
            missing = "PROMOTER_GITHUB_APP_ID" if app is None else "PROMOTER_GITHUB_APP_PRIVATE_KEY"
            raise UsageError(
                f"incomplete GitHub App credentials: {missing} is missing",
                "Set PROMOTER_GITHUB_APP_ID, and PROMOTER_GITHUB_APP_PRIVATE_KEY or its _FILE, both.",
            )
        if re.fullmatch(r"[A-Za-z0-9.]+", app.strip(), re.ASCII) is None:
            raise UsageError(
                "PROMOTER_GITHUB_APP_ID is not an App id",
                "Give the client id or the number that GitHub shows.",
            )
        if key and re.fullmatch(r"[~./\w-]+\.(?:pem|key)|[~.]?/[^\n]*", key.get_secret_value()):
            name = "PROMOTER_GITHUB_APP_PRIVATE_KEY"
            raise UsageError(f"{name} holds a path, and no key", f"Set {name}_FILE to it.")
        return GitHubApp(app.strip(), key or _private_key(str(file)))

    @property
    def run(self) -> str | None:
        """The address of the Actions run that asks, if one does."""
        if not (self.actions and self.server_url and self.run_id):
            return None
        return f"{self.server_url}/{self.github_repository}/actions/runs/{self.run_id}"

    @property
    def building(self) -> Building | None:
        """The commit that the Actions run was started for, where its event is one that builds images.

        Any other event, such as a schedule, a dispatch or a comment, comes with the newest commit
        of a branch, whatever the image was built from.
        """
        if not (self.actions and self.github_repository and self.revision):
            return None
        if self.event not in _BUILDING:
            return None
        return Building(self.github_repository, self.revision)


def _private_key(file: str) -> SecretStr:
    try:
        return SecretStr(read_file(Path(file)).decode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise UsageError(
            f"PROMOTER_GITHUB_APP_PRIVATE_KEY_FILE {file} cannot be read: {reason}",
            "Give the path of the App's .pem file.",
        ) from None
