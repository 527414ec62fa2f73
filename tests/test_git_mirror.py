"""What a run keeps for later ones saves connections and bytes, and never decides anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.many_apps import kustomization
from tests.matrices.process import run as promote_forked
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import Repository, promote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Run

TOKEN = {"GITHUB_TOKEN": "good-token"}


@pytest.fixture(autouse=True)
def _files_come_by_git_alone(hub: GitHub) -> None:
    # Where the API shows the files, git brings none that could be spared.
    hub.has_graphql = False


def run(hub: GitHub, cache: Path, tag: str, app: str = "app-7") -> tuple[Run, int]:
    """Promote with a cache; return the run, and how often git has connected for it."""
    before = len(hub.seen)
    done = promote(
        "--app", app, "--tag", tag, "--repo", hub.url, "--cache", str(cache), "--output", "json",
        env=TOKEN,
    )  # fmt: skip
    return done, sum(one.path.endswith("/info/refs") for one in hub.seen[before:])


def tag_of(hub: GitHub, app: str = "app-7") -> str:
    """Return the kustomization that an app's branch has."""
    return Repository(hub.repository).read(kustomization(app), f"promote/dev/{app}")


def test_files_that_an_earlier_run_has_read_are_not_fetched_again(
    hub: GitHub, tmp_path: Path
) -> None:
    first, connections = run(hub, tmp_path / "cache", "9.9.1")
    assert (first.code, connections) == (0, 3), first.stderr
    Repository(hub.repository).git("update-ref", "-d", "refs/heads/promote/dev/app-7")
    hub.pulls.clear()
    second, connections = run(hub, tmp_path / "cache", "9.9.2")
    assert (second.code, connections) == (0, 2), second.stderr
    assert "9.9.2" in tag_of(hub)


def test_what_the_base_is_now_counts(hub: GitHub, tmp_path: Path) -> None:
    run(hub, tmp_path / "cache", "9.9.1", "app-8")
    repository = Repository(hub.repository)
    text = repository.read(kustomization("app-7"))
    repository.commit("main", kustomization("app-7"), f"{text}# by a person\n")
    done, _ = run(hub, tmp_path / "cache", "9.9.2")
    assert done.code == 0, done.stderr
    assert "# by a person" in tag_of(hub)


@pytest.mark.parametrize(
    "damage",
    thorough_after(1, ["changed", "link", "cut", "empty", "foreign", "directory"]),
)
def test_mirror_that_is_damaged_is_as_good_as_none(
    hub: GitHub, tmp_path: Path, damage: str
) -> None:
    cache = tmp_path / "cache"
    run(hub, cache, "9.9.1", "app-8")
    (file,) = cache.iterdir()
    data = file.read_bytes()
    file.unlink()
    if damage == "directory":
        file.mkdir()
    elif damage == "link":
        (tmp_path / "elsewhere").write_bytes(data)
        file.symlink_to(tmp_path / "elsewhere")
    else:
        middle = len(data) // 2
        changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        written = {"cut": data[:middle], "changed": changed, "empty": b"", "foreign": data}
        file.write_bytes(written[damage])
        file.chmod(0o666 if damage == "foreign" else 0o600)
    done, connections = run(hub, cache, "9.9.2")
    assert (done.code, connections) == (0, 3), done.stderr
    assert "9.9.2" in tag_of(hub)


def test_cache_that_cannot_be_written_is_done_without(hub: GitHub, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done, connections = run(hub, tmp_path / "file" / "cache", "9.9.1")
    assert (done.code, connections) == (0, 3), done.stderr


@pytest.mark.parametrize("count", [2, pytest.param(8, marks=pytest.mark.thorough)])
def test_several_runs_share_a_cache(hub: GitHub, tmp_path: Path, count: int) -> None:
    cache = tmp_path / "cache"

    def one(number: int) -> Run:
        return promote_forked(
            "--app", f"app-{number}", "--tag", "9.9.1", "--repo", hub.url, "--cache", str(cache),
            env=TOKEN,
        )  # fmt: skip

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(one, range(count)))
    assert [one.code for one in done] == [0] * count, [one.stderr for one in done]
    assert len(list(cache.iterdir())) == 1
    assert all("9.9.1" in tag_of(hub, f"app-{number}") for number in range(count))


def test_no_secret_is_kept(hub: GitHub, tmp_path: Path) -> None:
    run(hub, tmp_path / "cache", "9.9.1")
    (file,) = (tmp_path / "cache").iterdir()
    assert b"good-token" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0
