"""Objects are read once, and many of them at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from promoter.git.objects import Objects
from promoter.git.program import Git
from promoter.system.deadline import Deadline


@pytest.fixture
def bare(tmp_path: Path) -> Git:
    """An empty repository."""
    path = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return Git(path, Deadline(60))


def _stored(repository: Git, data: bytes) -> str:
    """Have git itself store a blob."""
    return repository("hash-object", "-w", "--stdin", stdin=data)


def test_many_objects_are_read_at_once(bare: Git) -> None:
    contents = {_stored(bare, data): data for data in (b"", b"\n", b"a 7\nb", b"\0" * 99)}
    contents |= {_stored(bare, b"%d" % number): b"%d" % number for number in range(80)}
    objects = Objects(bare)
    objects.blobless = False
    objects.fetch([*contents, "0" * 40])
    bare.close()
    bare.directory.rename(bare.directory.with_name("gone"))
    assert {oid: objects.read(oid) for oid in contents} == contents
