"""What a run says first is what happened; -v explains it, -q says it in a line, a pipe gets plain text."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from promoter.domain.declaration import AppDeclaration, Declaration, HoldChange
from promoter.domain.evidence import GateResult, GateStatus
from promoter.domain.page import (
    Alert,
    CodeBlock,
    Fold,
    Level,
    Listing,
    Page,
    Span,
    Style,
    Table,
    Undo,
)
from promoter.domain.pull import PullExtras
from promoter.output.envelope import envelope
from promoter.output.headline import where_lines
from promoter.output.terminal_page import render
from promoter.output.text import PagePiece
from promoter.planning.outcome import Outcome
from promoter.planning.plan import Action
from tests.many_apps import BY_PULL, DEV, make
from tests.page_cases import CASES
from tests.servers.registry import Registry
from tests.thorough import thorough_after
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


def test_lines_below_name_the_branch_the_base_who_is_asked_and_the_hold(repo: Repository) -> None:
    for run in (ask(repo, "9.9.1", "--dry-run"), ask(repo, "9.9.1")):
        assert run.stdout.splitlines()[1] == "  promote/prod/aurora -> main"
    extras = PullExtras(labels=("promotion",), reviewers=("alice", "team:platform"))
    hold = HoldChange("loses orders", undoes="a" * 40)
    declared = Declaration("aurora", (AppDeclaration("aurora", "prod", (), hold=hold),))
    outcome = Outcome(
        app="aurora",
        environment="prod",
        action=Action.CREATED,
        changed=True,
        declaration=declared,
        base="main",
        branch="promote/prod/aurora",
        extras=extras,
    )
    assert where_lines(outcome) == (
        "promote/prod/aurora -> main; review: alice, team:platform; labels: promotion",
        "aurora is held from then on; to end that: promote unhold --app aurora --env prod "
        "--reason TEXT",
    )


def test_quiet_run_says_one_line_or_nothing(repo: Repository) -> None:
    made = ask(repo, "9.9.1", "-q")
    assert made.stdout == "opened pull request 1: aurora to prod, 1.4.1 -> 9.9.1\n"
    again = ask(repo, "9.9.1", "-q")
    assert (again.stdout, again.stderr) == ("", "")
    older = ask(repo, "1.3.0", "-q")
    assert older.stdout.startswith("nothing done: aurora in prod already has 1.4.1 on main, which")
    wrong = ask(repo, "9.9.1", "-q", "--env", "nowhere")
    assert (wrong.code, wrong.stdout) == (4, "")
    assert wrong.stderr == ask(repo, "9.9.1", "--env", "nowhere").stderr
    assert "Known: " in wrong.stderr


def test_quiet_run_over_several_apps_says_one_line_of_each_that_changed(tmp_path: Path) -> None:
    repo = make(
        tmp_path / "r.git",
        {"web": "example.org/web", "api": "example.org/api"},
        BY_PULL + "    checks: {exists: off}\n",
    )
    both = ("--app", "web", "--app", "api", "--repo", str(repo.path), "-q")
    assert promote("--app", "web", "--tag", "1.5.0", *both[4:]).code == 0
    done = promote(*both, "--tag", "1.5.0")
    assert (done.code, done.stderr) == (0, "")
    assert done.stdout == "opened pull request 2: api to dev, 1.4.1 -> 1.5.0\n"
    older = promote(*both, "--tag", "1.3.0").stdout.splitlines()
    assert [one.partition(":")[0] for one in older] == ["nothing done", "nothing done"]


def test_verbose_run_explains_files_gates_and_commands(repo: Repository) -> None:
    run = ask(repo, "9.9.1", "-v")
    edits = "edits the kustomization in clusters/prod/apps/aurora (path in promoter.yaml: clusters/"
    assert f"aurora in prod: {edits}" in run.stderr
    assert re.search(r"promote: \+ git ls-remote .* \(\d+\.\d\d s\)", run.stderr)
    assert "promote: aurora in prod: check edit: passed: " in run.stderr
    assert "promote: aurora in prod: plan: open a pull request\n" in run.stderr
    assert "promote: pushed " in run.stderr
    assert "promote: opened pull request 1\n" in run.stderr


def test_verbose_run_names_checks_as_the_pull_request_does(repo: Repository) -> None:
    run = ask(repo, "9.9.1", "-v")
    checks = set(re.findall(r": check ([a-z ]+): passed", run.stderr))
    page = ask(repo, "9.9.2", "--dry-run").stdout
    assert checks
    assert checks <= set(re.findall(r"^  passed +(\S+(?: \S+)*)  ", page, re.MULTILINE))


@pytest.mark.parametrize(
    ("before", "then", "said"),
    thorough_after(
        5,
        [
            ((), ("--tag", "1.4.2", "--env", "dev"), "push a commit to main"),
            ((), ("--tag", "1.4.1"), "write nothing: main has it already"),
            ((), ("--tag", "1.3.0"), "write nothing, as 1.4.1 is newer"),
            (("--tag", "1.4.2"), ("--tag", "1.4.3"), "update pull request 1"),
            ((), ("--tag", "latest"), "refuse it"),
            (
                ("--tag", "1.4.2"),
                ("--tag", "1.4.1", "--allow", "downgrade"),
                "close pull request 1",
            ),
        ],
    ),
)
def test_verbose_run_says_the_plan_in_words(
    repo: Repository, before: tuple[str, ...], then: tuple[str, ...], said: str
) -> None:
    where = ("--app", "aurora", "--repo", str(repo.path))
    if before:
        assert promote(*where, *before).code == 0
    assert f": plan: {said}\n" in promote(*where, *then, "-v", "--dry-run").stderr


def test_what_became_of_a_pull_request_is_said(repo: Repository) -> None:
    where = ("--repo", str(repo.path))
    assert ask(repo, "9.9.1").code == 0
    header, row = promote("pulls", *where).stdout.splitlines()
    assert header.split() == ["PR", "state", "title", "branch", "base", "address"]
    assert row.startswith(
        "#1  open   Promote aurora to prod: 1.4.1 \u2192 9.9.1  promote/prod/aurora"
    )
    closed = promote("pulls", "close", "1", *where).stdout
    assert closed.startswith("closed pull request 1: Promote aurora to prod: 1.4.1 \u2192 9.9.1\n")
    assert ask(repo, "9.9.2").code == 0
    merged = promote("pulls", "merge", "2", *where).stdout
    assert merged.startswith("merged pull request 2: Promote aurora to prod: 1.4.1 \u2192 9.9.2\n")


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
    assert len({one["run"] for one in told}) == 1
    assert told[0]["run"] != lines[0]["run"]
    assert told[-1]["level"] == "error"
    assert "Known: dev, prod" in told[-1]["hint"]
    assert len([one for one in told if one["message"] == told[-1]["message"]]) == 1
    assert (told[-1]["action"], told[-1]["exit_code"]) == ("failed", 4)
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
    body = run.stdout.partition("\n\nPromote aurora to prod: 1.4.1 → 9.9.1\n")[2]
    assert "passed   downgrade" in body
    lines = [one for one in body.splitlines() if not one.startswith("  promote ")]
    assert all(len(one) <= width for one in lines)


def test_dry_run_that_shows_a_change_ends_with_how_to_make_it(repo: Repository) -> None:
    said = "Nothing is changed yet: to go ahead, run it without {}.\n"
    assert ask(repo, "9.9.1", "--dry-run").stdout.endswith("\n" + said.format("--dry-run"))
    assert ask(repo, "9.9.1", "--check").stdout.endswith("\n" + said.format("--check"))
    for flags in (["--dry-run", "-q"], []):
        assert "to go ahead" not in ask(repo, "9.9.1", *flags).stdout
    assert "to go ahead" not in ask(repo, "9.9.1", "--dry-run").stdout


def test_diff_in_a_pipe_stays_one_that_git_applies(repo: Repository, tmp_path: Path) -> None:
    repo.git("read-tree", "main")
    for environment in ("dev", "prod"):
        run = ask(repo, "9.9.1", "--dry-run", "--env", environment)
        (tmp_path / "x.diff").write_text(run.stdout)
        assert repo.git("apply", "--cached", "--check", str(tmp_path / "x.diff")) == ""


def page(name: str, folder: Path, **more: Any) -> str:
    """Return a pull request's page as a window shows it."""
    draft = CASES[name]().draft(folder)
    assert draft.page is not None
    return render([PagePiece(draft.title, draft.page)], **more)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("width", thorough_after(2, [80, 40, 200]))
def test_a_page_in_a_pipe_fits_the_window_has_no_markup_and_says_nothing_twice(
    tmp_path: Path, name: str, width: int
) -> None:
    lines = page(name, tmp_path, width=width, terminal=False, colours=False).splitlines()
    text = "\n".join(lines)
    assert not re.search(r"</?[a-z]+>|<!--|\x1b|\ufffd|\u2060|\*\*|\]\(|^\||`", text, re.MULTILINE)
    whole = ("  promote ", "compare ", "Argo CD: ", "    ")
    assert [one for one in lines if len(one) > width and not one.startswith(whole)] == []
    long = [one for one in lines if len(one.split()) > 3 and not one.startswith("    ")]
    assert len(long) == len(set(long))
    assert "".join(text.split()).count("close this pull request".replace(" ", "")) == 1


def test_a_page_in_a_terminal_is_what_the_body_says(tmp_path: Path) -> None:
    shown = page("normal", tmp_path, width=100, terminal=False, colours=False)
    for said in (
        "2 images · ran in staging 3 days, dev 5 days\n",
        "compare 12 commits: https://github.com/acme/checkout/compare/",
        "Important: 1 breaking change: f9b0857 feat!: drop the v1 basket API (#224)",
        "  passed   downgrade      1.5.0 is newer than 1.4.0\n",
        "  skipped  signature      not required in prod\n",
        "\n12 commits\n",
        "  6 more: docs (2), ci (2), dependencies, refactoring\n",
        "  runs          1.5.0            1.5.0            1.4.0 → 1.5.0\n",
        "  Deployment checkout/checkout-api: checkout-api 1.4.0 → 1.5.0\n",
        "  promote rollback --app checkout --env prod --repo https://github.com/acme/gitops "
        "--reason TEXT\n",
    ):
        assert said in shown
    assert "@@" not in shown
    selector = page("labels-change-a-selector", tmp_path, width=100, terminal=False, colours=False)
    assert "    +      app: checkout-api" in selector or "    @@" in selector


def test_links_are_behind_their_words_where_there_is_a_terminal(tmp_path: Path) -> None:
    shown = page("normal", tmp_path, width=100, terminal=True, colours=True)
    assert re.search(r"\x1b\]8;[^;]*;https://github\.com/acme/checkout/compare/\S+\x1b", shown)
    assert "compare 12 commits: " not in shown


def test_a_narrow_window_lists_what_each_environment_runs() -> None:
    def cells(*texts: str) -> tuple[tuple[Span, ...], ...]:
        return tuple((Span(one),) if one else () for one in texts)

    table = Table(
        cells("", "development", "staging", "production"),
        (
            cells("runs", "1.5.0", "1.4.2", "1.4.1"),
            cells("since", "27 Nov", "26 Nov", "1 Jan"),
            cells("and 3 more environments", "", "", ""),
        ),
    )
    page = Page(headline=(Span("x"),), environments=table)
    shown = render([PagePiece("Title", page)], width=40, terminal=False, colours=False)
    assert shown.partition("Environments\n")[2].splitlines()[:10] == [
        "  development", "    runs: 1.5.0", "    since: 27 Nov",
        "  staging", "    runs: 1.4.2", "    since: 26 Nov",
        "  production", "    runs: 1.4.1", "    since: 1 Jan",
        "  and 3 more environments",
    ]  # fmt: skip


def test_text_from_outside_commands_no_terminal() -> None:
    hostile = "\x1b]0;owned\x07\rgone\u202e\u2028\n::error::x [bold]b[/bold]"
    link = Span(hostile, Style.CODE, "https://x.example/\x1b]0;owned\x07")
    shown = render(
        [
            PagePiece(
                hostile,
                Page(
                    headline=(link,),
                    facts=((link,), (link,)),
                    alerts=(Alert(Level.CAUTION, ((link,),)),),
                    checks=(GateResult(hostile, GateStatus.FAILED, hostile),),
                    commits=(Listing(hostile, ((link,),), hostile, ((link,),)),),
                    environments=Table(((link,), (link,)), (((link,), (link,)),)),
                    folds=(Fold(hostile, ((link,), CodeBlock(hostile, "diff", (link,)))),),
                    undo=Undo(hostile, hostile),
                    footer=(link,),
                ),
            )
        ],
        width=80,
        terminal=True,
        colours=False,
    )
    assert re.findall(r"\x1b(?!\[[0-9;]*m).{10}|[\x07\r\u202e\u2028]", shown) == []
    assert not re.search("^::", shown, re.MULTILINE)
    assert "[bold]b[/bold]" in shown


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_colours_still_have_the_shape_of_a_page(tmp_path: Path, width: int) -> None:
    bare = page("going-back", tmp_path, width=width, terminal=True, colours=False)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", bare)
    assert "\x1b[1mChecks\x1b[0m\n" in bare


def test_of_thousands_of_warnings_the_first_are_told_and_the_rest_counted() -> None:
    warnings = tuple(f"x{number} is left as it is" for number in range(20_000))
    outcome = Outcome(app="aurora", environment="prod", action=Action.UNCHANGED, warnings=warnings)
    told = envelope(outcome).warnings
    assert told[:50] == warnings[:50]
    assert told[50:] == ("19950 more warnings are not shown",)
