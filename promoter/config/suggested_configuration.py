"""The promoter.yaml that a repository without a known layout is told to commit.

It follows from the repository's own folders: those of kustomizations, and files that hold images,
whose path has the app's name, or the name that an environment usually has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import PurePosixPath

from promoter.config import FILE
from promoter.config.config import parse
from promoter.config.refs import check_name
from promoter.config.targets_of_files import TargetKeys, target_of_file
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RefusedError, UsageError
from promoter.domain.model import Kind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES

# So many folders are looked into: by an API that cuts its listing, each hundred is a request.
_FOLDERS_LIMIT, _BREADTH, _DEPTH = 300, 40, 8
# So many files are read, each of so many bytes at most.
_READ_LIMIT, _SIZE_LIMIT = 40, 100_000
_ENVIRONMENTS = frozenset(
    {
        "prod", "production", "prd", "live", "staging", "stage", "stg", "preprod", "uat", "qa",
        "test", "testing", "int", "integration", "dev", "development", "sandbox",
    }
)  # fmt: skip
# What holds a folder for each environment.
_PARENTS = frozenset(
    {"overlays", "overlay", "environments", "environment", "envs", "env", "clusters", "stages"}
)
_BASES = frozenset({"base", "bases", "component", "components", "common", "shared", "default"})
# Folders and files that are called like no app.
_GENERIC = _PARENTS | _BASES | {
    "k8s", "kubernetes", "kustomize", "kustomization", "manifests", "manifest", "deploy",
    "deployment", "deployments", "apps", "app", "applications", "application", "argocd", "argo",
    "flux", "flux-system", "helm", "charts", "chart", "helmrelease", "release", "releases",
    "values", "config", "configs", "infra", "infrastructure", "gitops", "services", "service",
    "workloads", "cluster", "namespaces", "statefulset", "cronjob", "job", "pod", "src", "resources",
    "docker", "compose", "docker-compose", "rollout", "all", "yaml", "main", "image", "images",
}  # fmt: skip
_SUFFIXES = (".yaml", ".yml")
# A name that can stand in promoter.yaml and on a terminal as it is.
_PLAIN_PATH = re.compile(r"[\w@+][\w@+. -]*", re.ASCII)
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9/.][\w./={}\[\]-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of a kustomization, or a file, with its names replaced by placeholders."""

    folder: str
    file: str
    """'' for a kustomization."""
    environment: str
    is_of_app: bool
    """Whether the path has the name of the app that is asked for."""
    target: TargetKeys | None = None

    @property
    def has_app(self) -> bool:
        return "{app}" in f"{self.folder}/{self.file}"

    @property
    def pattern(self) -> tuple[str, str, TargetKeys | None]:
        return self.folder, self.file, self.target


def suggested_configuration(tree: Tree, app: str | None) -> str:
    """Return the promoter.yaml by which an app of a repository can be promoted; '' without an idea.

    It is looked at in one listing, and in some of its files. Without an app, it is about any.
    """
    tree.unfold(PurePosixPath())
    files = list(_files(tree, app))
    in_files = list(_with_images(files, app, tree))
    # A kustomization beside a HelmRelease lists it, and sets no image itself.
    released = {
        one.folder for one in in_files if one.target and one.target.path.startswith("spec.")
    }
    kustomized = (one for one in _kustomizations(files, app) if one.folder not in released)
    groups: dict[tuple[str, str, TargetKeys | None], list[_Place]] = {}
    for one in (*kustomized, *in_files):
        groups.setdefault(one.pattern, []).append(one)
    for best in sorted(groups.values(), key=_rank, reverse=True):
        text = _written([best, *_beside(best, groups.values())], app)
        # A key of a file may be none that a path can have.
        with suppress(UsageError):
            parse(text.encode(), FILE.name)
            return text
    return ""


def _beside(best: list[_Place], groups: Iterable[list[_Place]]) -> Iterator[list[_Place]]:
    """Yield the other manifests in an app's own folder, which have its images as well."""
    first, environments = best[0], {one.environment for one in best}
    if first.target is None or first.target.kind != "manifest" or "{app}" not in first.folder:
        return
    for group in groups:
        other = group[0]
        is_manifest = other.target is not None and other.target.kind == "manifest"
        there = {one.environment for one in group}
        is_beside = group is not best and is_manifest and other.folder == first.folder
        if is_beside and environments <= there:
            yield group


def is_generic(name: str) -> bool:
    """Return whether a folder is called like no app, but like what holds manifests."""
    return name.lower() in _GENERIC


def _rank(places: list[_Place]) -> tuple[bool, bool, bool, bool, int, bool, int]:
    """Return how well places speak for a layout: by the app's name, then by an environment's."""
    first = places[0]
    is_of_app, named = any(one.is_of_app for one in places), bool(first.environment)
    depth = len(PurePosixPath(first.folder).parts)
    both = named and first.has_app
    return is_of_app, both, named, first.has_app, len(places), not first.file, -depth


def _files(tree: Tree, app: str | None) -> Iterator[PurePosixPath]:
    """Yield the files of YAML below the root, the nearest first; templates of Helm are none."""
    folders, looked_into = [PurePosixPath()], 0
    while folders and looked_into < _FOLDERS_LIMIT:
        tree.look_into(folders)
        below: list[PurePosixPath] = []
        for folder in folders:
            looked_into += 1
            inside: list[PurePosixPath] = []
            for name, kind in sorted(tree.entries(folder).items()):
                if not _PLAIN_PATH.fullmatch(name):
                    continue
                if kind is Kind.DIRECTORY and name not in ("templates", "node_modules", "vendor"):
                    inside.append(folder / name)
                elif kind is Kind.FILE and (
                    name.endswith(_SUFFIXES) or name in KUSTOMIZATION_NAMES
                ):
                    yield folder / name
            # Very many have one for each app.
            own = [one for one in inside if app is not None and app in one.name]
            below += own or inside[:_BREADTH] if len(inside) > _BREADTH else inside
        folders = [one for one in below if len(one.parts) <= _DEPTH][: _FOLDERS_LIMIT - looked_into]


def _kustomizations(files: Iterable[PurePosixPath], app: str | None) -> Iterator[_Place]:
    """Yield the folders of kustomizations that may be those of an app in an environment."""
    folders = [one.parent for one in files if one.name in KUSTOMIZATION_NAMES]
    for folder in dict.fromkeys(folders):
        if folder.name.lower() not in _BASES:
            yield _place(folder, "", app)


def _with_images(files: Iterable[PurePosixPath], app: str | None, tree: Tree) -> Iterator[_Place]:
    """Yield the files that hold an image outside of a kustomization's own entries."""
    others = [
        one
        for one in files
        if one.name not in (*KUSTOMIZATION_NAMES, "Chart.yaml")
        and _BASES.isdisjoint(part.lower() for part in one.parts)
    ]
    places = {one: _place(one.parent, one.name, app) for one in others}

    def promising(path: PurePosixPath) -> tuple[bool, bool, int]:
        place = places[path]
        return not place.is_of_app, not place.environment, len(path.parts)

    chosen = sorted(others, key=promising)[:_READ_LIMIT]
    for path, data in _read(tree, chosen).items():
        if (target := target_of_file(path, data, app)) is not None:
            one = places[path]
            if app and not one.is_of_app and target.names(app):
                one = _replaced(path.parent, path.name, None)
            yield _Place(one.folder, one.file, one.environment, one.is_of_app, target)


def _read(tree: Tree, paths: list[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
    """Return the contents of files; without those that cannot be read, or are too large."""
    found = {}
    with suppress(PromoteError):
        tree.prefetch(paths)
        for path in paths:
            with suppress(RefusedError, KeyError):
                found[path] = tree.read(path)
    return {path: data for path, data in found.items() if len(data) <= _SIZE_LIMIT}


def _place(folder: PurePosixPath, file: str, app: str | None) -> _Place:
    """Return a path with placeholders for the app, as it is called or may be, and the environment."""
    found = _replaced(folder, file, app) if app else None
    if found is not None and found.has_app:
        return found
    for part in (file, *reversed(folder.parts)):
        guess = _app_in(_stem(part)) if part else ""
        if guess:
            return _replaced(folder, file, guess, is_of_app=False)
    return _replaced(folder, file, None)


def _replaced(
    folder: PurePosixPath, file: str, app: str | None, *, is_of_app: bool = True
) -> _Place:
    environment, parts = "", []
    names = [*folder.parts, *([file] if file else [])]
    for number, name in enumerate(names):
        stem = _stem(name) if file and number == len(names) - 1 else name
        ending = name[len(stem) :]
        text = _with_app(stem, app)
        if not environment:
            above = names[number - 1] if number else ""
            whole = text == stem and not ending and (_word_in(stem) or above in _PARENTS)
            word = stem if whole and not is_generic(stem) else _word_in(text)
            if word and _is_name(word):
                environment = word
                text = text.replace(word, "{environment}") if "{app}" not in word else text
        parts.append(text + ending)
    own = parts[:-1] if file else parts
    place = "/".join(own) or "."
    has_app = any("{app}" in one for one in parts)
    return _Place(place, parts[-1] if file else "", environment, is_of_app and has_app)


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
    return "" if is_generic(name) or is_generic_only or not _is_name(name) else name


def _is_name(text: str) -> bool:
    try:
        check_name(text)
    except ValueError:
        return False
    return True


def _stem(name: str) -> str:
    return next((name.removesuffix(one) for one in _SUFFIXES if name.endswith(one)), name)


def _written(groups: list[list[_Place]], app: str | None) -> str:
    """Return the configuration of groups of places, each of which differ by the environment alone."""
    places = groups[0]
    first = places[0]
    lines = ["environments:"]
    for name in sorted({one.environment or "prod" for one in places}):
        path = first.folder.replace("{environment}", name)
        lines += [f"  {name}:", f"    path: {_scalar(path)}"]
    targets = [(one[0].file, one[0].target) for one in groups if one[0].target is not None]
    lines += ["targets:"] if targets else []
    for file, target in targets:
        lines += [f"  - kind: {target.kind}", f"    file: {_scalar(file)}"]
        lines += [f"    {target.key}: {_scalar(target.path)}"] if target.key else []
    own = first.target.images if first.target else ()
    if not first.has_app and own:
        listed = ", ".join(map(_scalar, own))
        lines += ["apps:", f"  {app}:", f"    images: [{listed}]"]
    elif not first.has_app:
        lines += ["apps:", f"  {app or 'app'}: {{}}"]
    return "\n".join(lines)


def _scalar(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text)
