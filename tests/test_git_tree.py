"""A commit's names are checked before anything is done with them: who made it need not be git."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import PromoteError
from promoter.domain.model import PathKind
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.http import GitHubHttp
from promoter.forges.github.git_data.objects import Reader
from promoter.forges.github.git_data.tree import GitHubTree
from promoter.git.clone import Clone
from promoter.git.objects import Objects
from promoter.git.program import Git
from promoter.git.tree import GitTree
from promoter.render.folders import write
from promoter.system.deadline import Deadline
from tests.servers.github.objects import Objects as RawObjects

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from promoter.domain.model import Tree
    from tests.servers.github import GitHub

HOSTILE = [b"..", b".", b".git", b".GIT", b"a/b", b"/etc"]


class Raw:
    """A bare repository whose objects are written as they are given."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._objects = RawObjects(path)
        if not path.exists():
            self._git("init", "-q", "--bare", "-b", "main", str(path), cwd=path.parent)

    def _git(self, *arguments: str, data: bytes = b"", cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=cwd or self.path, input=data, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def add(self, kind: str, data: bytes) -> str:
        """Store an object that git would not make."""
        return self._objects.put(kind, data)

    def tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Store a directory of these modes, names and ids."""
        data = b"".join(
            f"{mode} ".encode() + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries
        )
        return self.add("tree", data)

    def commit(self, root: str) -> str:
        """Make a directory the files of `main`."""
        by = "a <a@b> 1767225600 +0000"
        text = f"tree {root}\nauthor {by}\ncommitter {by}\n\nx\n"
        commit = self.add("commit", text.encode())
        self._git("update-ref", "refs/heads/main", commit)
        return commit

    def holding(self, name: bytes) -> str:
        """Make a commit of `apps/web/kustomization.yaml` with an entry of this name beside it."""
        blob = self.add("blob", b"resources: []\n")
        up = self.tree(("100644", b"file.yaml", blob))
        below = self.tree(("40000", name, up), ("100644", b"kustomization.yaml", blob))
        return self.commit(self.tree(("40000", b"apps", self.tree(("40000", b"web", below)))))


@pytest.mark.parametrize("unfolded", [False, True], ids=["listed", "unfolded"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_is_refused_with_its_folder(
    name: bytes, unfolded: bool, tmp_path: Path
) -> None:
    commit = Raw(tmp_path / "r.git").holding(name)
    with (
        closing(Git(tmp_path / "r.git", Deadline(60))) as git,
        pytest.raises(PromoteError) as caught,
    ):
        _look(GitTree(git, Objects(git), commit), unfolded=unfolded)
    assert caught.value.exit == 3
    assert (caught.value.file or "").startswith("apps/web")


@pytest.mark.parametrize("unfolded", [False, True], ids=["listed", "unfolded"])
@pytest.mark.parametrize("name", [b"..", b".git", b"a/b"])
def test_the_apis_names_are_held_to_the_same(name: bytes, unfolded: bool, github: GitHub) -> None:
    commit = Raw(github.repository).holding(name)
    client = Client(github.api_url, (github.owner, github.name), None, GitHubHttp(Deadline(60)))
    with pytest.raises(PromoteError, match="which no file can have") as caught:
        _look(GitHubTree(Reader(client), commit), unfolded=unfolded)
    client.api.close()
    assert caught.value.exit == 3


def _look(tree: Tree, *, unfolded: bool) -> None:
    """Look into a folder as a run does."""
    if unfolded:
        tree.unfold(PurePosixPath("apps"))
    list(tree.entries(PurePosixPath("apps/web")))


@pytest.mark.parametrize("broken", ["empty-name", "no-directory"])
def test_what_git_itself_can_not_read_is_told(broken: str, tmp_path: Path) -> None:
    raw = Raw(tmp_path / "r.git")
    if broken == "empty-name":
        commit = raw.holding(b"")
    else:
        blob = raw.add("blob", b"no directory")
        commit = raw.commit(raw.tree(("40000", b"apps", blob)))
    with pytest.raises(PromoteError) as caught:
        _cloned(raw.path, commit, PurePosixPath("apps/web" if broken == "empty-name" else "apps"))
    assert caught.value.exit == (3 if broken == "empty-name" else 5)


def _cloned(path: Path, commit: str, directory: PurePosixPath) -> None:
    """Read a folder through a clone."""
    with Clone(path.as_uri(), Deadline(60)) as clone:
        clone.remote_refs()
        clone.fetch(commit)
        clone.tree(commit).entries(directory)


class Escaping:
    """A tree that was never checked."""

    commit = ""

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
        return {"../../gone": PathKind.FILE} if directory == PurePosixPath("web") else {}

    def read(self, path: PurePosixPath) -> bytes:
        return str(path).encode()

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        del paths

    def unfold(self, directory: PurePosixPath) -> None:
        del directory

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        del directories

    def is_listed(self, directory: PurePosixPath) -> bool:
        return not directory.name

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        return list(paths)

    def at(self, commit: str) -> Escaping:
        raise KeyError(commit)

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        del files

    def has_ancestor(self, commit: str) -> bool:
        del commit
        return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in a folder."""
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    return inner


def test_nothing_is_rendered_outside_of_its_folder(folder: Path) -> None:
    with pytest.raises(AssertionError, match="outside"):
        write(Escaping(), [PurePosixPath("web")], [folder])
    assert list(folder.parent.rglob("*")) == [folder]
