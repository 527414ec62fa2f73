"""What a repository is asked for: many branches cost no more connections than one."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import RefusedError, SelectionError
from promoter.git.clone import Clone
from promoter.git.history import BRIEF, file_versions
from promoter.git.isolation import Credential
from promoter.git.repository import GitRepository
from promoter.system.deadline import Deadline
from tests.many_apps import DEV, kustomization, make
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

APPS = tuple(f"app-{number}" for number in range(8))


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    """A GitHub whose repository has a branch for each of some apps."""
    server = GitHub(tmp_path / "srv")
    repo = make(server.repository, {app: f"example.org/{app}" for app in APPS}, DEV)
    git_http.configure(repo.path)
    for app in APPS:
        repo.git("branch", f"promote/dev/{app}", "main")
        repo.commit(f"promote/dev/{app}", kustomization(app), f"# {app}\n")
    with server:
        yield server


def clone(hub: GitHub) -> Clone:
    """Return a clone over HTTP."""
    token = Credential(hub.url, "good-token")
    return Clone(hub.url, Deadline(60), configuration=token.configuration())


def connections(hub: GitHub) -> int:
    """Return how often git has connected."""
    return len([one for one in hub.seen if one.path.endswith("/info/refs")])


@pytest.mark.parametrize(
    "moved", thorough_after(1, [True, False]), ids=["base-moved-on", "on-the-base"]
)
def test_branches_that_are_brought_together_cost_one_branchs_connections(
    moved: bool, hub: GitHub
) -> None:
    if moved:
        for number in range(3):
            Repository(hub.repository).commit("main", f"other-{number}", "x")
    spent = []
    for count in (1, len(APPS)):
        with clone(hub) as one:
            repository = GitRepository(one, 1767225601)
            base = repository.base(None)
            branches = [f"promote/dev/{app}" for app in APPS[:count]]
            before = connections(hub)
            repository.prefetch(branches)
            for app, branch in zip(APPS, branches, strict=False):
                (commit,) = repository.look(base, branch).commits
                where = PurePosixPath(kustomization(app))
                assert commit.changed == (where,)
                assert commit.tree.read(where) == f"# {app}\n".encode()
                assert b"newTag" in commit.onto.read(where)
            spent.append(connections(hub) - before)
    assert spent[0] == spent[1] <= (3 if moved else 2)


def test_a_repository_with_other_ids_is_refused_by_their_name(tmp_path: Path) -> None:
    path = tmp_path / "new.git"
    subprocess.run(
        ["git", "init", "-q", "--bare", "-b", "main", "--object-format=sha256", str(path)],
        check=True,
    )
    repo = Repository(path)
    commit = repo.git("commit-tree", repo.git("mktree", stdin=""), "-m", "First")
    repo.git("update-ref", "refs/heads/main", commit)
    with Clone(path.as_uri(), Deadline(60)) as one, pytest.raises(RefusedError, match="SHA-256"):
        GitRepository(one, 1767225601).base(None)


@pytest.mark.parametrize("wanted", thorough_after(1, [None, "main"]))
def test_the_base_and_an_apps_branch_come_by_one_connection_and_their_files_by_another(
    wanted: str | None, hub: GitHub
) -> None:
    with clone(hub) as one:
        repository = GitRepository(one, 1767225601)
        base = repository.base(wanted, ["app-3"])
        assert base[0] == "main"
        asked = ["promote/dev/app-5", "promote/dev/app-55"]
        assert repository.branches(asked) == {"promote/dev/app-5"}
        assert connections(hub) == 2
        where = PurePosixPath(kustomization("app-3"))
        (commit,) = repository.look(base, "promote/dev/app-3").commits
        assert commit.changed == (where,)
        assert commit.tree.read(where) == b"# app-3\n"
        assert b"newTag" in commit.onto.read(where)
        assert b"newTag" in base[1].read(where)
        assert connections(hub) == 2


def test_a_base_that_is_not_there_is_told_with_the_one_that_is(hub: GitHub) -> None:
    with clone(hub) as one, pytest.raises(SelectionError, match="no branch 'trunk'") as caught:
        GitRepository(one, 1767225601).base("trunk")
    assert "'main'" in caught.value.hint


def test_a_repository_without_commits_is_told_as_such(hub: GitHub) -> None:
    for ref in list(Repository(hub.repository).refs()):
        Repository(hub.repository).git("update-ref", "-d", ref)
    with clone(hub) as one, pytest.raises(SelectionError, match="has no commits"):
        GitRepository(one, 1767225601).base(None)


def test_a_default_branch_may_have_any_name(hub: GitHub) -> None:
    repo = Repository(hub.repository)
    repo.git("branch", "größe", "main")
    repo.git("symbolic-ref", "HEAD", "refs/heads/größe")
    with clone(hub) as one:
        assert GitRepository(one, 1767225601).base(None)[0] == "größe"
        assert connections(hub) == 2, "the look, and all of a small repository"


def test_a_file_that_another_ones_history_went_further_back_for_is_not_new_where_that_was_cut(
    hub: GitHub,
) -> None:
    repo, files = Repository(hub.repository), [PurePosixPath(f"{name}.yaml") for name in "abc"]
    made = [repo.commit("main", str(file), "v1\n") for file in files]
    tip = repo.commits("main", "other", map(str, range(BRIEF.depths[0])))
    with clone(hub) as one:
        one.remote_refs()
        found = file_versions(one, tip, files, now=2_000_000_000)
        assert one.shallow_commits()
        before = connections(hub)
        seen = {file: [(each.commit, each.first) for each in found[file]] for file in files}
        # The first goes further back for all of them.
        assert (one.shallow_commits(), connections(hub) - before) == (frozenset(), 1)
    assert seen == {file: [(commit, False)] for file, commit in zip(files, made, strict=True)}


@pytest.mark.parametrize("behind", thorough_after(1, [100, 0]))
def test_commits_on_a_branch_are_known_without_the_whole_history_of_the_base(
    behind: int, hub: GitHub
) -> None:
    repo, branch = Repository(hub.repository), "promote/dev/two"
    repo.commits("main", "other", map(str, range(300)))
    repo.git("branch", branch, f"main~{behind}")
    made = [repo.commit(branch, kustomization("app-1"), f"# {number}\n") for number in range(2)]
    with clone(hub) as one:
        repository = GitRepository(one, 1767225601)
        base = repository.base(None, ["two"])
        assert [each.sha for each in repository.look(base, branch).commits] == made[::-1]
        assert one.shallow_commits()


def test_a_branch_on_an_older_commit_of_the_base_holds_nothing_of_its_own(hub: GitHub) -> None:
    repo, branch = Repository(hub.repository), "promote/dev/two"
    repo.commits("main", "other", map(str, range(30)))
    repo.git("branch", branch, "main~25")
    with clone(hub) as one:
        repository = GitRepository(one, 1767225601)
        assert repository.look(repository.base(None, ["two"]), branch).commits == ()
