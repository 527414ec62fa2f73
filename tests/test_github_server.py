"""The GitHub of these tests tells of commits and writes trees as git itself does."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.servers.github.store import Store
from tests.world import Repository, empty

if TYPE_CHECKING:
    from pathlib import Path

_PATHS = ("a", "b/c", "b/d/e")


def _tangled(directory: Path, count: int) -> tuple[Repository, list[str]]:
    """Make commits with one, two or no parents, of which many have the same time."""
    repository, chance = empty(directory), random.Random(5)
    lines = []
    for number in range(1, count + 1):
        parents = chance.sample(range(max(1, number - 6), number), min(number - 1, 1 + number % 2))
        lines += [f"commit refs/heads/c{number}", f"mark :{number}"]
        lines += [f"committer P <p@example.org> {1000 + number // 3} +0000", "data 1", "m"]
        if parents and number % 17:
            lines += [f"from :{parents[0]}", *(f"merge :{one}" for one in parents[1:])]
        content = str(chance.randrange(3))
        lines += [f"M 100644 inline {chance.choice(_PATHS)}", "data 1", content]
        lines += [f"D {chance.choice(_PATHS)}"] if not number % 5 else []
    repository.git("fast-import", "--quiet", "--force", stdin="\n".join([*lines, ""]))
    refs = repository.refs()
    return repository, [refs[f"refs/heads/c{number}"] for number in range(1, count + 1)]


@pytest.mark.thorough  # about the GitHub of the tests, and a process of git for each of its answers
def test_histories_and_merge_bases_are_those_of_git(tmp_path: Path) -> None:
    repository, commits = _tangled(tmp_path, 60)
    store = Store(tmp_path)
    for base, head in zip(commits[::-3], commits[1::3], strict=True):
        for path in ("", "a", "b", "b/d/e", "missing"):
            listed = repository.git("rev-list", head, "--", *filter(None, [path])).split()
            assert list(store.ancestry.listed(head, path=path)) == listed
        assert store.between(base, head) == repository.git("rev-list", f"{base}..{head}").split()
        histories = (set(repository.git("rev-list", one).split()) for one in (base, head))
        is_related = bool(set.intersection(*histories))
        bases = repository.git("merge-base", "--all", base, head).split() if is_related else [None]
        assert store.merge_base(base, head) in bases
        assert store.is_ancestor(base, head) == (base in bases)
    store.close()


def test_trees_are_written_as_git_writes_them(tmp_path: Path) -> None:
    repository = empty(tmp_path)
    made = ["commit refs/heads/main", "committer P <p@example.org> 1 +0000", "data 1", "m"]
    for mode, path in (("100755", "run"), ("100644", "run.d/a"), ("100644", "run.d/b")):
        made += [f"M {mode} inline {path}", "data 1", "x"]
    repository.git("fast-import", "--quiet", stdin="\n".join([*made, ""]))
    store = Store(tmp_path)
    files = {"run": b"y", "run.d/c/d": b"z", "run.txt": b""}
    tree = store.changed_tree("main", files, ["run.d/a", "run.d/b"])
    repository.git("fsck", "--strict")
    shown = repository.git("ls-tree", "-r", "--format=%(objectmode) %(path)", tree).splitlines()
    assert shown == ["100755 run", "100644 run.d/c/d", "100644 run.txt"]
    assert [repository.read(path, tree) for path in files] == ["y", "z", ""]
    assert store.changed_tree("main", {}, ["run", "run.d/a", "run.d/b"]) == store.objects.put(
        "tree", b""
    )
    store.close()
