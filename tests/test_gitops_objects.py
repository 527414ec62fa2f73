"""Objects made here are git's own: it takes the pack, and reads back the same bytes by the same ids."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from promoter.deadline import Deadline
from promoter.gitops.git import Git
from promoter.gitops.objects import Objects
from promoter.gitops.pack import delta


@pytest.fixture
def bare(tmp_path: Path) -> Git:
    """An empty repository."""
    path = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", str(path)], check=True)
    return Git(path, Deadline(60))


def _stored(repository: Git, data: bytes) -> str:
    """Have git itself store a blob."""
    return repository("hash-object", "-w", "--stdin", stdin=data)


def test_deltas_are_what_git_makes_the_same_bytes_of(bare: Git) -> None:
    chance = random.Random(7)
    whole = chance.randbytes(200_000)
    olds = [b"", b"a", b"abcabcabc", b"x" * 300, chance.randbytes(70_000), whole]
    pairs = []
    for old in olds:
        for length in (0, 1, 20, 127, 128, 300):
            at = chance.randint(0, len(old))
            new = old[:at] + chance.randbytes(length) + old[min(len(old), at + length) :]
            pairs.append((old, new))
    pairs += [(whole, whole[65_535:]), (whole, whole[:-65_536]), (b"aaaa", b"aaaaaaaa")]
    bases = {old: _stored(bare, old) for old in olds + [old for old, _ in pairs]}
    objects = Objects(bare)
    made = []
    for old, new in pairs:
        objects.read(bases[old])
        made.append((objects.add("blob", new, like=bases[old]), new))
    objects.save()
    fresh = Objects(Git(bare.directory, Deadline(60)))
    assert [fresh.read(oid) for oid, _ in made] == [new for _, new in made]
    bare("fsck", "--full", "--strict")


def test_one_object_may_be_like_another_that_is_made_beside_it(bare: Git) -> None:
    text = b"".join(b"line %d\n" % number for number in range(5000))
    objects = Objects(bare)
    last = _stored(bare, text)
    made = []
    for number in range(60):
        changed = objects.read(last).replace(b"line %d\n" % number, b"LINE %d\n" % number)
        last = objects.add("blob", changed, like=last)
        made.append((last, changed))
    objects.save()
    packs = list((bare.directory / "objects" / "pack").glob("*.pack"))
    assert len(packs) == 1
    # One whole text, which completes the pack, and sixty changes of a word.
    assert packs[0].stat().st_size < 2 * len(text)
    fresh = Objects(Git(bare.directory, Deadline(60)))
    assert all(fresh.read(oid) == data for oid, data in made)


def test_many_objects_are_read_at_once(bare: Git) -> None:
    contents = {_stored(bare, data): data for data in (b"", b"\n", b"a 7\nb", b"\0" * 99)}
    contents |= {_stored(bare, b"%d" % number): b"%d" % number for number in range(80)}
    objects = Objects(bare)
    objects.blobless = False
    objects.bring([*contents, "0" * 40])
    bare.close()
    bare.directory.rename(bare.directory.with_name("gone"))
    assert {oid: objects.read(oid) for oid in contents} == contents


def test_a_delta_of_equal_bytes_copies_them_all() -> None:
    assert len(delta(b"x" * 1000, b"x" * 1000)) < 20
