"""Which app and which environment a path of a repository is probably of, by its names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.config.refs import is_name
from promoter.config.targets_of_files import TargetKeys
from promoter.domain.dataclass import dataclass

_ENVIRONMENTS = frozenset(
    {
        "prod", "production", "prd", "live", "staging", "stage", "stg", "preprod", "uat", "qa",
        "test", "testing", "int", "integration", "dev", "development", "sandbox",
    }
)  # fmt: skip
# Those of the same meaning.
_SAME = (
    {"prod", "production", "prd", "live"},
    {"staging", "stage", "stg"},
    {"test", "testing"},
    {"int", "integration"},
    {"dev", "development"},
)
# What holds a folder for each environment.
_PARENTS = frozenset(
    {"overlays", "overlay", "environments", "environment", "envs", "env", "clusters", "stages"}
)
# Folders of what runs beside the apps.
_BESIDE = re.compile(
    r"(?:.*[-_])?(?:secrets?|secretstore|monitoring|argocd|jobs?|kargo|infrastructure|flux-system)"
    r"(?:[-_].*)?",
    re.ASCII,
)
BASES = frozenset({"base", "bases", "component", "components", "common", "shared", "default"})
# Folders and files that are called like no app.
_GENERIC = _PARENTS | BASES | {
    "k8s", "kubernetes", "kustomize", "kustomization", "manifests", "manifest", "deploy",
    "deployment", "deployments", "apps", "app", "applications", "application", "argocd", "argo",
    "flux", "flux-system", "helm", "charts", "chart", "helmrelease", "release", "releases",
    "values", "config", "configs", "infra", "infrastructure", "gitops", "services", "service",
    "workloads", "cluster", "namespaces", "statefulset", "cronjob", "job", "pod", "src", "resources",
    "docker", "compose", "docker-compose", "rollout", "all", "yaml", "main", "image", "images",
}  # fmt: skip
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class LikelyPlace:
    """A folder of a kustomization, or a file, with its names replaced by placeholders."""

    at: PurePosixPath
    """The folder itself."""
    folder: str
    file: str
    """'' for a kustomization."""
    environment: str
    is_of_app: bool
    """Whether the path, or what stands there, has the name of the app that is asked for."""
    target: TargetKeys | None = None
    images: tuple[str, ...] = ()
    """The app's images in a manifest beside a kustomization."""
    is_default: bool = False
    """Whether it has a chart's own values, which are those of no environment."""
    sets_images: bool = True
    """Whether it sets an image itself; a kustomization may build those of its base alone."""

    @property
    def has_app(self) -> bool:
        """Whether the app's name is a part of the path."""
        return "{app}" in f"{self.folder}/{self.file}"

    @property
    def pattern(self) -> tuple[str, str, TargetKeys | None]:
        """What places have in common that differ by the environment alone."""
        return self.folder, self.file, self.target


def is_generic(name: str) -> bool:
    """Return whether a folder is called like no app, but like what holds manifests."""
    return name.lower() in _GENERIC


def is_beside_apps(folder: str) -> bool:
    """Return whether a folder is of what runs beside the apps, such as secrets or monitoring."""
    return any(map(_BESIDE.fullmatch, PurePosixPath(folder).parts))


def same_environment(name: str, asked: str) -> bool:
    """Return whether an environment is the one that is asked for, as a whole or by a word of it."""
    words = {*re.split(r"[-_.]", name.lower()), name.lower()}
    same = next((one for one in _SAME if asked.lower() in one), {asked.lower()})
    return name == asked or not words.isdisjoint(same)


def likely_place(
    folder: PurePosixPath, file: str, app: str | None, asked: str | None
) -> LikelyPlace:
    """Return a path with placeholders for the app, as it is called or may be, and the environment.

    `asked` is the environment that is asked for, whose name is one wherever it stands.
    """
    found = path_template(folder, file, app, asked) if app else None
    if found is not None and found.has_app:
        return found
    parts = [*folder.parts, *([file] if file else [])]
    for above, part in reversed(list(zip(["", *parts], parts, strict=False))):
        stem = _stem(part)
        if above not in _PARENTS and stem != asked and (guess := _app_in(stem)):
            return replace(path_template(folder, file, guess, asked), is_of_app=False)
    return path_template(folder, file, None, asked)


def path_template(
    folder: PurePosixPath, file: str, app: str | None, asked: str | None
) -> LikelyPlace:
    """Return a path with placeholders for this app (None: for no app) and for the environment."""
    names = [*folder.parts, *([file] if file else [])]
    stems = [*folder.parts, *([_stem(file)] if file else [])]
    texts = [_with_app(one, app) for one in stems]
    found = [
        _environment_in(text, above, asked, is_whole=text == name)
        for above, text, name in zip(["", *stems], texts, names, strict=False)
    ]
    at, (_, word) = max(enumerate(found), key=lambda one: one[1][0], default=(0, (0, "")))
    parts = [text + name[len(stem) :] for text, name, stem in zip(texts, names, stems, strict=True)]
    for place in {at, len(parts) - 1 if file else at} if word else ():
        parts[place] = re.sub(
            rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])", "{environment}", parts[place]
        )
    own = parts[:-1] if file else parts
    has_app = any("{app}" in one for one in parts)
    return LikelyPlace(folder, "/".join(own) or ".", parts[-1] if file else "", word, has_app)


def _environment_in(text: str, above: str, asked: str | None, *, is_whole: bool) -> tuple[int, str]:
    """Return the environment that a part of a path may name, and how surely: 0 for none.

    The one that is asked for, or a usual name, says more than what the folder `above` is called.
    """
    if asked and re.search(rf"(?<![A-Za-z0-9]){re.escape(asked)}(?![A-Za-z0-9])", text):
        return 3, asked
    word = _word_in(text)
    if is_whole and not is_generic(text) and (word or above in _PARENTS):
        return (2 if word else 1, text) if is_name(text) else (0, "")
    return (2, word) if is_name(word) else (0, "")


def place_rank(
    app: str | None, asked: str | None, places: list[LikelyPlace]
) -> tuple[bool, bool, bool, bool, int, bool, bool, bool, bool, int, bool, int]:
    """Return how well places speak for a layout: by the app's name, then by an environment's."""
    first = places[0]
    nearness = max(map(_nearness, places))
    is_asked, named = any(one.environment == asked for one in places), bool(first.environment)
    depth = len(PurePosixPath(first.folder).parts)
    both = named and first.has_app
    fits = nearness > 0 or not (app and first.has_app)
    count = len(places)
    sets = any(one.sets_images for one in places)
    near = nearness > 1, is_asked, not is_beside_apps(first.folder), sets, nearness
    return *near, fits, both, named, first.has_app, count, not first.file, -depth


def _nearness(place: LikelyPlace) -> int:
    """Return how surely a place is the app's: by its path, by its content, or by its chart."""
    if not place.is_of_app:
        return 0
    return 1 if place.is_default else 2 + place.has_app


def with_other_environments(
    best: list[LikelyPlace], groups: Iterable[list[LikelyPlace]]
) -> list[LikelyPlace]:
    """Return places with those of other environments that have the same file, one folder apart.

    Where none is named, as of the hosts of Compose, the folder's name is the environment's.
    """
    first, parts = best[0], PurePosixPath(best[0].folder).parts
    found, hosts = {one.environment: one for one in reversed(best)}, dict[str, LikelyPlace]()
    for group in groups:
        one, own = group[0], PurePosixPath(group[0].folder).parts
        is_like = one.is_of_app and (one.file, one.target) == (first.file, first.target)
        apart = [n for n, pair in enumerate(zip(parts, own, strict=False)) if len({*pair}) > 1]
        if not is_like or len(own) != len(parts) or len(apart) != 1:
            continue
        names = parts[apart[0]], own[apart[0]]
        if one.environment and first.environment:
            found |= {one.environment: one for one in group if one.environment not in found}
        elif first.target is not None and not one.environment and _are_hosts(first, names):
            hosts |= {first.environment or names[0]: first, names[1]: one}
    named = [replace(one, environment=name) for name, one in hosts.items()]
    return named or [*found.values()]


def _are_hosts(first: LikelyPlace, names: tuple[str, str]) -> bool:
    """Return whether the folders by which two places differ may name an environment each."""
    own = "{environment}" if first.environment else names[0]
    return own == names[0] and all(
        one == "{environment}" or (is_name(one) and not is_generic(one)) for one in names
    )


def _with_app(stem: str, app: str | None) -> str:
    """Return a name with a placeholder for the app where it is a word of the name."""
    if app is None:
        return stem
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(app)}(?![A-Za-z0-9])", "{app}", stem, count=1)


def _word_in(text: str) -> str:
    """Return the word of a name that environments are usually called; '' without one."""
    words = re.split(r"[-_.{}]", text)
    return next((one for one in words if one.lower() in _ENVIRONMENTS), "")


def _app_in(stem: str) -> str:
    """Return what may be the app's name in a part of a path; '' where none is."""
    words = re.split(r"([-_.])", stem)
    while words and (words[-1].lower() in _ENVIRONMENTS or words[-1] in "-_."):
        words.pop()
    while words and (words[0].lower() in _ENVIRONMENTS or words[0] in "-_."):
        words.pop(0)
    name = "".join(words)
    is_generic_only = all(one.lower() in _GENERIC for one in words[::2])
    return "" if is_generic(name) or is_generic_only or not is_name(name) else name


def _stem(name: str) -> str:
    return next((name.removesuffix(one) for one in SUFFIXES if name.endswith(one)), name)
