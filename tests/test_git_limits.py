"""A file that is too large for memory is refused by its path, before it is read."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest

from promoter import graph
from promoter.domain.errors import RefusedError, RemoteError
from promoter.git.folder import DirectoryTree
from promoter.git.objects import Objects
from promoter.git.program import Git
from promoter.git.tree import GitTree
from promoter.system import limits
from promoter.system.deadline import Deadline
from promoter.system.limits import DISK_LIMIT, FILE_LIMIT, MEMORY_LIMIT, limit
from tests.test_git_tree import Raw

_BOUNDED = (resource.RLIMIT_DATA, resource.RLIMIT_FSIZE)


def _large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(20 * FILE_LIMIT)


def test_a_large_file_of_a_folder_is_refused_unread(tmp_path: Path) -> None:
    _large(tmp_path / "kustomization.yaml")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(RefusedError) as caught:
        DirectoryTree(tmp_path).read(PurePosixPath("kustomization.yaml"))
    (refusal,) = caught.value.refusals
    assert (refusal.rule, refusal.file) == ("size", "kustomization.yaml")
    found = graph.read_closure(DirectoryTree(tmp_path), PurePosixPath())
    assert not found.complete
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < FILE_LIMIT // 1024


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(KeyError):
        DirectoryTree(tmp_path).read(PurePosixPath("pipe.yaml"))


@pytest.mark.thorough  # one among many is below
def test_a_large_object_of_a_commit_is_refused_and_the_next_is_read(tmp_path: Path) -> None:
    raw = Raw(tmp_path / "r.git")
    large = raw.add("blob", bytes(FILE_LIMIT + 1))
    small = raw.add("blob", b"a: b\n")
    root = raw.tree(("100644", b"large.yaml", large), ("100644", b"small.yaml", small))
    commit = raw.commit(root)
    with closing(Git(raw.path, Deadline(60))) as git:
        objects = Objects(git)
        objects.blobless = False
        tree = GitTree(git, objects, commit)
        with pytest.raises(RefusedError) as caught:
            tree.read(PurePosixPath("large.yaml"))
        assert caught.value.refusals[0].file == "large.yaml"
        assert tree.read(PurePosixPath("small.yaml")) == b"a: b\n"


def test_a_large_object_among_many_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    raw = Raw(tmp_path / "r.git")
    large = raw.add("blob", bytes(FILE_LIMIT + 1))
    small = [(f"{n}.yaml", raw.add("blob", b"n: %d\n" % n)) for n in range(60)]
    files = [("large.yaml", large), *small]
    commit = raw.commit(raw.tree(*(("100644", name.encode(), oid) for name, oid in files)))
    with closing(Git(raw.path, Deadline(60))) as git:
        objects = Objects(git)
        objects.blobless = False
        tree = GitTree(git, objects, commit)
        tree.prefetch(PurePosixPath(name) for name, _ in files)
        with pytest.raises(RefusedError) as caught:
            tree.read(PurePosixPath("large.yaml"))
        assert caught.value.refusals[0].file == "large.yaml"
        assert tree.read(PurePosixPath("59.yaml")) == b"n: 59\n"


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux alone limits other processes")
def test_a_git_process_and_what_it_starts_has_bounds_of_memory_and_disk(tmp_path: Path) -> None:
    raw = Raw(tmp_path / "r.git")
    with closing(Git(raw.path, Deadline(60))) as git:
        process = git.start("-c", "alias.wait=!cat", "wait")
        bounds = [resource.prlimit(process.pid, one)[0] for one in _BOUNDED]
        assert git.finish(process, "wait", b"").status == 0
    assert bounds == [MEMORY_LIMIT, DISK_LIMIT]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux alone limits other processes")
def test_a_git_process_that_wants_more_memory_fails_and_takes_it_not(tmp_path: Path) -> None:
    raw = Raw(tmp_path / "r.git")
    allocate = f"bytearray({MEMORY_LIMIT + (1 << 20)})"
    with closing(Git(raw.path, Deadline(60))) as git:
        process = git.start("-c", f"alias.take=!read go; {sys.executable} -c '{allocate}'", "take")
        assert "MemoryError" in git.finish(process, "take", b"go\n").stderr


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="Linux alone limits other processes")
def test_what_a_process_has_started_before_is_limited_as_well() -> None:
    inner = "import subprocess, sys; subprocess.run(['cat'], stdin=0)"
    with subprocess.Popen(
        [sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"x\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"x\n"  # cat runs
        limit(process.pid)
        (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert [resource.prlimit(int(child), one)[0] for one in _BOUNDED] == [
            MEMORY_LIMIT,
            DISK_LIMIT,
        ]
        process.stdin.close()


@pytest.mark.parametrize(
    ("limit_of", "command"),
    [("OUTPUT_LIMIT", "yes"), ("MESSAGE_LIMIT", "yes >&2")],
    ids=["stdout", "stderr"],
)
def test_a_git_that_prints_without_end_ends_the_run(
    limit_of: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, limit_of, 1 << 20)
    raw = Raw(tmp_path / "r.git")
    with (
        closing(Git(raw.path, Deadline(600))) as git,
        pytest.raises(RemoteError, match="printed more than"),
    ):
        git("-c", f"alias.say=!{command}", "say")


@pytest.mark.parametrize("size", [0, 1, 4096, 4097, 3 << 20])
def test_a_program_is_told_all_and_all_of_its_answer_is_read(size: int, tmp_path: Path) -> None:
    raw = Raw(tmp_path / "r.git")
    said = bytes(n % 251 for n in range(size))
    with closing(Git(raw.path, Deadline(60))) as git:
        done = git.attempt("-c", "alias.say=!cat; echo no >&2; exit 3; :", "say", stdin=said)
        assert (done.status, done.stdout, done.stderr) == (3, said, "no\n")
        assert git.attempt("-c", "alias.say=!true; :", "say", stdin=said).status == 0
