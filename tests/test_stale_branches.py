"""What branches that nobody removes cost a promotion, by the server's log."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.servers import git_http
from tests.servers.github import GitHub
from tests.world import aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

STALE = 500
# What git's protocol says of one branch to whoever pushes: its commit and its name.
_LINE = 4 + 40 + 1 + len("refs/heads/stale/branch-00000\n")


def _hub(path: Path, stale: int) -> GitHub:
    """Make a GitHub whose repository has so many branches, each with a commit of its own."""
    github = GitHub(path / "srv")
    aurora(github.repository)
    git_http.configure(github.repository)
    start = github.head("main")
    commits = "".join(
        f"commit refs/heads/stale/branch-{number:05}\ncommitter A <a@example.org> 1767225600 +0000\n"
        f"data 5\nStale\nfrom {start}\nM 100644 inline stale-{number}\ndata 1\nx\n"
        for number in range(stale)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=github.repository, input=commits.encode(), check=True
    )
    return github


def _promoted(path: Path, transport: str, stale: int) -> list[tuple[str, int]]:
    """Return each request of an update, with the size of its answer."""
    with _hub(path, stale) as github:
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


@pytest.mark.parametrize("transport", ["git", "api"])
def test_stale_branches_cost_no_request_and_no_byte_but_what_git_says_to_whoever_pushes(
    tmp_path: Path, transport: str
) -> None:
    few = _promoted(tmp_path / "few", transport, 0)
    many = _promoted(tmp_path / "many", transport, STALE)
    assert [asked for asked, _ in many] == [asked for asked, _ in few]
    for (asked, before), (_, after) in zip(few, many, strict=True):
        told = STALE * _LINE if "receive-pack" in asked and "info/refs" in asked else 0
        # Ports and addresses differ in length, and how well a pack is compressed.
        assert after - before - told < 200, f"{asked}: {before} bytes, {after} with stale branches"
