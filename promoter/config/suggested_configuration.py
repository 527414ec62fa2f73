"""The promoter.yaml that a repository without a known layout is told to commit.

It follows from the repository's own folders: those of kustomizations, and files that hold images,
whose path has the app's name, or the name that an environment usually has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath

from promoter.config.configuration_check import holds_image
from promoter.config.kustomized_places import kustomized_places
from promoter.config.likely_places import (
    BASES,
    SUFFIXES,
    LikelyPlace,
    is_beside_apps,
    likely_place,
    path_template,
    place_rank,
    with_other_environments,
)
from promoter.config.targets_of_files import TargetKeys, target_of_file
from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES

# So many folders are looked into: by an API that cuts its listing, each hundred is a request.
_FOLDERS_LIMIT, _BREADTH, _DEPTH = 300, 40, 8
# So many files are read, each of so many bytes at most.
_READ_LIMIT, _SIZE_LIMIT = 40, 100_000
# A name that can stand in promoter.yaml and on a terminal as it is.
_PLAIN_PATH = re.compile(r"[\w@+][\w@+. -]*", re.ASCII)
_CHART, _DEFAULTS = "Chart.yaml", "values.yaml"
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9/.][\w./={}\[\]-]*", re.ASCII)


def suggested_configuration(
    tree: Tree, app: str | None, environment: str | None = None, *, only_named: bool = False
) -> str:
    """Return the promoter.yaml by which an app of a repository can be promoted; '' without an idea.

    It is looked at in one listing, and in some of its files. Without an app, it is about any; the
    environment that is asked for says which of several places is meant. With `only_named`, a place
    is the app's that is called like it, and no other one.
    """
    tree.unfold(PurePosixPath())
    files = list(_files(tree, app))
    groups: dict[tuple[str, str, TargetKeys | None], list[LikelyPlace]] = {}
    for one in _places(files, (app, environment), tree):
        # Where another app lives says nothing of this one, unless by an environment's name.
        if one.is_of_app or one.environment or not (app and one.has_app):
            groups.setdefault(one.pattern, []).append(one)
    # The app's own places come first: they say what it has.
    found = [sorted(group, key=lambda one: not one.is_of_app) for group in groups.values()]
    of_apps = {one[0].folder for one in found}
    named = {one for path in files for one in _environments_of(path, environment)}
    for best in sorted(found, key=partial(place_rank, app, environment), reverse=True):
        first = best[0]
        is_named = first.is_of_app or app is None
        # A kustomization that lists those of apps below it is none.
        if not is_named and (only_named or f"{first.folder}/{{app}}" in of_apps):
            continue
        # What stands beside the environment's own file or folder is of all environments; a chart's
        # values are what those of an environment leave as they are.
        is_shared = not named.isdisjoint(one.at for one in best)
        if not first.environment and is_shared and first.file != _DEFAULTS:
            continue
        whole = with_other_environments(best, found)
        text = _written([whole, *_beside(best, found)], app, environment)
        if holds_image(text, tree, (app, environment), best, is_named=is_named):
            return text
    return ""


def folders_with_images(tree: Tree) -> list[str]:
    """Return the folders whose files set an image, those that environments are called like first."""
    tree.unfold(PurePosixPath())
    found = _places(list(_files(tree, None)), (None, None), tree)
    places = [one for one in found if one.sets_images and not is_beside_apps(one.folder)]
    places.sort(key=lambda one: (not one.environment, len(one.at.parts), str(one.at)))
    return list(dict.fromkeys(str(one.at) for one in places if one.at.name))


def _places(
    files: Sequence[PurePosixPath], asked: tuple[str | None, str | None], tree: Tree
) -> Iterator[LikelyPlace]:
    """Yield the kustomizations and the files that may be those of an app in an environment."""
    in_files = list(_with_images(files, asked, tree))
    # A kustomization beside a HelmRelease lists it, and sets no image itself.
    released = {one.at for one in in_files if one.target and one.target.path.startswith("spec.")}
    yield from (one for one in kustomized_places(files, *asked, tree) if one.at not in released)
    yield from in_files


def _environments_of(path: PurePosixPath, environment: str | None) -> Iterator[PurePosixPath]:
    """Yield the folders in which a path has the environment's name, as a folder or as a file."""
    for one in (path, *path.parents):
        if environment and environment in re.split(r"[-_.]", one.name):
            yield one.parent


def _beside(
    best: list[LikelyPlace], groups: Iterable[list[LikelyPlace]]
) -> Iterator[list[LikelyPlace]]:
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
                if kind is PathKind.DIRECTORY and name not in (
                    "templates",
                    "node_modules",
                    "vendor",
                ):
                    inside.append(folder / name)
                elif kind is PathKind.FILE and (
                    name.endswith(SUFFIXES) or name in KUSTOMIZATION_NAMES
                ):
                    yield folder / name
            # Very many have one for each app.
            own = [one for one in inside if app is not None and app in one.name]
            below += own or inside[:_BREADTH] if len(inside) > _BREADTH else inside
        below.sort(key=lambda one: app is None or app not in one.name)
        folders = [one for one in below if len(one.parts) <= _DEPTH][: _FOLDERS_LIMIT - looked_into]


def _with_images(
    files: Sequence[PurePosixPath], asked: tuple[str | None, str | None], tree: Tree
) -> Iterator[LikelyPlace]:
    """Yield the files that hold an image outside of a kustomization's own entries."""
    app, environment = asked
    charts = {one.parent for one in files if one.name == _CHART}
    kustomized = {one.parent for one in files if one.name in KUSTOMIZATION_NAMES}
    others = [
        one
        for one in files
        if one.name not in (*KUSTOMIZATION_NAMES, _CHART)
        # What is called a base is one of kustomizations.
        and (not kustomized or BASES.isdisjoint(part.lower() for part in one.parts))
    ]
    places = {one: likely_place(one.parent, one.name, app, environment) for one in others}

    def promising(path: PurePosixPath) -> tuple[bool, bool, int]:
        place = places[path]
        return not place.is_of_app, not place.environment, len(path.parts)

    chosen = sorted(others, key=promising)[:_READ_LIMIT]
    for path, data in _read(tree, chosen).items():
        if (target := target_of_file(path, data, app)) is not None:
            one = places[path]
            if target.kind == "manifest" and path.parent in kustomized:
                # The kustomization beside it sets its images.
                continue
            if target.is_own and not one.is_of_app:
                one = path_template(path.parent, path.name, None, environment)
            is_default = path.name == _DEFAULTS and path.parent in charts
            is_of_app = one.is_of_app or target.is_own
            yield replace(one, target=target, is_of_app=is_of_app, is_default=is_default)


def _read(tree: Tree, paths: list[PurePosixPath]) -> Mapping[PurePosixPath, bytes]:
    """Return the contents of files; without those that cannot be read, or are too large."""
    found = {}
    with suppress(PromoteError):
        tree.prefetch(paths)
        for path in paths:
            with suppress(RefusedError, KeyError):
                found[path] = tree.read(path)
    return {path: data for path, data in found.items() if len(data) <= _SIZE_LIMIT}


def _written(groups: list[list[LikelyPlace]], app: str | None, environment: str | None) -> str:
    """Return the configuration of groups of places, each of which differ by the environment alone."""
    places = groups[0]
    first = places[0]
    folders = {one.environment or environment or "prod": one.folder for one in places}
    lines = ["environments:"]
    for name, folder in sorted(folders.items()):
        path = folder.replace("{environment}", name)
        lines += [f"  {name}:", f"    path: {_scalar(path)}"]
    targets = [(one[0].file, one[0].target) for one in groups if one[0].target is not None]
    lines += ["targets:"] if targets else []
    for file, target in targets:
        lines += [f"  - kind: {target.kind}", f"    file: {_scalar(file)}"]
        keys = {target.key: target.path, "repository": target.repository}
        lines += [
            f"    {key}: {_scalar(_with_app(one, app, key))}" for key, one in keys.items() if one
        ]
    of_places = dict.fromkeys(image for one in places for image in one.images)
    own = first.target.images if first.target else tuple(of_places)
    if app and own:
        listed = ", ".join(map(_scalar, own))
        lines += ["apps:", f"  {app}:", f"    images: [{listed}]"]
    elif not first.has_app:
        lines += ["apps:", f"  {app or 'app'}: {{}}"]
    return "\n".join(lines)


def _with_app(path: str, app: str | None, key: str) -> str:
    """Return a path, or a policy, with a placeholder where the app's name is a word of it."""
    end = r"(?!\w)" if key == "policy" else r"(?![\w-])"
    return re.sub(rf"(?<![\w-]){re.escape(app)}{end}", "{app}", path) if app else path


def _scalar(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else json.dumps(text)
