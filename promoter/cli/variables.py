"""The environment variables that promote reads, each with its form; secrets are sealed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _lines(value: object) -> object:
    """Split a variable that holds one value a line."""
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    return value


def _switch(value: object) -> object:
    """Read a boolean as the contract spells it."""
    words = {"1": True, "true": True, "0": False, "false": False}
    if isinstance(value, str):
        if value.lower() not in words:
            msg = "must be 1, true, 0 or false"
            raise ValueError(msg)
        return words[value.lower()]
    return value


Lines = Annotated[tuple[str, ...] | None, NoDecode, BeforeValidator(_lines)]
Means = Annotated[
    tuple[Literal["network", "helm", "exec"], ...] | None, NoDecode, BeforeValidator(_lines)
]
Switch = Annotated[bool | None, BeforeValidator(_switch)]


@dataclass(frozen=True, slots=True)
class Rendering:
    """The program that renders, where one is named, and what it may use beside files."""

    program: str | None = None
    allowed: frozenset[str] = frozenset()


class Variables(BaseSettings):
    """The environment variables that promote reads; an empty one counts as absent."""

    model_config = SettingsConfigDict(
        env_prefix="PROMOTER_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    app: Lines = None
    tag: str | None = None
    image: Lines = None
    env: Lines = None
    repo: str | None = None
    base: str | None = None
    forge: str | None = None
    api_url: str | None = None
    config: str | None = None
    transport: Literal["git", "api"] | None = None
    dry_run: Switch = None
    check: Switch = None
    output: Literal["text", "json"] | None = None
    allow: Lines = None
    timeout: str | None = None
    verbose: Switch = None
    quiet: Switch = None
    take_over: Switch = None
    source_revision: str | None = None
    token: SecretStr | None = None

    renderer: str | None = None
    render_allow: Means = None
    signing_key: str | None = None
    wait_for_image: str | None = None
    shard: str | None = None
    shards: int | None = None
    job_completion_index: int | None = Field(default=None, validation_alias="JOB_COMPLETION_INDEX")
    registry_host: str | None = None
    registry_username: str | None = None
    registry_password: SecretStr | None = None
    http_registries: Lines = None
    docker_config: str | None = Field(default=None, validation_alias="DOCKER_CONFIG")
    registry_auth_file: str | None = Field(default=None, validation_alias="REGISTRY_AUTH_FILE")
    github_app_id: str | None = None
    github_app_private_key: SecretStr | None = None
    github_app_private_key_file: str | None = None

    actions: bool = Field(default=False, validation_alias="GITHUB_ACTIONS")
    actor: str | None = Field(default=None, validation_alias=AliasChoices("GITHUB_ACTOR", "USER"))
    server_url: str | None = Field(default=None, validation_alias="GITHUB_SERVER_URL")
    github_repository: str | None = Field(default=None, validation_alias="GITHUB_REPOSITORY")
    run_id: str | None = Field(default=None, validation_alias="GITHUB_RUN_ID")
    revision: str | None = Field(default=None, validation_alias="GITHUB_SHA")
    event: str | None = Field(default=None, validation_alias="GITHUB_EVENT_NAME")

    @property
    def rendering(self) -> Rendering:
        """How is rendered, as the caller alone may say it."""
        return Rendering(self.renderer, frozenset(self.render_allow or ()))
