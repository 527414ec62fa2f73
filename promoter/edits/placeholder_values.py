"""Where the value of a placeholder such as `${TAG}` stands: for Compose, kustomize and Flux.

Compose fills in what the `.env` beside it has, kustomize what a file of its generators has, and Flux
what its Kustomization substitutes: values of its own (`postBuild.substitute`) or of a ConfigMap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from promoter.domain.errors import PromoteError
from promoter.domain.model import PathKind, Tree
from promoter.domain.refusal import Refusal
from promoter.edits import env_file
from promoter.edits.delivery_overrides import delivery_files
from promoter.edits.region import Region, roots

_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)|\$\(([A-Za-z_][\w.-]*)\)")
# What people call the ConfigMap of a cluster's values, and its file.
_SETTINGS = re.compile(r"(?:.*[-_.])?(?:settings|vars|variables|substitutions)(?:[-_.].*)?\.ya?ml")
_FOLDERS_LIMIT, _FILES_LIMIT = 2_000, 20
# The keys above a value: of a ConfigMap, and of Flux's Kustomization.
_ABOVE = (("data",), ("spec", "postBuild", "substitute"))


def where_filled_in(
    refusal: Refusal, tree: Tree, directory: PurePosixPath, app: str, environment: str
) -> str:
    """Return where a refused placeholder is probably filled in, with the target for that place.

    `directory` is the folder of the app in the environment. '' where no such place is seen.
    """
    found = (one or two for one, two in _VARIABLE.findall(refusal.source_line or ""))
    names = list(dict.fromkeys(found))
    file = PurePosixPath(refusal.file or "")
    beside = (file.parent, directory)
    for files in (
        (_env_files(tree, beside), _settings(tree, file, app, environment)) if names else ()
    ):
        for path in files:
            # What cannot be read says nothing.
            with suppress(PromoteError, KeyError):
                for keys, line in _places(Region.of(path, tree.read(path)), names):
                    named = path.name if path.parent == directory else f"/{path}"
                    target = f"kind: yaml-path, file: {named}, tag: {'.'.join(keys)}"
                    return f"{path}:{line}, by a target of {target}"
    return ""


def _env_files(tree: Tree, folders: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    """Return the files of KEY=VALUE lines in folders."""
    found = [
        folder / name
        for folder in dict.fromkeys(folders)
        for name, kind in sorted(tree.entries(folder).items())
        if kind is PathKind.FILE and name.endswith(env_file.ENDINGS)
    ][:_FILES_LIMIT]
    tree.prefetch(found)
    return found


def _settings(
    tree: Tree, file: PurePosixPath, app: str, environment: str
) -> Iterator[PurePosixPath]:
    """Yield the files that may have values for Flux to fill in, the most likely first."""
    tree.unfold(PurePosixPath())
    named = [one for one in _files(tree) if _SETTINGS.fullmatch(one.name)]

    def far(path: PurePosixPath) -> tuple[bool, int]:
        return environment not in path.parts, -len({*path.parents} & {*file.parents})

    found = [*delivery_files(tree, app, environment), *sorted(named, key=far)][:_FILES_LIMIT]
    tree.prefetch(found)
    yield from found


def _files(tree: Tree) -> Iterator[PurePosixPath]:
    """Yield the files of a repository, those near its root first, as far as they are listed."""
    folders = [PurePosixPath()]
    for folder in folders:
        entries = tree.entries(folder) if tree.is_listed(folder) else {}
        for name, kind in entries.items():
            if kind is PathKind.FILE:
                yield folder / name
            elif kind is PathKind.DIRECTORY and len(folders) < _FOLDERS_LIMIT and name[0] != ".":
                folders.append(folder / name)


def _places(region: Region, names: Iterable[str]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield the path and the line of each value that one of the names has in a file."""
    above = ((),) if region.file.path.endswith(env_file.ENDINGS) else _ABOVE
    for root in roots(region):
        for keys in ((*one, name) for one in above for name in names):
            if (spot := root.at(*keys)) is not None and spot.text:
                yield keys, spot.position[0]
