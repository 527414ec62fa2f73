"""Repositories that are folders: whatever shape they have, and whatever the user's git is told to run."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import RefusedError, RemoteError, SelectionError, UsageError
from promoter.engine.current_repository import gitops_origin
from promoter.forges.local import LocalForge
from promoter.git.clone import Clone
from promoter.git.program import Git
from promoter.git.push import Update
from promoter.git.refs import base_branch
from promoter.git.repository_address import parse_address
from promoter.system.deadline import Deadline
from tests.thorough import thorough_after
from tests.world import Repository, aurora, promote, promote_process

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def bare(tmp_path: Path) -> Repository:
    """A bare repository with one commit on main."""
    path = tmp_path / "bare.git"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    repo = Repository(path)
    repo.git("update-ref", "refs/heads/main", repo.git("commit-tree", _tree(repo), "-m", "One"))
    return repo


@pytest.fixture
def clone(bare: Repository, tmp_path: Path) -> Repository:
    """A clone of it with a work tree."""
    bare.git("clone", "-q", str(bare.path), str(tmp_path / "clone"))
    return Repository(tmp_path / "clone")


def _tree(repo: Repository) -> str:
    """Store a tree with a promoter.yaml in it."""
    blob = repo.git("hash-object", "-w", "--stdin", stdin="base: main\n")
    return repo.git("mktree", stdin=f"100644 blob {blob}\tpromoter.yaml\n")


def _base(folder: Path) -> tuple[str, str]:
    """Return the base branch of a folder's repository as a run finds it."""
    with Clone(parse_address(str(folder)).url, Deadline(60)) as clone:
        return base_branch(clone.remote_refs("refs/heads/*"), None, clone.url)


@contextmanager
def _pulls(folder: Path) -> Iterator[LocalForge]:
    """Give the pulls that a folder's repository keeps."""
    git = Git(Path(parse_address(str(folder)).path), Deadline(60))
    with closing(git):
        yield LocalForge(git, "A <a@example.org> 1700000000 +0000")


def test_base_of_a_clone_is_its_own_branch_not_its_remotes(clone: Repository) -> None:
    assert "refs/remotes/origin/HEAD" in clone.refs()
    assert _base(clone.path) == ("main", clone.git("rev-parse", "main"))


def test_clone_on_no_branch_names_no_base(clone: Repository) -> None:
    clone.git("checkout", "-q", "--detach")
    with pytest.raises(SelectionError, match="no default branch"):
        _base(clone.path)


def test_linked_work_tree_and_submodule_are_their_repositories(
    bare: Repository, clone: Repository, tmp_path: Path
) -> None:
    clone.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert parse_address(str(tmp_path / "linked")).path == str(clone.path / ".git")
    assert _base(tmp_path / "linked")[0] == "main"
    clone.git(
        "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(bare.path), "sub"
    )
    inner = parse_address(str(clone.path / "sub")).path
    assert inner == str(clone.path / ".git/modules/sub")
    assert gitops_origin(clone.path / "sub", Deadline(60)) == str(bare.path)
    assert gitops_origin(tmp_path / "linked", Deadline(60)) == str(bare.path)


@pytest.mark.parametrize("text", ["", "gitdir: nowhere", "gitdir: a\0b", "x" * 5_000, "gitdir: ."])
def test_file_that_leads_to_no_repository_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text(text)
    with pytest.raises(UsageError, match="is not a git repository"):
        parse_address(str(tmp_path))


@pytest.mark.parametrize("linked", [False, True])
def test_branch_that_is_checked_out_is_not_moved(
    clone: Repository, tmp_path: Path, linked: bool
) -> None:
    _propose(clone)
    if linked:
        clone.git("checkout", "-q", "--detach")
        clone.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    with (
        _pulls(clone.path) as pulls,
        pytest.raises(RefusedError, match="main is checked out there"),
    ):
        pulls.merge(1)


def test_pull_is_merged_beside_a_work_tree_on_no_branch(clone: Repository) -> None:
    head = _propose(clone)
    clone.git("checkout", "-q", "--detach")
    with _pulls(clone.path) as pulls:
        assert pulls.merge(1).state == "merged"
    assert clone.git("rev-parse", "main^2") == head


def test_a_merge_that_git_cannot_make_is_told_in_its_own_words(bare: Repository) -> None:
    head = _propose(bare)
    moved = bare.git("commit-tree", _tree(bare), "-p", "main", "-m", "Moved")
    bare.git("update-ref", "refs/heads/main", moved)
    # The commit is there, and its parent, up to which git would read, is not.
    parent = bare.git("rev-parse", f"{head}^")
    (bare.path / "objects" / parent[:2] / parent[2:]).unlink()
    with (
        _pulls(bare.path) as pulls,
        pytest.raises(RemoteError, match="git merge-tree failed: ") as caught,
    ):
        pulls.merge(1)
    assert "git 2.38" not in caught.value.hint


def _propose(repo: Repository) -> str:
    """Put pull 1 into a repository and return its head."""
    head = repo.git("commit-tree", "main^{tree}", "-p", "main", "-m", "Two")
    repo.git("update-ref", "refs/heads/topic", head)
    told = f'{{"state": "open", "branch": "topic", "base": "main", "head": "{head}", "title": "T", "body": ""}}'
    repo.git(
        "update-ref", "refs/promoter/pulls/1", repo.git("hash-object", "-w", "--stdin", stdin=told)
    )
    return head


@pytest.mark.parametrize("name", ["foo", "1_0", "007", "-1", "1/2"])
def test_ref_that_is_no_pull_is_named(bare: Repository, name: str) -> None:
    bare.git("update-ref", f"refs/promoter/pulls/{name}", "refs/heads/main")
    said = f"refs/promoter/pulls/{name} is not a pull"
    with _pulls(bare.path) as pulls, pytest.raises(RemoteError, match=said) as caught:
        pulls.all()
    assert "git update-ref -d" in caught.value.hint


@pytest.mark.parametrize(
    "changed",
    thorough_after(
        6,
        [
            {"branch": "topic\\ndelete refs/heads/main"}, {"head": "--upload-pack=x"},
            {"labels": [{}]}, {"comments": [[]]}, {"title": "\\ud800"}, {"state": "gone"},
            {"title": 1}, {"base": "../x"}, {"labels": 7}, {"body": None}, {"milestone": {"a": 1}},
        ],
    ),
    ids=str,
)  # fmt: skip
def test_a_pull_that_somebody_else_wrote_is_named_and_commands_nothing(
    bare: Repository, changed: dict[str, object]
) -> None:
    head = _propose(bare)
    whole = {
        "state": "open",
        "branch": "topic",
        "base": "main",
        "head": head,
        "title": "T",
        "body": "",
    }
    text = json.dumps(whole | changed).replace("\\\\", "\\")
    blob = bare.git("hash-object", "-w", "--stdin", stdin=text)
    bare.git("update-ref", "refs/promoter/pulls/1", blob)
    with _pulls(bare.path) as pulls, pytest.raises(RemoteError, match="pulls/1 is not a pull"):
        pulls.merge(1)


def test_json_that_is_nested_without_end_is_no_pull(bare: Repository) -> None:
    blob = bare.git("hash-object", "-w", "--stdin", stdin="[" * 200_000)
    bare.git("update-ref", "refs/promoter/pulls/1", blob)
    with _pulls(bare.path) as pulls, pytest.raises(RemoteError, match="pulls/1 is not a pull"):
        pulls.all()


def _hook(file: Path, mark: Path, status: int = 0) -> None:
    """Make a hook that leaves a mark."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\ntouch '{mark}'\nexit {status}\n")
    file.chmod(0o755)


def _push(folder: Path) -> None:
    """Push a branch as a run does, after a look and a fetch."""
    with Clone(parse_address(str(folder)).url, Deadline(60)) as clone:
        _, commit = base_branch(clone.remote_refs("refs/heads/*"), None, clone.url)
        clone.fetch(commit)
        clone.tree(commit).read(PurePosixPath("promoter.yaml"))
        clone.push(Update("refs/heads/promote/prod/app", commit, None))


def test_nothing_that_the_users_git_is_told_to_run_runs(
    bare: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    for name in ("pre-receive", "update", "post-receive", "reference-transaction", "pre-push"):
        _hook(tmp_path / "hooks" / name, marks / name)
    (tmp_path / ".gitconfig").write_text(
        f"[core]\n\thooksPath = {tmp_path}/hooks\n"
        f"[uploadpack]\n\tpackObjectsHook = touch {marks}/pack;\n"
        f'[remote "origin"]\n\tuploadpack = touch {marks}/origin;\n\turl = {tmp_path}/nowhere\n'
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    bare.git("config", "uploadpack.allowFilter", "true")
    _push(bare.path)
    assert "refs/heads/promote/prod/app" in bare.refs()
    assert list(marks.iterdir()) == []


@pytest.mark.parametrize("own", [None, "rules", "/absolute"])
def test_repositorys_own_hooks_are_its_rules(
    bare: Repository, tmp_path: Path, own: str | None
) -> None:
    folder = bare.path / "hooks"
    if own is not None:
        folder = tmp_path / "it's mine" if own.startswith("/") else bare.path / own
        bare.git("config", "core.hooksPath", str(folder) if own.startswith("/") else own)
    _hook(folder / "pre-receive", tmp_path / "mark", status=1)
    with pytest.raises(RemoteError, match="pre-receive hook declined"):
        _push(bare.path)
    assert (tmp_path / "mark").exists()
    assert "refs/heads/promote/prod/app" not in bare.refs()


@pytest.mark.parametrize(
    "arguments", thorough_after(1, [(("--app", "a", "--tag", "1"),), (("auto",),), (("pulls",),)])
)
def test_missing_git_is_told_by_what_needs_it(
    bare: Repository, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "git").write_text("not to be run")
    run = promote_process(*arguments, "--repo", str(bare.path), env={"PATH": str(tmp_path)})
    assert (run.code, run.stderr.splitlines()[0]) == (
        2, "promote: error: the git program is not on PATH",
    )  # fmt: skip


def test_a_git_that_is_there_and_does_not_start_is_no_missing_git(
    bare: Repository, tmp_path: Path
) -> None:
    (tmp_path / "git").write_text(f"#!{tmp_path / 'gone'}\n")
    (tmp_path / "git").chmod(0o755)
    run = promote("pulls", "--repo", str(bare.path), env={"PATH": str(tmp_path)})
    assert (run.code, run.stderr.splitlines()[0]) == (
        5, "promote: error: git could not be started: No such file or directory",
    )  # fmt: skip


@pytest.mark.thorough  # a start of Python; tests/test_git_isolation.py shows what a program of a run sees
def test_variables_of_git_reach_no_git(bare: Repository, tmp_path: Path) -> None:
    given = {"GIT_TRACE": str(tmp_path / "trace"), "GIT_PYTHON_GIT_EXECUTABLE": "/nowhere/git"}
    run = promote_process("pulls", "--repo", str(bare.path), env=given)
    assert (run.code, run.stdout) == (0, "no pull requests\n")
    assert not (tmp_path / "trace").exists()


def test_in_a_shared_repository_all_that_is_written_is_the_groups_whatever_the_umask(
    tmp_path: Path,
) -> None:
    repo = aurora(tmp_path / "gitops.git")
    repo.git("config", "core.sharedRepository", "group")
    before = {repo.path, *repo.path.rglob("*")}
    for one in before:
        one.chmod(one.stat().st_mode | (0o2770 if one.is_dir() else 0o060))
    umask = os.umask(0o077)
    try:
        for words in (
            ("--app", "aurora", "--tag", "9.9.9"),
            ("--app", "aurora", "--env", "dev", "--tag", "9.9.9"),
            ("pulls", "merge", "1"),
            ("hold", "--app", "aurora", "--env", "dev", "--reason", "a fair"),
        ):
            done = promote(*words, "--repo", str(repo.path))
            assert done.code == 0, done.stderr
    finally:
        os.umask(umask)
    made = set(repo.path.rglob("*")) - before
    assert {one for one in made if one.is_dir()}
    for one in made:
        mode = one.stat().st_mode
        # Git lets nobody write to an object.
        whole = 0o070 if one.is_dir() else 0o040 if "objects" in one.parts else 0o060
        assert mode & 0o077 == whole, (one, stat.filemode(mode))
