"""Paths with `{app}` and `{environment}` in them, and what in a tree has such a path."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TypeAlias

from promoter.config.refs import is_name
from promoter.domain.model import PathKind, Tree

Match: TypeAlias = tuple[PurePosixPath, Mapping[str, str]]

FOLDERS = frozenset({PathKind.DIRECTORY})
FILES = frozenset({PathKind.FILE, PathKind.SYMLINK})

_PLACEHOLDER = re.compile(r"\{(app|environment)\}")


def filled_path(text: str, app: str, environment: str) -> str:
    """Return a text with the names of an app and an environment in it."""
    return text.replace("{app}", app).replace("{environment}", environment)


def matching_paths(
    tree: Tree, pattern: str, kinds: Collection[PathKind] = FOLDERS
) -> Iterator[Match]:
    """Yield every folder, or what else `kinds` are, whose path is as a pattern, with the names in it.

    A placeholder may be a part of a folder's or file's name, as in `apps/{app}-prod.yaml`. A name
    that the pattern does not hold is ''. What is called as no app or environment can be is passed
    over: it would be part of a ref.
    """
    nobody = {"app": "", "environment": ""}
    yield from _below(tree, PurePosixPath(), (PurePosixPath(pattern).parts, kinds), nobody)


def fixed_part(pattern: str) -> PurePosixPath:
    """Return the folder that all paths of a pattern are in."""
    return PurePosixPath(pattern.partition("{")[0].rpartition("/")[0])


def _below(
    tree: Tree,
    directory: PurePosixPath,
    way: tuple[tuple[str, ...], Collection[PathKind]],
    names: Mapping[str, str],
) -> Iterator[Match]:
    parts, kinds = way
    if not parts:
        yield directory, names
        return
    rest = parts[1:]
    wanted = FOLDERS if rest else kinds
    for name, found in _among(tree.entries(directory), parts[0], wanted, names):
        yield from _below(tree, directory / name, (rest, kinds), found)


def _among(
    entries: Mapping[str, PathKind],
    part: str,
    kinds: Collection[PathKind],
    names: Mapping[str, str],
) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield the names in a folder that one part of a pattern has, with those of app and environment."""
    if _PLACEHOLDER.search(part) is None:
        if entries.get(part) in kinds:
            yield part, names
        return
    expression = _expression(part)
    for name, kind in entries.items():
        match = expression.fullmatch(name) if kind in kinds else None
        found = match.groupdict() if match else {}
        if found and all(names[key] in ("", one) and is_name(one) for key, one in found.items()):
            yield name, {**names, **found}


@lru_cache(maxsize=256)
def _expression(part: str) -> re.Pattern[str]:
    """Return the regular expression of one part of a pattern, in which a name is the same each time."""
    pieces, seen = _PLACEHOLDER.split(part), set[str]()
    text = re.escape(pieces[0])
    for name, literal in zip(pieces[1::2], pieces[2::2], strict=True):
        text += f"(?P={name})" if name in seen else f"(?P<{name}>.+)"
        text += re.escape(literal)
        seen.add(name)
    return re.compile(text)
