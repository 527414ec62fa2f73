"""Diffs: as Python's own where they are quickly made, true and bounded where lines are much alike."""

from __future__ import annotations

import subprocess
from difflib import unified_diff
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promoter.domain import diff
from promoter.domain.model import FileEdit
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LINES = st.lists(st.sampled_from(["a", "b", "c", "- name: x", "  image: y", ""]), max_size=30)
# In twenty thousand lines each name is rarer than what Python passes over as too frequent.
_ALIKE = [f"name: n{(place * 7919) % 105}" for place in range(10_000)]


def applied(before: Sequence[str], hunks: Sequence[str]) -> list[str]:
    """Return what a diff makes of lines, as `patch` does it, with all that it says of them held to."""
    made: list[str] = []
    at = 0
    for line in hunks:
        if line.startswith("@@ "):
            old = line.split()[1].removeprefix("-")
            start, _, number = old.partition(",")
            begin = int(start) - (number != "0")
            made += before[at:begin]
            at = begin
        elif line[:1] == "+":
            made.append(line[1:])
        else:
            assert before[at] == line[1:]
            made += [line[1:]] if line[:1] == " " else []
            at += 1
    return made + list(before[at:])


@given(_LINES, _LINES)
def test_a_diff_is_pythons_own(before: list[str], after: list[str]) -> None:
    assert list(diff.hunks(before, after)) == list(unified_diff(before, after, lineterm=""))[2:]


@pytest.mark.parametrize("added", thorough_after(1, [["name: new"], []]))
def test_lines_that_are_much_alike_are_compared_in_bounded_time_and_told_truly(
    added: list[str],
) -> None:
    after = [f"{one}1" if at in (5, 7, 9_000) else one for at, one in enumerate(_ALIKE)]
    after[300:300] = added
    found = list(diff.hunks(_ALIKE, after))
    assert applied(_ALIKE, found) == after
    assert added or sum(one[:1] == "+" for one in found) == 3


def test_git_applies_the_diff_of_a_file_of_lines_that_are_much_alike(tmp_path: Path) -> None:
    before, after = "\n".join(_ALIKE), "\n".join(["name: new", *_ALIKE[1:-1]])
    edit = FileEdit(PurePosixPath("a.yaml"), before.encode(), after.encode(), ())
    (tmp_path / "a.yaml").write_text(before)
    text = diff.unified([edit]).encode()
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text, check=True)
    assert (tmp_path / "a.yaml").read_text() == after
