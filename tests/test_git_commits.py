"""Commits made here are those that git makes of the same files, and cost the remote nothing."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest

from promoter.domain.errors import RemoteError
from promoter.git.clone import Clone
from promoter.git.commits import Authorship, FastImport, write_commit
from promoter.git.isolation import Credential
from promoter.git.program import Git
from promoter.git.tree import differing
from promoter.system.deadline import Deadline
from tests.many_apps import DEV, kustomization, make
from tests.servers import git_http
from tests.servers.github import GitHub

BY = Authorship("A Bot", "bot@example.org", 1767225601)
NAMES = {
    b"plain.yaml": "100644",
    b"run.sh": "100755",
    b"apps/a b/c.yaml": "100644",
    b'apps/say "hi"\\n.yaml': "100644",
    b'"quoted"': "100644",
    b"line\nbreak": "100644",
    b"caf\xe9/\xff\xfe.yaml": "100755",
    "größe/λ.yaml".encode(): "100644",
}


def paths() -> list[PurePosixPath]:
    return [PurePosixPath(name.decode("utf-8", "surrogateescape")) for name in NAMES]


def plumbed(path: Path, files: dict[bytes, bytes], parent: str | None) -> str:
    """Make a commit of all these files by git's plumbing, on a parent."""
    identity = {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", BY.name), ("EMAIL", BY.email), ("DATE", f"{BY.time} +0000"))
    }
    index = {**os.environ, **identity, "GIT_INDEX_FILE": str(path / "an.index")}

    def run(*arguments: str, data: bytes = b"") -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=path, input=data, env=index, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    entries = b"".join(
        f"{NAMES[name]} {run('hash-object', '-w', '--stdin', data=data)}\t".encode() + name + b"\0"
        for name, data in files.items()
    )
    run("read-tree", "--empty")
    run("update-index", "-z", "--index-info", data=entries)
    onto = ("-p", parent) if parent else ()
    return run("commit-tree", run("write-tree"), *onto, data="Größer\n\nSo be it\n".encode())


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Path, str]:
    """A repository with a commit of files with all kinds of names and modes."""
    path = tmp_path / "origin.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    for key in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", key, "true"], cwd=path, check=True)
    commit = plumbed(path, {name: b"old " + name for name in NAMES}, None)
    subprocess.run(["git", "update-ref", "refs/heads/main", commit], cwd=path, check=True)
    return path, commit


def test_commits_have_gits_own_ids_whatever_names_and_modes_the_files_have(
    origin: tuple[Path, str],
) -> None:
    path, base = origin
    files = {name: b"old " + name for name in NAMES}
    with Clone(path.as_uri(), Deadline(60)) as clone:
        clone.remote_refs()
        clone.fetch(base)
        modes = clone.tree(base).mode
        made = wanted = base
        for number, (name, where) in enumerate(zip(NAMES, paths(), strict=True)):
            files[name] = b"new %d\n" % number
            changed = {where: (modes(where), files[name])}
            made = write_commit(clone, made, changed, message="Größer\n\nSo be it\n", by=BY)
            # Made there afterwards, so that none of it could have been brought.
            wanted = plumbed(path, files, wanted)
            assert made == wanted
        clone.made.save()
        there = clone.tree(made)
        assert [there.read(where) for where in paths()] == list(files.values())
        assert set(differing(clone.tree(base), there)) == set(paths())
        assert [there.mode(where) for where in paths()] == [int(m, 8) for m in NAMES.values()]


def test_a_chain_of_commits_needs_nothing_of_the_remote(tmp_path: Path) -> None:
    apps = {f"app-{number}": f"example.org/{number}" for number in range(30)}
    server = GitHub(tmp_path / "srv")
    repo = make(server.repository, apps, DEV)
    git_http.configure(repo.path)
    base = repo.git("rev-parse", "main")
    token = Credential(server.url, "good-token")
    with server, Clone(server.url, Deadline(60), configuration=token.configuration()) as clone:
        clone.remote_refs()
        clone.fetch(base)
        repo.path.rename(tmp_path / "away.git")
        made = base
        for app in apps:
            changed = {PurePosixPath(kustomization(app)): (0o100644, b"resources: []\n")}
            made = write_commit(clone, made, changed, message="x\n", by=BY)
        clone.made.save()
        (tmp_path / "away.git").rename(repo.path)
        clone.git("push", clone.url, f"{made}:refs/heads/main")
    assert repo.git("rev-list", "--count", f"{base}..main") == "30"
    assert len(repo.git("diff", "--name-only", base, "main").splitlines()) == 30
    repo.git("fsck", "--strict")


def test_what_git_can_not_make_is_told_in_its_words(origin: tuple[Path, str]) -> None:
    with closing(Git(origin[0], Deadline(60))) as git:
        made = FastImport(git)
        with pytest.raises(RemoteError, match="fast-import failed: fatal: Not a valid commit"):
            made.commit(["0" * 39 + "1"], [], message=b"x", by=str(BY))


def test_what_is_not_saved_leaves_nothing_behind(origin: tuple[Path, str]) -> None:
    with closing(Git(origin[0], Deadline(60))) as git:
        before = git("count-objects", "-v")
        with Clone(origin[0].as_uri(), Deadline(60)) as clone:
            clone.remote_refs()
            clone.fetch(origin[1])
            never = {paths()[0]: (0o100644, b"never")}
            write_commit(clone, origin[1], never, message="x", by=BY)
            home = clone.git.directory
        assert not home.exists()
        assert git("count-objects", "-v") == before


def test_a_folder_lends_its_objects_and_nothing_is_fetched(tmp_path: Path) -> None:
    repo = make(tmp_path / "gitops.git", {"web": "example.org/web"}, DEV)
    base = repo.git("rev-parse", "main")
    with Clone(repo.path.as_uri(), Deadline(60)) as clone:
        clone.remote_refs()
        clone.fetch(base)
        path = PurePosixPath(kustomization("web"))
        assert clone.tree(base).read(path) == repo.read(str(path)).encode() + b"\n"
        assert not list((clone.git.directory / "objects" / "pack").iterdir())


def test_a_commit_that_a_folder_lacks_is_told(tmp_path: Path) -> None:
    repo = make(tmp_path / "gitops.git", {"web": "example.org/web"}, DEV)
    with Clone(repo.path.as_uri(), Deadline(60)) as clone:
        clone.remote_refs()
        with pytest.raises(RemoteError, match="has no commit"):
            clone.fetch("1" * 40)


def test_a_shallow_work_tree_lends_its_objects_as_well(tmp_path: Path) -> None:
    repo = make(tmp_path / "gitops.git", {"web": "example.org/web"}, DEV)
    repo.commit("main", "README.md", "second")
    tree = tmp_path / "tree"
    subprocess.run(["git", "clone", "-q", "--depth=1", repo.path.as_uri(), str(tree)], check=True)
    linked = tmp_path / "linked"
    subprocess.run(
        ["git", "worktree", "add", "-q", str(linked), "-b", "side"], cwd=tree, check=True
    )
    tip = repo.git("rev-parse", "main")
    for url in (tree / ".git", tree / ".git" / "worktrees" / "linked"):
        with Clone(url.as_uri(), Deadline(60)) as clone:
            clone.remote_refs()
            clone.fetch(tip)
            assert clone.shallow_commits() == {tip}
            assert clone.git("log", "--format=%H", tip) == tip
