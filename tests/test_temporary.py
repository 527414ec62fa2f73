"""What a killed run leaves in the temporary folder goes with a later run, and nothing else does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from promoter.system.temporary import new_folder, remove_left_behind
from tests.world import aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

_DAY = 86_400


def aged(path: Path, days: float) -> Path:
    """Make a folder with a file in it that was last touched so many days ago."""
    path.mkdir()
    (path / "file").write_text("x")
    stamp = time.time() - days * _DAY
    os.utime(path, (stamp, stamp))
    return path


def test_folders_of_runs_that_were_killed_a_day_ago_are_removed_by_the_next(tmp_path: Path) -> None:
    repository, temporary = aurora(tmp_path / "gitops.git"), tmp_path / "tmp"
    temporary.mkdir()
    aged(temporary / "promoter-clone-1", 1.1)
    aged(temporary / "promoter-render-1", 30)
    arguments = ("--app", "aurora", "--tag", "9.9.9", "--repo", str(repository.path))
    assert promote(*arguments, env={"TMPDIR": str(temporary)}).code == 0
    assert list(temporary.iterdir()) == []


def test_what_may_be_in_use_or_is_not_ours_stays(tmp_path: Path) -> None:
    aged(tmp_path / "promoter-clone-young", 0.9)
    aged(tmp_path / "promoter-demo-1", 30)
    outside = aged(tmp_path / "outside", 30)
    (tmp_path / "promoter-clone-link").symlink_to(outside)
    fresh = aged(tmp_path / "promoter-clone-fresh", 0)
    before = sorted(tmp_path.rglob("*"))
    remove_left_behind(fresh)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_disk_whose_clock_is_behind_keeps_what_is_in_use(tmp_path: Path) -> None:
    aged(tmp_path / "promoter-clone-in-use", 400)
    remove_left_behind(aged(tmp_path / "promoter-clone-fresh", 400.1))
    assert len(list(tmp_path.iterdir())) == 2


def test_one_run_removes_a_bounded_number_and_the_next_the_rest(tmp_path: Path) -> None:
    for number in range(25):
        aged(tmp_path / f"promoter-clone-{number}", 2)
    fresh = aged(tmp_path / "promoter-clone-fresh", 0)
    remove_left_behind(fresh)
    assert len(list(tmp_path.iterdir())) == 6
    remove_left_behind(fresh)
    assert list(tmp_path.iterdir()) == [fresh]


_WATCHED = """
import os, sys
from promoter.cli.main import run

def told(event, arguments):
    if event == "open" and str(arguments[0]).startswith(os.environ["TMPDIR"]):
        print(arguments[0])

sys.addaudithook(told)
sys.stderr.write(str(run(sys.argv[1:])))
"""


@pytest.mark.thorough  # a start of Python; what is left of a run is looked at above
def test_a_run_has_no_file_in_the_temporary_folder_but_in_a_folder_of_its_own(
    tmp_path: Path,
) -> None:
    repository, temporary = aurora(tmp_path / "gitops.git"), tmp_path / "tmp"
    temporary.mkdir()
    words = ("--app", "aurora", "--tag", "9.9.9", "--quiet", "--repo", str(repository.path))
    done = subprocess.run(
        [sys.executable, "-c", _WATCHED, *words],
        env={**os.environ, "TMPDIR": str(temporary)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    opened = [one for one in done.stdout.splitlines() if one.startswith(str(temporary))]
    assert done.stderr == "0"
    assert opened
    assert all(one.startswith(f"{temporary}/promoter-") for one in opened)


@pytest.mark.parametrize("first", ["nothing", "a file", "a folder of nobody's"])
def test_a_temporary_folder_that_is_of_no_use_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    place, second = tmp_path / "first", tmp_path / "second"
    second.mkdir()
    if first == "a file":
        place.write_text("x")
    monkeypatch.setenv("TMPDIR", "/proc" if "nobody" in first else str(place))
    monkeypatch.setenv("TEMP", str(second))
    assert new_folder("x-").parent == second
