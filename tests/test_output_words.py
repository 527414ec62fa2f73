"""What a run says first is what happened; -v explains it, -q says it in a line, a pipe gets plain text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from promoter.output.markdown_page import readable, render
from promoter.output.text import Kind, Piece
from tests.many_apps import DEV, make
from tests.servers.registry import Registry
from tests.world import Repository, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Run


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return aurora(tmp_path / "aurora.git")


def ask(repo: Repository, tag: str, *more: str, **env: str) -> Run:
    words = ("--app", "aurora", "--tag", tag, "--repo", str(repo.path), *more)
    return promote(*words, env=env)


def first(run: Run) -> str:
    return run.stdout.splitlines()[0]


def test_first_line_says_what_happened_at_each_end(repo: Repository) -> None:
    planned = ask(repo, "9.9.1", "--dry-run")
    assert first(planned) == ("dry run: would open a pull request: aurora to prod, 1.4.1 -> 9.9.1")
    assert first(ask(repo, "9.9.1")) == "opened pull request 1: aurora to prod, 1.4.1 -> 9.9.1"
    assert first(ask(repo, "9.9.1")) == (
        "already proposed in pull request 1: aurora to prod, 1.4.1 -> 9.9.1"
    )
    older = ask(repo, "9.9.0")
    assert first(older) == (
        "nothing done: pull request 1 already proposes 9.9.1 for aurora in prod, which is newer "
        "than 9.9.0; to go back, add --allow downgrade"
    )
    assert first(ask(repo, "9.9.2")) == "updated pull request 1: aurora to prod, 1.4.1 -> 9.9.2"
    assert first(ask(repo, "1.4.1", "--allow", "downgrade")) == (
        "closed pull request 1: aurora in prod already has 1.4.1 on main"
    )
    assert first(ask(repo, "1.4.1")) == "nothing to do: aurora in prod already has 1.4.1 on main"
    assert first(ask(repo, "1.3.0")) == (
        "nothing done: aurora in prod already has 1.4.1 on main, which is newer than 1.3.0; "
        "to go back, add --allow downgrade"
    )
    assert re.fullmatch(
        r"pushed [0-9a-f]{9} to main: aurora to dev, 1\.4\.1 -> 9\.9\.1",
        first(ask(repo, "9.9.1", "--env", "dev")),
    )


def test_what_the_first_line_says_is_not_said_again(repo: Repository) -> None:
    run = ask(repo, "1.3.0")
    assert (run.code, run.stderr) == (0, "")
    assert run.stdout.count("1.3.0") == 1


def test_quiet_run_says_one_line_or_nothing(repo: Repository) -> None:
    made = ask(repo, "9.9.1", "-q")
    assert made.stdout == "opened pull request 1: aurora to prod, 1.4.1 -> 9.9.1\n"
    again = ask(repo, "9.9.1", "-q")
    assert (again.stdout, again.stderr) == ("", "")
    wrong = ask(repo, "9.9.1", "-q", "--env", "nowhere")
    assert (wrong.code, wrong.stdout, len(wrong.stderr.splitlines())) == (4, "", 1)


def test_verbose_run_explains_files_gates_and_commands(repo: Repository) -> None:
    run = ask(repo, "9.9.1", "-v")
    assert "aurora in prod: kustomize in clusters/prod/apps/aurora, by promoter.yaml's path" in (
        run.stderr
    )
    assert re.search(r"promote: git ls-remote .* \(\d+\.\d\d s\)", run.stderr)
    assert re.search(r"promote: aurora in prod: gate [a-z-]+: passed: ", run.stderr)
    assert "promote: pushed " in run.stderr


def test_verbose_schedule_explains_the_choice(tmp_path: Path) -> None:
    with Registry() as registry:
        registry.push("web", "1.4.0", "1.4.1", "1.5.0", "latest")
        policy = DEV + '    policy: {semver: "~1.4"}\n'
        repo = make(tmp_path / "fleet.git", {"web": registry.name("web")}, policy, tag="1.4.0")
        run = promote("auto", "--repo", str(repo.path), "-v")
    assert run.code == 0, run.stderr
    assert (
        "web in dev: policy semver: ~1.4 takes 2 of 4 tags; chose 1.4.1, as the policy orders "
        "tags; next best: 1.4.0"
    ) in run.stderr


def test_log_in_json_has_one_run_and_says_how_it_ended(repo: Repository) -> None:
    run = ask(repo, "9.9.1", "-v", "--log-format", "json")
    lines = [json.loads(line) for line in run.stderr.splitlines()]
    assert len({one["run"] for one in lines}) == 1
    assert all(one["time"] and one["level"] and one["message"] for one in lines)
    assert lines[-1]["action"] == "created"
    failed = ask(repo, "9.9.1", "--log-format", "json", "--env", "nowhere")
    told = [json.loads(line) for line in failed.stderr.splitlines()]
    assert told[-1]["level"] == "error"
    assert "Known: dev, prod" in told[-1]["hint"]
    mistake = promote("--log-format", "json", "--ap", "x")
    assert json.loads(mistake.stderr.splitlines()[-1])["level"] == "error"


@pytest.mark.parametrize("width", [80, 200])
@pytest.mark.parametrize("env", [{}, {"NO_COLOR": "1"}], ids=["pipe", "NO_COLOR"])
def test_dry_run_in_a_pipe_is_plain_text_as_wide_as_the_window(
    repo: Repository, width: int, env: dict[str, str]
) -> None:
    run = ask(repo, "9.9.1", "--dry-run", COLUMNS=str(width), **env)
    assert not re.search(r"</?[a-z]+>|<!--|\x1b|\ufffd|\u2060|^\|", run.stdout, re.MULTILINE)
    assert run.stdout.count("+++ b/") == 1
    body = run.stdout.partition("\n\naurora in prod: ")[2]
    assert "1.4.1 → 9.9.1" in body
    code = (" ", "+", "-", "@", "promote ")
    assert all(len(one) <= width for one in body.splitlines() if not one.startswith(code))


def test_diff_in_a_pipe_stays_one_that_git_applies(repo: Repository, tmp_path: Path) -> None:
    run = ask(repo, "9.9.1", "--dry-run", "--env", "dev")
    repo.git("read-tree", "main")
    diff = run.stdout.partition("\n\n")[2]
    (tmp_path / "x.diff").write_text(diff)
    assert repo.git("apply", "--cached", "--check", str(tmp_path / "x.diff")) == ""


def test_html_goes_and_code_that_looks_like_it_stays() -> None:
    text = (
        "<details><summary>The <b>diff</b></summary>\n\n`<b>` a<br>b\n\n```\n<i>\n```\n</details>"
    )
    shown = readable(text)
    assert "**The diff**" in shown
    assert "`<b>` a\nb" in shown
    assert "<i>" in shown
    assert "details" not in shown


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_colours_still_have_the_shape_of_a_page(width: int) -> None:
    pieces = [Piece(Kind.MARKDOWN, "### Head\n\n| a | b |\n|---|---|\n| 1 | **2** |\n")]
    bare = render(pieces, width=width, terminal=True, colours=False)
    assert "|---|" not in bare
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", bare)
    assert max(len(re.sub(r"\x1b\[[0-9;]*m", "", one)) for one in bare.splitlines()) <= width
