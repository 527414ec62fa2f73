"""`promoter.yaml`: the whole of it as one frozen model, read with located errors."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError

from promoter.document import Document, load
from promoter.errors import UsageError
from promoter.policy.model import Policy
from promoter.section import Section
from promoter.sections import (
    App,
    AppName,
    Checks,
    Environment,
    Templates,
    check_author,
)
from promoter.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = PurePosixPath("promoter.yaml")
WIRING = frozenset({"repository", "base", "forge", "api-url", "transport", "author", "templates"})


class Config(Section):
    """The whole of `promoter.yaml`."""

    repository: str | None = None
    """Wiring: the GitOps repository's URL or path."""
    base: str | None = None
    """Wiring: the branch that promotions go to; the repository's default branch otherwise."""
    forge: Literal["github", "local"] | None = None
    """Wiring: where pulls are kept; by the repository's host otherwise."""
    api_url: str | None = None
    """Wiring: the forge's API; by the repository's host otherwise."""
    transport: Literal["git", "api"] | None = None
    """Wiring: the transport of every environment."""
    author: Annotated[str, AfterValidator(check_author)] = (
        "promoter <promoter@users.noreply.github.com>"
    )
    """Who makes the commits: `Name <address>`."""
    templates: Templates = Templates()
    """Texts of the pull and the commit."""
    environments: dict[AppName, Environment] = Field(default_factory=dict)
    """The environments by name; without them the repository's layout names them."""
    default_environment: AppName | None = None
    """The environment of a promotion that names none."""
    apps: dict[AppName, App] = Field(default_factory=dict)
    """The apps by name; without them every app that an environment's path holds."""

    def environment(self, name: str, app: str) -> Environment:
        """Return an environment as one app sees it; raises `KeyError` where there is none."""
        found = self.environments[name]
        override = self.apps[app].environments.get(name) if app in self.apps else None
        return override.over(found) if override else found


def parse(data: bytes, file: str) -> Config:
    """Return the configuration in a YAML file, or raise `UsageError` with the place and a hint."""
    document = load(data, file)
    if document.value is None:
        return Config()
    try:
        config = Config.model_validate(document.value)
    except ValidationError as error:
        raise _located(error, document) from None
    _check_references(config, document)
    _check_overrides(config, document)
    return config


def wiring_only(config: Config, file: str) -> None:
    """Raise `UsageError` where a caller's file decides what the GitOps repository decides itself."""
    extra = sorted(_aliases(config.model_fields_set) - WIRING)
    if extra:
        raise UsageError(
            f"{', '.join(extra)} may not come from --config: the GitOps repository has a "
            f"{FILE}, and it alone defines apps, environments and policy",
            f"Remove it here, or change {FILE} in the GitOps repository by a reviewed pull.",
            file=file,
        )


def merge_wiring(policy: Config, wiring: Config) -> Config:
    """Return the repository's configuration with the caller's wiring over it."""
    given = {key: getattr(wiring, key) for key in wiring.model_fields_set}
    return policy.model_copy(update=given)


def _check_references(config: Config, document: Document) -> None:
    """Raise `UsageError` where a name refers to an environment that is not defined."""
    known = list(config.environments)
    if config.default_environment and known and config.default_environment not in known:
        raise _unknown(config.default_environment, known, document, ("default-environment",))
    for name, app in config.apps.items():
        for environment in app.environments:
            if known and environment not in known:
                place = ("apps", name, "environments", environment)
                raise _unknown(environment, known, document, place)


def _check_overrides(config: Config, document: Document) -> None:
    """Raise `UsageError` where an app's environment is impossible as a whole."""
    for app, one in config.apps.items():
        for name in one.environments.keys() & config.environments:
            try:
                config.environment(name, app)
            except ValidationError as error:
                raise _located(error, document, ("apps", app, "environments", name)) from None


def _unknown(
    name: str, known: Sequence[str], document: Document, place: tuple[str, ...]
) -> UsageError:
    """Return the error for a name that no environment has."""
    line, column = document.position(place)
    return UsageError(
        f"there is no environment {name!r}",
        nearest(name, known),
        file=document.file,
        line=line,
        column=column,
    )


def _located(
    error: ValidationError, document: Document, within: tuple[str, ...] = ()
) -> UsageError:
    """Return the most telling complaint as an error with its place: a misspelt key, or the first."""
    found = error.errors(include_url=False, include_context=True)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    place = (*within, *(part for part in first["loc"] if part != "[key]"))
    line, column = document.position(place)
    key = ".".join(str(part) for part in place) or "the file"
    if first["type"] == "extra_forbidden":
        message, hint = f"unknown key {key}", nearest(str(place[-1]), _keys(place[:-1]))
    else:
        reason = first["msg"].removeprefix("Value error, ")
        message, hint = f"{key}: {reason[0].lower()}{reason[1:]}", "See config/README.md."
    return UsageError(message, hint, file=document.file, line=line, column=column)


def _keys(place: tuple[Any, ...]) -> list[str]:
    """Return the keys that are known at a place of the configuration."""
    models: dict[object, type[Section]] = {
        "environments": Environment,
        "apps": App,
        "templates": Templates,
        "checks": Checks,
        "policy": Policy,
    }
    # The names of environments and apps, which stand second, may be any of these words.
    known = [models[part] for part in (*place[:1], *place[2:]) if part in models]
    return sorted(_aliases(set((known or [Config])[-1].model_fields)))


def _aliases(names: set[str]) -> set[str]:
    """Return field names as the keys they have in the file."""
    return {name.replace("_", "-") for name in names}
