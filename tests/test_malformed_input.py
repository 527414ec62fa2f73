"""What a caller writes wrongly ends in exit 2 with a place to look: never as a bug, never with a secret."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

import pytest

from promoter.domain.declaration import Declaration
from promoter.domain.errors import UsageError
from promoter.domain.image import Tag
from promoter.domain.json import parse_json
from promoter.domain.urls import check_api_url
from promoter.edits import env_file, scalar_path
from promoter.edits.targets import marker
from promoter.forges.github import KIND
from promoter.git.repository_address import parse_address
from promoter.graph import overwriters
from promoter.output import actions
from promoter.pull_request.markdown import find_hidden
from tests.command import promote
from tests.thorough import thorough_after
from tests.world import aurora

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MALFORMED = (
    "https://[::1", "https://[", "https://[zz]/o/n", "https://host:port/o/n", "https://h:99999/o/n",
    "https://h:-1/o/n", "https://ho st/o/n", "https://\u200bh/o/n", "https://h\\x/o/n", "https://",
    "https:///o/n", "http://[::1", "https://h/o/n?access_token=hunter2hunter2",
    "https://h/o/n#hunter2hunter2", "https://u:hunter2hunter2@h/o/n",
    "https://u:hunter2hunter2@[h/o/n", "https://u:hunter2hunter2@h:port/o/n",
    "https://hunter2hunter2@h/o/n", "http://u:hunter2hunter2@127.0.0.1:1/o/n",
)  # fmt: skip


@pytest.mark.parametrize("url", [*_MALFORMED, "://", "ssh://[", "ssh://h:x/o", "ftp://h/o/n"])
def test_malformed_repository_is_refused_before_anything_is_started(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_address(url)
    assert "hunter2" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    "url",
    [*_MALFORMED, "//u:hunter2hunter2@h", "u:hunter2hunter2@h:o/n", "ftp://u:hunter2hunter2@h"],
)
def test_malformed_api_url_is_refused_and_shows_no_password(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        check_api_url(url)
    assert "hunter2" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize("url", _MALFORMED)
def test_malformed_address_of_the_runner_is_refused_or_not_heeded(url: str) -> None:
    where, own = parse_address("https://ghe.example.org/o/n"), "https://ghe.example.org"
    find = KIND.api_url
    assert find is not None
    elsewhere = {"GITHUB_SERVER_URL": url, "GITHUB_API_URL": "https://x"}
    assert find(where, elsewhere) == f"{own}/api/v3"
    with pytest.raises(UsageError):
        find(where, {"GITHUB_SERVER_URL": own, "GITHUB_API_URL": url})


@pytest.mark.parametrize(
    "url", ["https://h/o/n", "https://H.example.org:8443/o/n.git", "https://[::1]:443/o/n",
            "ssh://git@h:22/o/n", "https://bücher.example/o/n", "git@h:o/n"]
)  # fmt: skip
def test_wellformed_repository_is_taken(url: str) -> None:
    assert parse_address(url).url == url


@pytest.mark.parametrize("seconds", thorough_after(1, ["253402300800", "18446744073709551615"]))
def test_time_of_a_commit_that_no_calendar_shows_ends_no_run(tmp_path: Path, seconds: str) -> None:
    repo = aurora(tmp_path / "aurora.git")
    file = "clusters/prod/apps/aurora/kustomization.yaml"
    repo.commit("main", file, repo.read(file) + "\n# changed\n")
    said = re.sub(r"> \d+ ", f"> {seconds} ", repo.git("cat-file", "commit", "main") + "\n")
    made = repo.git("hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=said)
    repo.git("update-ref", "refs/heads/main", made)
    for words in (("--app", "aurora", "--tag", "9.9.1", "--dry-run"), ("status",), ("history",)):
        run = promote(*words, "--repo", str(repo.path))
        assert run.code == 0, run.stderr


@pytest.mark.parametrize("key", ["Previous-Pull", "Undone-Pull"])
def test_a_pull_that_no_forge_counts_to_is_none_in_a_commit(key: str) -> None:
    lines = ["App: aurora", "Environment: prod", "Image: api=1.4.2", "Hold: begin", "Reason: why"]
    message = "\n".join(
        ["title", "", *(f"Promoter-{one}" for one in (*lines, f"{key}: {'9' * 5000}"))]
    )
    declared = Declaration.parse(message)
    assert declared is not None
    assert declared.first.hold is not None
    assert (declared.previous_pull, declared.first.hold.undone_pull) == (None, None)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_clock_that_no_calendar_shows_is_refused(tmp_path: Path, moment: str) -> None:
    repo = aurora(tmp_path / "aurora.git")
    run = promote("status", "--repo", str(repo.path), env={"PROMOTER_NOW": moment})
    assert run.code == 2
    assert "is not a time" in run.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        ("--tag=--",), ("--app=--",), ("--env=--",), ("--repo=--",), ("--timeout=--",),
        ("--repo", "https://[::1"), ("--repo", "file:///%00"), ("--repo", "~nobody-at-all/x"),
        ("--repo", "/no/such/folder"), ("--repo", "/dev/zero"),
        ("--repo", "https://h/o/n?token=hunter2hunter2"), ("--repo", "x" * 100_000),
        ("--tag", "1" * 100_000), ("--app", "a" * 100_000), ("--env", "e" * 100_000),
        ("--image", "i" * 100_000), ("--allow", "r" * 100_000), ("--base", "b" * 100_000),
        ("--wait-for-image", "9" * 100_000), ("--config", "c" * 100_000), ("y" * 100_000,),
        ("--nothing" * 10_000,), ("--signing-key", "k" * 100_000), ("--source-revision", "s" * 9999),
    ],
)  # fmt: skip
def test_malformed_flag_ends_in_a_short_message(tmp_path: Path, wrong: tuple[str, ...]) -> None:
    repo = aurora(tmp_path / "aurora.git")
    before = repo.refs()
    run = promote("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), *wrong)
    assert run.code in (2, 4, 5), run.stderr[:500]
    assert "an internal error" not in run.stderr
    assert "hunter2" not in run.stderr
    assert len(run.stdout + run.stderr) < 10_000
    assert repo.refs() == before


def _hint_for_path(text: str) -> str:
    with pytest.raises(ValueError, match="character") as raised:
        scalar_path.check(text)
    return str(raised.value)


def _hint_for_tag(text: str) -> str:
    with pytest.raises(UsageError) as raised:
        Tag.parse(text)
    assert len(raised.value.hint) < 1_000
    return raised.value.hint


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (partial(find_hidden, "state"), "<!-- promoter:state {"),
        (partial(find_hidden, "state"), "<!-- promoter:state {} -->{"),
        (actions.defused, "\n"), (actions.defused, " \t\n"),
        (lambda text: list(marker._all(text)), " #{"), (lambda text: list(marker._all(text)), "\t "),
        (lambda text: list(marker._all(text)), " #{} "),
        (_hint_for_path, '["'), (_hint_for_path, "[?(@.a=="), (overwriters._STEP.findall, "["),
        (_hint_for_tag, "a"), (_hint_for_tag, "*"),
        (lambda text: env_file.values("a.env", f"A=1{text}2".encode()), " "),
    ],
)  # fmt: skip
def test_a_text_that_begins_something_again_and_again_takes_no_longer_than_another(
    read: Callable[[str], object], text: str
) -> None:
    # A search that looked at the rest of it each time would take many minutes.
    assert read(text * (1_000_000 // len(text))) is not Ellipsis


def test_json_that_is_nested_without_end_is_told_as_no_json() -> None:
    with pytest.raises(ValueError, match="too deep"):
        parse_json("[" * 200_000)
    assert find_hidden("state", f'<!-- promoter:state {{"a": {"[" * 200_000}}} -->') is None
    with pytest.raises(ValueError, match="digits"):
        parse_json("1" * 5_000)


@pytest.mark.parametrize("words", [("history", "-n"), ("rollback", "--app", "a", "--steps")])
def test_a_number_that_no_machine_counts_to_is_refused(words: tuple[str, ...]) -> None:
    done = promote(*words, "9" * 20)
    assert (done.code, "1000000" in done.stderr) == (2, True)
