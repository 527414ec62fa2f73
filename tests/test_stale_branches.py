"""What branches that nobody removes cost a promotion, by the server's log."""

from __future__ import annotations

import subprocess
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from tests.many_apps import BY_PULL, make
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

STALE = 500
# Those of promotions are looked at more closely. Each kind and each transport first; then each with
# each.
_FIRST = [("api", "promote/prod/app-"), ("git", "stale/branch-")]
_NAMES = ("stale/branch-", "promote/prod/app-", "promote/dev/x-", "promote-hold/prod/x-")
KINDS = _FIRST + [one for one in product(("git", "api"), _NAMES) if one not in _FIRST]
# What git's protocol says of one branch beside its name: its length, its commit and a line's end.
_LINE = 4 + 40 + 1 + len("refs/heads/") + 1


def _hub(path: Path, stale: int, name: str) -> GitHub:
    """Make a GitHub whose repository has so many branches, each with a commit of its own."""
    github = GitHub(path / "srv")
    aurora(github.repository)
    _serve(github, stale, name)
    return github


def _serve(github: GitHub, stale: int, name: str) -> None:
    """Add the branches to a repository, and let it be read over HTTP."""
    git_http.configure(github.repository)
    start = github.head("main")
    commits = "".join(
        f"commit refs/heads/{name}{number:05}\ncommitter A <a@example.org> 1767225600 +0000\n"
        f"data 5\nStale\nfrom {start}\nM 100644 inline stale-{number}\ndata 1\nx\n"
        for number in range(stale)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=github.repository, input=commits.encode(), check=True
    )
    # As a server has them that was tidied up since.
    subprocess.run(["git", "pack-refs", "--all"], cwd=github.repository, check=True)


def _promoted(path: Path, transport: str, stale: int, name: str) -> list[tuple[str, int]]:
    """Return each request of an update, with the size of its answer."""
    with _hub(path, stale, name) as github:
        for tag in ("9.9.1", "9.9.2"):
            github.seen.clear()
            done = promote(
                "--app", "aurora", "--tag", tag, "--repo", github.url, "--transport", transport,
                env={"GITHUB_TOKEN": "good-token"},
            )  # fmt: skip
            assert done.code == 0, done.stderr
        named = [(one.path + one.query, one.size) for one in github.seen]
        # The API is asked beside git, and may be first or last.
        return sorted(named)


@pytest.mark.parametrize(("transport", "name"), thorough_after(1, KINDS))
def test_stale_branches_cost_no_request_and_no_byte_but_what_git_and_one_page_say(
    tmp_path: Path, transport: str, name: str
) -> None:
    few = _promoted(tmp_path / "few", transport, 0, name)
    many = _promoted(tmp_path / "many", transport, STALE, name)
    assert [asked for asked, _ in many] == [asked for asked, _ in few]
    line = _LINE + len(name) + 5
    for (asked, before), (_, after) in zip(few, many, strict=True):
        told = 0
        if "receive-pack" in asked and "info/refs" in asked:
            told = STALE * line
        elif name.startswith("promote"):
            # By git the branches come that may be of promotions, through the API a hundred of them.
            told = STALE * line if transport == "git" else 100 * (line + 60)
        # Ports and addresses differ in length, and how well a pack is compressed.
        assert after - before - told < 200, f"{asked}: {before} bytes, {after} with stale branches"


@pytest.mark.parametrize(
    "name", ["promote/dev/old-", pytest.param("promote-hold/dev/old-", marks=pytest.mark.thorough)]
)
@pytest.mark.parametrize("transport", [pytest.param("git", marks=pytest.mark.thorough), "api"])
def test_among_many_stale_branches_the_open_holds_of_apps_and_groups_are_seen(
    tmp_path: Path, transport: str, name: str
) -> None:
    github = GitHub(tmp_path / "srv")
    images = {one: f"ghcr.io/acme/{one}" for one in ("api", "web", "job")}
    rules = f"{BY_PULL}    checks: {{exists: off}}\ngroups: {{shop: {{apps: [api, web]}}}}\n"
    make(github.repository, images, rules)
    _serve(github, STALE, name)
    with github:

        def run(*arguments: str, code: int = 0) -> Any:
            how = ("--repo", github.url, "--transport", transport, "--output", "json")
            done = promote(*arguments, *how, env={"GITHUB_TOKEN": "good-token"})
            assert done.code == code, done.stdout + done.stderr
            return done.json

        github.merge(run("--group", "shop", "--tag", "1.4.2")["pull_request"]["number"])
        back = run("rollback", "--group", "shop", "--reason", "it fails")["pull_request"]["number"]
        own = run("hold", "--app", "job", "--reason", "wait")["pull_request"]["number"]
        github.seen.clear()
        for app, number in (("api", back), ("job", own)):
            (refusal,) = run("--app", app, "--tag", "1.4.3", code=3)["refusals"]
            assert f" by pull request {number}" in refusal["reason"]
        # Of several, each is looked for by its name.
        both = run("--app", "api", "--app", "job", "--tag", "1.4.3", code=3)["results"]
        assert [one["refusals"][0]["rule"] for one in both] == ["hold", "hold"]
        assert not [one.path for one in github.seen if "matching-refs" in one.path]
