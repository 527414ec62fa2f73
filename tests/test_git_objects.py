"""Objects are read once, and many of them at once."""

from __future__ import annotations

import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from promoter.domain.errors import RemoteError
from promoter.git.failures import git_error
from promoter.git.objects import Objects
from promoter.git.program import Git, GitResult
from promoter.system.deadline import Deadline
from tests.world import aurora, promote


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


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


# What a disk does to a file, of which None is left where it is gone.
DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "its header": lambda data: _flipped(data, 1),
    "its content": lambda data: _flipped(data, -4),
    "another one in its place": lambda _: zlib.compress(b"blob 5\0wrong"),
    "gone": lambda _: None,
}


def _damage(repository: Path, oid: str, how: str) -> None:
    """Damage the file of an object that is not packed."""
    path = repository / "objects" / oid[:2] / oid[2:]
    damaged = DAMAGE[how](path.read_bytes())
    path.unlink()
    if damaged is not None:
        path.write_bytes(damaged)


def _read_at_once(objects: Objects, oids: list[str]) -> list[bytes]:
    objects.fetch(oids)
    return [objects.read(oid) for oid in oids]


@pytest.mark.parametrize("how", DAMAGE)
def test_what_is_read_of_an_object_is_what_its_id_stands_for(bare: Git, how: str) -> None:
    good = _stored(bare, b"environments: {}\n")
    oid = _stored(bare, b"environments: {prod: {}}\n" * 40)
    many = [_stored(bare, b"%d" % number) for number in range(60)]
    _damage(bare.directory, oid, how)
    objects = Objects(bare)
    objects.blobless = False
    for _ in range(2):
        with pytest.raises(RemoteError, match=f"git cat-file failed: .*{oid}") as failed:
            objects.read(oid)
        assert "git fsck" in failed.value.hint
    assert objects.read(good) == b"environments: {}\n"
    with pytest.raises(RemoteError, match="git cat-file failed"):
        _read_at_once(objects, [*many, oid])
    bare.close()


@pytest.mark.parametrize("name", ["HEAD", "HEAD:", "HEAD:apps"])
def test_a_damaged_repository_ends_the_run_with_git_s_own_words(name: str, tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops")
    for pack in (repo.path / "objects" / "pack").glob("*.pack"):
        moved = pack.rename(tmp_path / pack.name)
        subprocess.run(
            ["git", "unpack-objects", "-q"], cwd=repo.path, input=moved.read_bytes(), check=True
        )
    _damage(repo.path, repo.git("rev-parse", name), "its content")
    done = promote("--repo", str(repo.path), "--app", "aurora", "--env", "dev", "--tag", "1.4.2")
    assert (done.code, done.stdout) == (5, "")
    assert "loose object" in done.stderr or "data stream error" in done.stderr
    assert "git fsck" in done.stderr


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (f"error: Could not read {'1' * 40}\nfatal: Failed to traverse parents", "git fsck"),
        (f"fatal: unable to read tree ({'1' * 40})", "git fsck"),
        (
            "fatal: unable to access 'https://git.example/': Could not resolve host: git.example\n"
            f"fatal: could not fetch {'1' * 40} from promisor remote",
            "no network",
        ),
    ],
)
def test_what_cannot_be_read_is_damaged_unless_the_server_is_at_fault(said: str, hint: str) -> None:
    error = git_error("log", GitResult(128, b"", said))
    assert hint in error.hint
