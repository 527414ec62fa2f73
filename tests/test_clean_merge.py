"""Whether an edit of a file that has changed meanwhile merges cleanly is told as git would do it."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promoter.domain.model import FileEdit
from promoter.edits.clean_merge import merges_into

_LINE = st.sampled_from("abcdefgh")
_CHANGES = st.lists(
    st.tuples(st.sampled_from(["set", "insert", "delete"]), st.integers(0, 11), _LINE),
    min_size=1,
    max_size=3,
)


def _text(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _changed(lines: list[str], changes: list[tuple[str, int, str]]) -> list[str]:
    """Return the lines as a person might change them."""
    lines = list(lines)
    for how, at, line in changes:
        if how == "insert":
            lines.insert(at, line)
        elif at < len(lines):
            lines[at : at + 1] = [line] if how == "set" else []
    return lines


def _edit(before: bytes, after: bytes, *, added: bool = False) -> FileEdit:
    return FileEdit(PurePosixPath("values.yaml"), before, after, (), added=added)


def _merged_by_git(old: bytes, mine: bytes, theirs: bytes) -> bytes | None:
    """Return what git makes of both changes; None where it says that they are in conflict."""
    with tempfile.TemporaryDirectory() as name:
        for side, data in (("mine", mine), ("old", old), ("theirs", theirs)):
            (Path(name) / side).write_bytes(data)
        command = ["git", "merge-file", "-p", "mine", "old", "theirs"]
        done = subprocess.run(command, cwd=name, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


@pytest.mark.provisioned
@given(st.lists(_LINE, min_size=3, max_size=12), st.integers(0, 11), _CHANGES)
def test_what_is_called_a_clean_merge_is_what_git_makes(
    lines: list[str], at: int, changes: list[tuple[str, int, str]]
) -> None:
    mine = _changed(lines, [("set", at % len(lines), "TAG")])
    theirs = _changed(lines, changes)
    edit = _edit(_text(lines), _text(mine))
    for place in range(len(theirs)):
        after = _text(_changed(theirs, [("set", place, "TAG")]))
        if merges_into(edit, _edit(_text(theirs), after)):
            assert _merged_by_git(edit.before, edit.after, _text(theirs)) == after


_OLD = b"a:\n  tag: 1\nb:\n  tag: 1\nc:\n  tag: 1\n"
_EDIT = _edit(_OLD, b"a:\n  tag: 1\nb:\n  tag: 2\nc:\n  tag: 1\n")


@pytest.mark.parametrize(
    ("before", "after", "clean"),
    [
        (_OLD, _EDIT.after, True),
        (b"a:\n  tag: 9\nb:\n  tag: 1\nc:\n  tag: 8\n",
         b"a:\n  tag: 9\nb:\n  tag: 2\nc:\n  tag: 8\n", True),
        (b"# more\n" + _OLD, b"# more\n" + _EDIT.after, True),
        (_OLD + b"d:\n  tag: 1\n", _EDIT.after + b"d:\n  tag: 1\n", True),
        (b"# more\n" + _OLD, b"# more\na:\n  tag: 2\nb:\n  tag: 1\nc:\n  tag: 1\n", False),
        (b"a:\n  tag: 1\nB:\n  tag: 1\nc:\n  tag: 1\n",
         b"a:\n  tag: 1\nB:\n  tag: 2\nc:\n  tag: 1\n", False),
        (_OLD.replace(b"\n", b"\r\n"), _EDIT.after.replace(b"\n", b"\r\n"), False),
    ],
    ids=["the same file", "other apps of the file", "a line above", "lines below", "another place",
         "the line beside it", "other line ends"],
)  # fmt: skip
def test_changes_elsewhere_in_the_file_merge_and_those_beside_the_edit_do_not(
    before: bytes, after: bytes, *, clean: bool
) -> None:
    assert merges_into(_EDIT, _edit(before, after)) is clean


def test_a_file_that_came_meanwhile_is_no_clean_merge() -> None:
    assert not merges_into(_edit(b"", b"x\n", added=True), _edit(b"y\n", b"y\nx\n"))
