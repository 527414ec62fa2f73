"""What a killed run leaves in the temporary folder goes with a later run, and nothing else does."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from promoter.temporary import remove_left_behind
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
