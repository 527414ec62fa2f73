"""`promoter.yaml`: the whole of it as one frozen model, read with located errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field, PrivateAttr, ValidationError

from promoter.config.document import Document, Location, check_no_object, load
from promoter.config.mistakes.errors import invalid_configuration
from promoter.config.mistakes.probable import probable_mistakes
from promoter.config.sections import App, Author, Environment, Group, Templates
from promoter.config.values import ApiUrl, AppName, Branch, ForgeName, Reference
from promoter.domain.branch import AUTHOR
from promoter.domain.errors import UsageError
from promoter.domain.section import Section
from promoter.domain.suggest import nearest
from promoter.edits.targets import EditTarget, Linked
from promoter.edits.targets.model import InFile


class Config(Section):
    """The whole of `promoter.yaml`."""

    repository: str | None = None
    """The GitOps repository's URL or path."""
    base: Branch | None = None
    """The branch that is deployed, to which promotions go; without it, the repository's default one."""
    forge: ForgeName | None = None
    """Where pull requests are: `github`, or `local`, which keeps them as refs of a bare repository;
    without it, the repository's address says so."""
    api_url: ApiUrl | None = None
    """The address of GitHub's API; without it, the repository's host says so."""
    transport: Literal["git", "api"] | None = None
    """The transport of every environment."""
    author: Author = AUTHOR
    """Who makes the commits: `Name <address>`."""
    templates: Templates = Templates()
    """Texts of the pull request and the commit."""
    environments: dict[AppName, Environment] = Field(default_factory=dict)
    """The environments by name; without them the repository's layout names them."""
    default_environment: Reference | None = None
    """The environment of a promotion that names none."""
    targets: tuple[EditTarget, ...] = ()
    """Where the tags are, for apps of which neither the app nor the environment says so."""
    linked: tuple[Linked, ...] = ()
    """Other strings that hold the tag, for apps of which nothing nearer names any."""
    apps: dict[AppName, App] = Field(default_factory=dict)
    """The apps by name; without them every app whose folder by an environment's path, or by a target's
    file, has a kustomization or that file. `{app}` says in the path which app is there; where no
    path or target holds it, list the app."""
    groups: dict[AppName, Group] = Field(default_factory=dict)
    """Apps that `promote --group NAME` promotes together: by one commit and one pull request, which
    gets the labels, reviewers and assignees of all; what refuses one of them refuses all."""

    _document: Document | None = PrivateAttr(default=None)
    _warnings: tuple[str, ...] = PrivateAttr(default=())

    def read_from(self, document: Document) -> Self:
        """Return it with the document that it was read from."""
        self._document = document
        self._warnings = tuple(probable_mistakes(document))
        return self

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is allowed and probably not meant."""
        return self._warnings

    def place_of(self, keys: Sequence[object]) -> Location | None:
        """Return where a key stands in the file, or the nearest key around it; None without a file."""
        return None if self._document is None else self._document.place(keys)

    def place_of_target(self, environment: str, app: str, file: str) -> Location | None:
        """Return where the target of a file stands that counts for an app in an environment."""
        keys, listed = self.listed_targets(environment, app)
        named = (n for n, one in enumerate(listed) if getattr(one, "file", None) == file)
        return self.place_of((*keys, next(named, 0))) if keys else None

    def listed_targets(
        self, environment: str, app: str
    ) -> tuple[tuple[str, ...], tuple[EditTarget, ...]]:
        """Return the nearest list of targets as it is written, and its keys; empty without one."""
        for keys, level in self._levels(environment, app):
            if "targets" in level.model_fields_set:
                return (*keys, "targets"), getattr(level, "targets", ())
        return (), ()

    def _levels(self, environment: str, app: str) -> list[tuple[tuple[str, ...], Section]]:
        """Return what may say where an app's tags are, the nearest first, each with its keys."""
        own = self.apps.get(app)
        found: list[tuple[tuple[str, ...], Section | None]] = [
            (
                ("apps", app, "environments", environment),
                own.environments.get(environment) if own else None,
            ),
            (("apps", app), own),
            (("environments", environment), self.environments.get(environment)),
            ((), self),
        ]
        return [(keys, level) for keys, level in found if level is not None]

    def path_keys(self, environment: str, app: str) -> tuple[str, ...]:
        """Return the keys of the `path` that counts for an app in an environment."""
        own = self.apps[app].environments.get(environment) if app in self.apps else None
        around = ("apps", app) if own is not None and "path" in own.model_fields_set else ()
        return (*around, "environments", environment, "path")

    def environment(self, name: str, app: str) -> Environment:
        """Return an environment as one app sees it; raises `KeyError` where there is none."""
        found = self.environments[name]
        override = self.apps[app].environments.get(name) if app in self.apps else None
        return override.over(found) if override else found

    def targets_of(
        self, environment: str, app: str
    ) -> tuple[tuple[EditTarget, ...], tuple[Linked, ...]]:
        """Return where an app's tags live in an environment; the names are filled in."""
        levels = [level for _, level in self._levels(environment, app)]

        def nearest_list(key: str) -> tuple[Any, ...]:
            given = (getattr(level, key) for level in levels if key in level.model_fields_set)
            return next(given, ())

        names = {"app": app, "environment": environment}
        targets = tuple(one.filled(names) for one in nearest_list("targets"))
        return targets, tuple(one.filled(names) for one in nearest_list("linked"))


def parse(data: bytes, file: str) -> Config:
    """Return the configuration in a YAML file, or raise `UsageError` with the place and a hint."""
    return read(load(data, file))


def read(document: Document) -> Config:
    """Return the configuration in a YAML document, or raise `UsageError` as `parse` does."""
    if document.value is None:
        return Config()
    check_no_object(document)
    try:
        config = Config.model_validate(document.value).read_from(document)
    except ValidationError as error:
        raise invalid_configuration(error, document, Config) from None
    _check_references(config, document)
    _check_overrides(config, document)
    _check_paths(config, document)
    _check_folders(config, document)
    _check_own_folders(config, document)
    return config


def _check_references(config: Config, document: Document) -> None:
    """Raise `UsageError` where a name refers to an environment or an app that is not defined."""
    known = list(config.environments)
    if config.default_environment and known and config.default_environment not in known:
        raise _unknown(config.default_environment, known, document, ("default-environment",))
    for name, app in config.apps.items():
        for environment in app.environments:
            if known and environment not in known:
                place = ("apps", name, "environments", environment)
                raise _unknown(environment, known, document, place)
    for name, group in config.groups.items():
        for member in group.apps:
            if config.apps and member not in config.apps:
                hint = nearest(member, config.apps)
                listed = document.place(("groups", name, "apps"))
                raise UsageError(f"groups.{name}.apps: there is no app {member!r}", hint, **listed)


def _check_overrides(config: Config, document: Document) -> None:
    """Raise `UsageError` where an app's environment is impossible as a whole."""
    for app, one in config.apps.items():
        for name in one.environments.keys() & config.environments:
            try:
                config.environment(name, app)
            except ValidationError as error:
                place = ("apps", app, "environments", name)
                raise invalid_configuration(error, document, Config, place) from None


def _check_paths(config: Config, document: Document) -> None:
    """Raise `UsageError` where a promotion path names no environment, or goes in a circle."""
    common = {name: one.promotes_from for name, one in config.environments.items()}
    for app in (None, *config.apps):
        overrides = config.apps[app].environments if app else {}
        given = (n for n, one in overrides.items() if "promotes_from" in one.model_fields_set)
        own = {name: overrides[name].promotes_from for name in given}
        path = {**common, **own} if app is None or own else {}
        for name, previous in path.items():
            around: tuple[str, ...] = ("apps", app or "") if name in overrides else ()
            place = (*around, "environments", name, "promotes-from")
            if previous is not None and previous not in path:
                raise _unknown(previous, list(path), document, place)
            if (circle := _circle(path, name)) is not None:
                raise UsageError(
                    f"promotes-from goes in a circle: {' from '.join(circle)}",
                    f"Name the environment before {name}, or leave it out where the path begins.",
                    **document.place(place),
                )


def _check_own_folders(config: Config, document: Document) -> None:
    """Raise `UsageError` where a promotion to one environment would change another one's files."""
    for app in config.apps or ("",):
        seen: dict[str, str] = {}
        for name in config.environments:
            path = config.environment(name, app).path.replace("{environment}", name)
            first = seen.setdefault(path.replace("{app}", app), name)
            targets, _ = config.targets_of(name, app)
            if first == name or config.targets_of(first, app)[0] != targets:
                continue
            files = [one.file for one in targets if isinstance(one, InFile)]
            if files and len(files) == len(targets):
                raise _one_place(config, document, (first, name, app), files[0])
            parts = path.split("/")
            wrong, right = (first, name) if name in parts else (name, first)
            meant = "/".join(wrong if one == right else one for one in parts)
            keys = config.path_keys(wrong, app)
            line = document.place(config.path_keys(right, app))["line"]
            raise UsageError(
                f"{'.'.join(keys)}: {path} is the folder of {right}, too (line {line}), and a "
                f"promotion to {wrong} would change {right}",
                f"Write {meant}" if meant != path else f"Write the folder of {wrong}.",
                **document.place(keys),
            )


def _one_place(
    config: Config, document: Document, where: tuple[str, str, str], file: str
) -> UsageError:
    """Return the error for two environments whose targets are the same places of one file."""
    first, name, app = where
    keys, _ = config.listed_targets(name, app)
    folder = config.environment(name, app).path.replace("{app}", app or "{app}")
    path = file.lstrip("/") if file.startswith("/") else f"{folder}/{file}"
    return UsageError(
        f"{'.'.join(keys)}: {path} holds the tags of {first} and {name} alike, and a promotion to "
        f"{name} would change {first}",
        "Write {environment} in the target's file or path, or give one of the two other targets: "
        f"apps.{app or 'APP'}.environments.{name}.targets.",
        **document.place(keys),
    )


def _check_folders(config: Config, document: Document) -> None:
    """Raise `UsageError` where apps share a folder and one of them does not say which images it has.

    A promotion of that one would change the others'.
    """
    for name, one in config.environments.items():
        if "{app}" in one.path:
            continue
        sharing = [app for app in config.apps if config.environment(name, app).path == one.path]
        vague = [
            app
            for app in sharing
            if not config.apps[app].images and not config.targets_of(name, app)[0]
        ]
        if vague and len(sharing) > 1:
            raise UsageError(
                f"environments.{name}.path holds no {{app}}, so that {len(sharing)} apps share one "
                f"folder, and {vague[0]} does not say which images there are its own",
                f"Write {{app}} in it, or list apps.{vague[0]}.images.",
                **document.place(("environments", name, "path")),
            )


def _circle(path: Mapping[str, str | None], name: str) -> list[str] | None:
    """Return the environments from one back to itself; None where its path has a beginning."""
    seen, previous = {name: None}, path.get(name)
    while previous is not None and previous not in seen:
        seen[previous] = None
        previous = path.get(previous)
    return [*seen, name] if previous == name else None


def _unknown(
    name: str, known: Sequence[str], document: Document, place: tuple[str, ...]
) -> UsageError:
    key = ".".join(place)
    return UsageError(
        f"{key}: there is no environment {name!r}", nearest(name, known), **document.place(place)
    )
