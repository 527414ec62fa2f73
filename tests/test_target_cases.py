"""Golden folders: files before and after, the targets, and what is asked."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from promoter.domain.errors import PromoteError, RefusedError, SelectionError
from promoter.domain.image import Digest, Ref, Tag
from promoter.domain.model import FileEdit, ImageMove, ImageRequest
from promoter.edits.linked import edit_linked
from promoter.edits.target_edits import edit_targets
from promoter.edits.targets import EditTarget, Linked
from promoter.git.folder import DirectoryTree

_CASES = sorted((Path(__file__).parent / "targets").iterdir())
_ASKED = re.compile(r"(?P<name>[^=@]+)(?:=(?P<tag>[^@]+))?(?:@(?P<digest>.+))?")
_TARGETS = TypeAdapter(tuple[EditTarget, ...])
_LINKED = TypeAdapter(tuple[Linked, ...])
_ERRORS = {"refused": RefusedError, "selection": SelectionError}


def _request(text: str) -> ImageRequest:
    """Return what `NAME=TAG@DIGEST` asks for."""
    found = _ASKED.fullmatch(text)
    assert found is not None
    tag, digest = found["tag"], found["digest"]
    return ImageRequest(
        found["name"], Tag.parse(tag) if tag else None, Digest.parse(digest) if digest else None
    )


def _fails(directory: Path) -> bool:
    """Say whether a case ends in an error, without reading the rest of it."""
    return "\nerror:" in "\n" + (directory / "case.yaml").read_text()


@cache
def _case(directory: Path) -> dict[str, Any]:
    case: dict[str, Any] = YAML(typ="safe", pure=True).load(directory / "case.yaml")
    return case


def _edits(directory: Path, case: dict[str, Any]) -> tuple[FileEdit, ...]:
    """Return the edits of a case."""
    tree = DirectoryTree(directory)
    file = PurePosixPath(case.get("file", "kustomization.yaml"))
    targets = _TARGETS.validate_python(case["targets"])
    images = [_request(one) for one in case["images"]]
    allowed = case.get("placeholders", False)
    edits = edit_targets(tree, file, targets, images, placeholders=allowed).files
    moves = [ImageMove(name, Ref(old), Ref(new)) for name, old, new in case.get("moves", ())]
    if "linked" in case:
        edits = edit_linked(tree, file, _LINKED.validate_python(case["linked"]), edits, moves)
    return edits


@pytest.mark.parametrize(
    "directory",
    [one for one in _CASES if not _fails(one)],
    ids=lambda directory: directory.name,
)
def test_the_files_become_what_the_folder_says(directory: Path) -> None:
    case = _case(directory)
    edits = _edits(directory / "before", case)
    expected = {
        PurePosixPath(file.relative_to(directory / "after").as_posix()): file.read_bytes()
        for file in (directory / "after").rglob("*")
        if file.is_file()
    }
    assert {edit.path: edit.after for edit in edits} == expected
    assert all(edit.before == (directory / "before" / edit.path).read_bytes() for edit in edits)
    assert [warning for edit in edits for warning in edit.warnings] == case.get("warnings", [])


@pytest.mark.parametrize(
    "directory",
    [one for one in _CASES if not _fails(one)],
    ids=lambda directory: directory.name,
)
def test_a_second_time_nothing_changes(directory: Path) -> None:
    edits = _edits(directory / "after", _case(directory))
    assert all(edit.after == edit.before for edit in edits)
    assert all(edit.changes == () for edit in edits)


@pytest.mark.parametrize(
    "directory",
    [one for one in _CASES if not _fails(one)],
    ids=lambda directory: directory.name,
)
def test_each_change_has_its_place(directory: Path) -> None:
    for edit in _edits(directory / "before", _case(directory)):
        lines = edit.before.decode("utf-8-sig").splitlines()
        for change in edit.changes:
            rest = lines[change.line - 1][change.column - 1 :] if change.old else ""
            if rest.startswith((">", "|")):
                rest = lines[change.line].lstrip()
            assert rest.lstrip("'\"").startswith(change.old or "")
            assert change.new != change.old


@pytest.mark.parametrize(
    "directory",
    [one for one in _CASES if _fails(one)],
    ids=lambda directory: directory.name,
)
def test_what_must_not_be_edited_is_refused_with_its_place(directory: Path) -> None:
    case = _case(directory)
    with pytest.raises(PromoteError) as caught:
        _edits(directory / "before", case)
    assert isinstance(caught.value, _ERRORS[case["error"]["kind"]])
    assert case["error"]["said"] in str(caught.value)
