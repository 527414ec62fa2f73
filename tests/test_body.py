"""The pull's body: it answers a reviewer's questions, bounded, deterministic, and inert."""

from __future__ import annotations

import html
import os
import pty
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from markdown_it import MarkdownIt

from promoter import pull_request
from promoter.config.layout import Target
from promoter.config.sections import Environment, Templates
from promoter.domain.declaration import AppDeclaration, Declaration
from promoter.domain.evidence import (
    AppEvidence,
    BuiltImage,
    EnvironmentState,
    Evidence,
    GateResult,
    GateStatus,
    SourceCommit,
    SourceRange,
)
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest, RunningImage
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull, PullState
from promoter.edits.targets import KustomizeTarget
from promoter.git.folder import DirectoryTree
from promoter.planning import propose
from promoter.pull_request.checks import checks
from promoter.pull_request.commits import commit_listings
from promoter.pull_request.environments import has_images
from promoter.pull_request.markdown import LIMIT, BodySection, bounded_body, find_hidden
from promoter.render.objects import compare_renders
from tests.command import run_here
from tests.page_cases import API, CASES
from tests.world import Repository, aurora, promote

pytestmark = pytest.mark.provisioned

GOLDEN = Path(__file__).parent / "golden"
NAME = "ghcr.io/aurora-cloud/aurora-customer"
DIGEST = "sha256:" + "d" * 64
HOSTILE = (
    "@everyone", "#1", "<script>alert(1)</script>", "![x](http://evil/x.png)", "[a](http://evil)",
    "</details>", "-->", "`code`", "```", "| a | b |", "http://evil.example", "www.evil.example",
    ":tada:", "0123456789abcdef0123456789abcdef01234567", "GH-12", "\u202egnp", "&lt;b&gt;", "**b**",
    "::error::x", "##[error]x",
)  # fmt: skip
needs_renderer = pytest.mark.skipif(
    not (shutil.which("kustomize") or shutil.which("kubectl")),
    reason="neither kustomize nor kubectl is on PATH",
)


def proposal(
    tmp_path: Path, *, entries: str = f"  - name: {NAME}\n    newTag: 1.4.1\n",
    wanted: tuple[str, ...] = (NAME,), **more: Any,
) -> Proposal:  # fmt: skip
    """Return a promotion to 1.4.2 in a folder: of the one image there, or of those that are wanted."""
    folder = tmp_path / "prod"
    folder.mkdir()
    (folder / "kustomization.yaml").write_text(f"resources: [d.yaml]\nimages:\n{entries}")
    file = PurePosixPath("prod/kustomization.yaml")
    target = Target(
        "aurora", "prod", Environment(path="prod"), file, (KustomizeTarget(kind="kustomize"),)
    )
    images = tuple(ImageRequest(name, Tag.parse("1.4.2")) for name in wanted)
    declared = AppDeclaration("aurora", "prod", images, actor="ada", **more)
    return propose.propose_app(declared, target, DirectoryTree(tmp_path))


def running(name: str, tag: str, since: int | None = None, **more: Any) -> EnvironmentState:
    """Return an environment that has the image at a tag."""
    return EnvironmentState(name, (RunningImage(NAME, tag),), since, **more)


def evidence() -> Evidence:
    """Return what is known in a good case."""
    old = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\n  namespace: n\nspec:\n"
        "  template:\n    spec:\n      containers:\n        - name: a\n          image: {}\n"
    )
    before, after = (old.format(f"{NAME}:{tag}") for tag in ("1.4.1", "1.4.2"))
    commits = (
        SourceCommit("a" * 40, "feat(api)!: drop v1 (#41)", "Ada"),
        SourceCommit("b" * 40, "fix: a leak", "Grace"),
        SourceCommit("c" * 40, "Mend the build (#40)", "Linus"),
    )
    gates = (
        GateResult("edit", GateStatus.PASSED, "1 field changed"),
        GateResult("exists", GateStatus.PASSED, "in the registry"),
    )
    app = AppEvidence(
        "aurora",
        render=compare_renders(before, after),
        environments=(
            running("dev", "1.4.2", 1_767_225_600, age=200_000),
            running("prod", "1.4.1", 1_764_547_200, age=3_000_000, target=True),
        ),
        source=SourceRange(
            "https://github.com/aurora-cloud/aurora", "0" * 40, "a" * 40, "ahead", commits
        ),
        built={
            NAME: BuiltImage(
                "sha256:" + "d" * 64, datetime(2026, 1, 1, tzinfo=UTC), ("linux/amd64",)
            )
        },
        running={NAME: BuiltImage("sha256:" + "e" * 64, datetime(2025, 12, 1, tzinfo=UTC))},
        gates=gates,
    )
    return Evidence((app,), gates, "https://github.com/aurora-cloud/gitops")


def with_app(known: Evidence, **more: Any) -> Evidence:
    """Return the same with something else known of the app."""
    return replace(known, members=(replace(known.members[0], **more),))


@pytest.mark.parametrize("name", CASES)
def test_a_body_is_golden_and_made_alike_each_time(tmp_path: Path, name: str) -> None:
    draft = CASES[name]().draft(tmp_path)
    assert draft == CASES[name]().draft(tmp_path)
    assert f"{draft.title}\n\n{draft.body}" == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("normal", (
            "`1.4.0` → `1.5.0`", "ran in **staging 3 days**, **dev 5 days**", "[compare 12 commits](",
            "[Argo CD](https://argocd.acme.example/applications/argocd/checkout-prod)",
            "**1 breaking change:**", "only container images change, in 2 objects",
            "1.5.0 is newer than 1.4.0", "both images exist for linux/amd64 and linux/arm64",
            "built 23 Nov 2026", "Ravi Menon, 15 Nov", "6 more: docs (2), ci (2)", "24 Nov (3 days)",
            "https://github.com/acme/gitops/pull/418", "#L4)", "promote rollback --app checkout",
            "`promote auto` does not propose 1.5.0 again", "**dana** in [run 77](",
        )),
        ("three-images-three-tags", (
            "| `ghcr.io/acme/checkout-web` | `2.0.1` | `2.1.0` |", "promote rollback --app checkout",
        )),
        ("digests-in-prod-tags-in-dev", ("ran in **staging 3 days**, **dev 5 days**",)),
        ("labels-change-a-selector", (
            "[!CAUTION]", "Kubernetes refuses this change of immutable fields:** `spec.selector`",
            "More than images changes:",
        )),
        ("going-back", (
            "**This goes back.** 12 commits that run now go away.", "### 12 commits go away",
            "an older tag takes the place of a newer one",
        )),
        ("first-promotion", ("(nothing was set before)", "there was no earlier tag", "revert the merge")),
        ("no-registry-no-renderer", (
            "[!WARNING]", "**Not judged:**", "neither kustomize nor kubectl is on PATH",
            "ghcr.io gave no answer in 3 s",
        )),
        ("300-commits", ("### 300 commits", "292 more: ", "and 142 more")),
    ],
)  # fmt: skip
def test_a_body_answers_what_a_reviewer_asks(
    tmp_path: Path, name: str, answers: tuple[str, ...]
) -> None:
    body = CASES[name]().draft(tmp_path).body
    for answer in answers:
        assert answer in body, answer


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("normal", "Promote checkout to prod: 1.4.0 → 1.5.0"),
        ("three-images-three-tags", "Promote checkout to prod: 3 images"),
        ("digests-in-prod-tags-in-dev", "Promote checkout to prod: 1.4.0 → 1.5.0"),
        ("going-back", "Roll back checkout in prod: 1.5.0 → 1.4.0"),
        ("first-promotion", "Promote checkout to prod: 0.1.0"),
    ],
)
def test_title_and_subject_say_from_and_to_and_never_a_digest(
    tmp_path: Path, name: str, title: str
) -> None:
    case = CASES[name]()
    assert case.draft(tmp_path).title == title
    message = pull_request.message(case.proposal(tmp_path), Templates())
    assert message.partition("\n")[0] == title


def test_a_title_names_no_digest_where_there_is_nothing_else(tmp_path: Path) -> None:
    case = replace(CASES["normal"](), pin="digest", images=((API, "1.4.0", "1.5.0"),))
    assert case.draft(tmp_path).title == "Promote checkout to prod: 1.4.0 → a new digest"


def test_only_what_is_to_be_feared_is_an_alert(tmp_path: Path) -> None:
    case = CASES["normal"]()
    assert case.source is not None
    quiet = replace(case, source=replace(case.source, commits=case.source.commits[:6]))
    assert "[!" not in quiet.draft(tmp_path).body


def test_going_back_compares_in_the_direction_that_the_forge_shows(tmp_path: Path) -> None:
    case = CASES["going-back"]()
    assert case.source is not None
    body = case.draft(tmp_path).body
    assert f"/compare/{case.source.new}...{case.source.old})" in body
    assert "not yet in any other environment" not in body


def test_an_older_tag_that_is_newer_by_policy_is_no_roll_back(tmp_path: Path) -> None:
    case = replace(CASES["going-back"](), allow=())
    assert case.draft(tmp_path).title == "Promote checkout to prod: 1.5.0 → 1.4.0"


@pytest.mark.parametrize(
    ("image", "known", "runs"),
    [
        (RunningImage(NAME, "1.4.2"), None, True),
        (RunningImage(NAME, "1.4.1"), None, False),
        (RunningImage(NAME, None, DIGEST), DIGEST, True),
        (RunningImage(NAME, None, DIGEST), "sha256:" + "e" * 64, False),
        (RunningImage(NAME, None, DIGEST), None, None),
        (RunningImage("other", "1.4.2"), None, None),
    ],
)
def test_an_environment_is_compared_by_what_both_sides_have(
    tmp_path: Path, image: RunningImage, known: str | None, runs: bool | None
) -> None:
    state = EnvironmentState("dev", (image,))
    seen = AppEvidence("aurora", built={NAME: BuiltImage(known)} if known else {})
    assert has_images(state, proposal(tmp_path).moves, seen) is runs


def test_the_merge_of_a_pull_request_stands_for_its_commits() -> None:
    commits = (
        SourceCommit("a" * 40, "feat: baskets (#40)", "Ada"),
        SourceCommit("b" * 40, "add a test", "Ada", merged=True),
        SourceCommit("c" * 40, "refactor!: no v1", "Ada", merged=True),
        SourceCommit("d" * 40, "WIP later", "Ada"),
        SourceCommit("e" * 40, "Merge branch 'main' into baskets", "Ada"),
        SourceCommit("f" * 40, "docs: say it", "Ada", breaking="no v1"),
    )
    source = replace(evidence().source, commits=commits)  # type: ignore[type-var]
    (listing,) = commit_listings(with_app(evidence(), source=source))
    shown = ["".join(span.text for span in line) for line in listing.lines]
    assert [one.split()[0] for one in shown] == ["Breaking", "Breaking", "Feature"]
    assert "feat: baskets (#40) — Ada" in shown[2]
    assert listing.rest_heading == (
        "3 more: commits of these pull requests, work in progress, merges"
    )


def test_state_survives_people_who_edit_around_it(tmp_path: Path) -> None:
    made = proposal(tmp_path)
    draft = pull_request.draft(made, Templates(), evidence())
    edited = f"LGTM!\n\n{draft.body}\n\n- [ ] tell the team\n"
    state = find_hidden("state", edited)
    assert state is not None
    assert (state["schema"], state["images"]) == (1, [f"{NAME}=1.4.2"])
    pull = Pull(1, "u", PullState.CLOSED, "b", "main", "h", draft.title, edited)
    assert pull_request.agrees(pull, draft)
    assert pull_request.declines(pull, made)
    ours = replace(pull, body=pull_request.mark_closed(edited))
    assert not pull_request.declines(ours, made)


def test_a_diff_that_quotes_the_mark_of_a_closing_is_no_closing_by_us(tmp_path: Path) -> None:
    made = proposal(tmp_path)
    draft = pull_request.draft(made, Templates(), evidence())
    quoted = f"+# <!-- promoter:closed -->\n<!-- promoter:closed -->\n{draft.body}\n"
    pull = Pull(1, "u", PullState.CLOSED, "b", "main", "h", draft.title, quoted)
    assert pull_request.declines(pull, made)
    ours = f"{pull_request.mark_closed(quoted)}\nA person's last word.\n"
    assert not pull_request.declines(replace(pull, body=ours), made)


def test_a_body_knows_its_bounds(tmp_path: Path) -> None:
    many = tuple(SourceCommit(f"{n:040x}", "fix: " + "x" * 500, "A" * 500) for n in range(5000))
    states = tuple(running(f"env-{n}", "1.4.2" * 20) for n in range(400))
    source = replace(evidence().source, commits=many)  # type: ignore[type-var]
    huge = with_app(evidence(), source=source, environments=states)
    body = pull_request.draft(proposal(tmp_path), Templates(), huge).body
    assert len(body) <= LIMIT
    assert body.count("```") % 2 == 0
    assert body.count("<details>") == body.count("</details>")
    assert find_hidden("state", body)


def test_hundreds_of_images_leave_room_for_what_else_a_reviewer_asks(tmp_path: Path) -> None:
    names = tuple(f"{NAME}-{number:03}" for number in range(500))
    entries = "".join(f"  - name: {name}\n    newTag: 1.4.1\n" for name in names)
    made = proposal(tmp_path, entries=entries, wanted=names)
    body = pull_request.draft(made, Templates(), evidence()).body
    assert len(body) <= LIMIT
    assert "and 440 more" in body
    for answer in ("500 images", "### 3 commits", "### Environments", "Asked for by **ada**"):
        assert answer in body
    assert "promote rollback --app aurora" in body
    pull = Pull(1, "u", PullState.CLOSED, "b", "main", "h", "t", body)
    assert pull_request.declines(pull, made)
    images = (ImageRequest("x", Tag("2")),)
    other = replace(made, declaration=replace(made.declaration.first, images=images).alone)
    assert not pull_request.declines(pull, other)


@pytest.mark.parametrize(
    ("entries", "command"),
    [
        ((("one", "1.4.3"), ("two", "1.4.3")), "--tag 1.4.3`"),
        ((("one", "1.4.3"), ("two", "2.1.0")), "--image one=1.4.3 --image two=2.1.0`"),
        ((("one", "1.4.3"), ("two", "1.4.3"), ("other", "1.4.3")), "--image one=1.4.3 --image two=1.4.3`"),
        ((("one", "latest"), ("two", "1.4.3")), "--image one=latest --image two=1.4.3 --allow mutable-tag`"),
    ],
)  # fmt: skip
def test_what_undoes_a_step_back_names_just_what_it_changed(
    tmp_path: Path, entries: tuple[tuple[str, str], ...], command: str
) -> None:
    listed = "".join(f"  - name: {name}\n    newTag: {tag}\n" for name, tag in entries)
    back = proposal(tmp_path, entries=listed, wanted=("one", "two"), allow=("downgrade",))
    made = replace(back, declaration=replace(back.declaration.first, allow=()).alone)
    body = pull_request.draft(back, Templates(), evidence()).body
    where = "promote --app aurora --env prod --repo https://github.com/aurora-cloud/gitops"
    assert f"{where} {command}" in body
    undo = pull_request.draft(made, Templates(), evidence()).body
    where = where.replace("promote", "promote rollback", 1)
    assert f"{where} --reason TEXT" in undo


@pytest.mark.parametrize("wanted", [(NAME,), (NAME, "two")])
def test_another_tag_of_the_same_image_is_alerted(tmp_path: Path, wanted: tuple[str, ...]) -> None:
    entries = "".join(f"  - name: {name}\n    newTag: 1.4.1\n" for name in wanted)
    known = evidence()
    same = with_app(known, running={NAME: known.built[NAME]})
    made = proposal(tmp_path, entries=entries, wanted=wanted)
    body = pull_request.draft(made, Templates(), same).body
    which = "aurora-customer " if len(wanted) > 1 else ""
    said = f"**The same image under another tag:** {which}1.4.2 is 1.4.1 (`sha256:ddddddd…`)."
    assert said in body
    assert "same image" not in pull_request.draft(made, Templates(), known).body


def test_a_name_that_is_pulled_from_elsewhere_is_told_with_its_source(tmp_path: Path) -> None:
    entries = f"  - name: {NAME}\n    newName: evil.example/x\n    newTag: 1.4.1\n"
    body = pull_request.draft(proposal(tmp_path, entries=entries), Templates(), evidence()).body
    assert f"| `{NAME}`, pulled as `evil.example/x` |" in body


def test_environments_stand_in_their_order_whichever_is_the_target(tmp_path: Path) -> None:
    states = (running("dev", "1.4.2", 1, age=90_000), running("qa", "1.4.1", 1, target=True))
    known = with_app(
        evidence(), environments=(*states, running("prod", "1.4.0", 1)), more_environments=3
    )
    body = pull_request.draft(proposal(tmp_path), Templates(), known).body
    assert "|  | dev | qa (this pull request) | prod |" in body
    assert "ran in **dev 25 hours**" in body
    assert "| and 3 more environments |" in body
    assert "mermaid" not in body


def test_many_environments_stand_below_each_other(tmp_path: Path) -> None:
    states = tuple(running(f"eu-{number}", "1.4.2", 1) for number in range(8))
    known = with_app(evidence(), environments=(*states, running("prod", "1.4.1", 1, target=True)))
    body = pull_request.draft(proposal(tmp_path), Templates(), known).body
    assert "|  | runs | since |" in body
    assert "| prod (this pull request) | `1.4.1` → `1.4.2` |" in body


def test_what_goes_out_is_told_beside_what_comes_in(tmp_path: Path) -> None:
    come, gone = (
        SourceCommit(sha * 40, title, "x") for sha, title in (("a", "come"), ("b", "gone"))
    )
    source = SourceRange("https://github.com/o/r", "0" * 40, "a" * 40, "diverged", (come,), 0)
    known = with_app(evidence(), source=replace(source, removed=(gone,), removed_more=2))
    body = pull_request.draft(proposal(tmp_path), Templates(), known).body
    assert "**This takes commits away.** 3 commits that run now go away" in body
    assert body.index("### 1 commit comes in") < body.index("come —")
    assert body.index("come —") < body.index("### 3 commits go away") < body.index("gone —")


def test_a_groups_page_has_each_apps_commits_and_environments(tmp_path: Path) -> None:
    case = CASES["normal"]()
    known, alone = case.evidence(tmp_path), case.proposal(tmp_path)
    apps = ("api", "web")
    members = tuple(replace(alone.declaration.first, app=app) for app in apps)
    moves = tuple(replace(move, app=app) for app in apps for move in alone.moves)
    declaration = Declaration("shop", members, is_together=True)
    whole = replace(alone, declaration=declaration, moves=moves, undo=())
    (one,) = known.members
    assert one.source is not None
    sources = [replace(one.source, new=f"{number}" * 40) for number, _ in enumerate(apps)]
    each = [replace(one, app=a, source=s) for a, s in zip(apps, sources, strict=True)]
    together = replace(known, members=tuple(each))
    body = pull_request.draft(whole, Templates(), together).body
    for app in ("api", "web"):
        assert f"### {app}: 12 commits\n" in body
        assert f"| {app} | `1.5.0` since 22 Nov (5 days) | `1.5.0` since 24 Nov (3 days) | " in body
    assert "**2 breaking changes:**" in body
    shared = replace(known, members=tuple(replace(one, app=app) for app in apps))
    assert (
        pull_request.draft(whole, Templates(), shared).body.count("12 commits") == 2
    )  # heading and link


def test_what_breaks_is_said_with_the_breaking_commit(tmp_path: Path) -> None:
    commits = (SourceCommit("a" * 40, "feat: keys", "Ada", breaking="X-Key is required"),)
    source = SourceRange("https://github.com/o/r", "0" * 40, "a" * 40, "ahead", commits, 0)
    body = pull_request.draft(
        proposal(tmp_path), Templates(), with_app(evidence(), source=source)
    ).body
    assert re.search(r"\*\*1 breaking change:\*\* .*feat: keys — Ada: X-Key is required", body), (
        body
    )


def test_a_body_is_cut_to_its_bounds_in_bounded_time() -> None:
    sections = [
        BodySection(f"Part {part}", "", 1, more=tuple(f"- {row} {'x' * 200}" for row in range(150)))
        for part in range(20)
    ]
    body = bounded_body("Head", sections, "Foot")
    assert len(body) <= LIMIT
    assert body.startswith("Head\n\n### Part 0\n\n- 0 x")
    assert "the end of “part 19”" in body
    assert body.endswith("\n\nFoot\n")
    around = "ü" * 3_000
    assert len(around + bounded_body("Head", sections, "Foot", around=around)) <= LIMIT


def test_what_many_apps_have_in_common_is_one_check() -> None:
    def gates(number: int) -> tuple[GateResult, ...]:
        order = GateResult(
            "downgrade", GateStatus.PASSED, f"1.{number}.1 is newer than 1.{number}.0"
        )
        soak = GateResult("soak", GateStatus.ALLOWED, "asked for") if number in (7, 8) else None
        edit = GateResult("edit", GateStatus.PASSED, "1 field changed")
        return (edit, order, soak) if soak else (edit, order)

    apps = tuple(AppEvidence(f"app-{n:02}", gates=gates(n)) for n in range(60))
    rows = [(one.name, one.verdict, one.detail) for one in checks(Evidence(apps))]
    assert rows[0] == ("edit", "passed", "all 60 apps: 1 field changed")
    assert [one[2] for one in rows if one[0] == "downgrade"] == [
        "app-00: 1.0.1 is newer than 1.0.0",
        "app-01: 1.1.1 is newer than 1.1.0",
        "app-02: 1.2.1 is newer than 1.2.0",
        "and 57 more apps, each with values of its own",
    ]
    assert rows[-1] == ("soak", "allowed", "app-07, app-08: asked for")


def test_what_was_skipped_for_some_of_many_apps_is_not_told_as_passed() -> None:
    apps = tuple(
        AppEvidence(
            f"app-{number}", gates=(GateResult("render", GateStatus(verdict), f"detail {number}"),)
        )
        for number, verdict in enumerate(["passed"] * 5 + ["skipped"])
    )
    rows = [(one.verdict, one.detail) for one in checks(Evidence(apps))][3:]
    assert rows == [
        ("passed", "and 2 more apps, each with values of its own"),
        ("skipped", "and 1 more app, each with values of its own"),
    ]


def test_a_page_holds_the_same_without_markup(tmp_path: Path) -> None:
    draft = CASES["normal"]().draft(tmp_path)
    assert draft.page is not None
    parts = ["".join(span.text for span in one) for one in (draft.page.headline, *draft.page.facts)]
    assert parts == [
        "checkout in prod: 1.4.0 → 1.5.0",
        "2 images",
        "ran in staging 3 days, dev 5 days",
        "compare 12 commits",
        "Argo CD",
    ]


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_comes_from_outside_is_inert(tmp_path: Path, text: str) -> None:
    commits = (SourceCommit("a" * 40, text, text), SourceCommit("b" * 40, f"feat: {text}", "x"))
    app = AppEvidence(
        "aurora",
        source=SourceRange("https://github.com/o/r", "0" * 40, text, "ahead", commits),
        environments=(running(text, text, 1), running("prod", text, 2, target=True)),
        argocd=f"https://argo.example/{text}",
        built={NAME: BuiltImage(text, None, (text,))},
    )
    gates = (GateResult(text, GateStatus.UNKNOWN, text),)
    known = Evidence((app,), gates, repository=f"https://github.com/o/g/{text}", base=text)
    made = proposal(tmp_path, run=f"javascript:{text}", source_revision=text)
    body = pull_request.draft(made, Templates(title="{to} {run}"), known).body
    shown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    visible = re.sub(r"<(code|pre)\b.*?</\1>", "", shown, flags=re.DOTALL)
    visible = re.sub(r"<!--.*?-->", "", visible, flags=re.DOTALL)
    for tag in re.findall(r"</?([a-z][a-z0-9]*)", visible):
        assert tag in {
            "p", "h3", "table", "thead", "tbody", "tr", "th", "td", "strong", "ul", "li", "a", "em",
            "details", "summary", "blockquote", "ol", "br", "sub",
        }, tag  # fmt: skip
    links = re.findall(r'href="([^"]*)"', visible)
    ours = (
        "https://ghcr.io/aurora-cloud/",
        "https://github.com/o/r/",
        "https://github.com/o/g/",
        "https://argo.example/",
    )
    assert all(one.startswith(ours) for one in links), links
    words = html.unescape(re.sub(r"<[^>]*>", "", visible))
    assert not re.search(r"@everyone|#1\b|:tada:|\b[0-9a-f]{40}\b|GH-12", words)
    assert "\u202e" not in words
    assert not re.search(r"^\s*::error", body, re.MULTILINE)


@needs_renderer
@pytest.mark.usefixtures("real_renderer")
def test_body_leads_with_what_else_would_change(tmp_path: Path) -> None:
    repo = _with_replacement(tmp_path)
    ask = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--output", "json")
    out = promote(*ask, "--dry-run").json
    body = out["pull_request"]["body"]
    assert "[!CAUTION]" in body.split("###")[0]
    assert "More than images changes:" in body.split("###")[0]


# What strict refuses is shown in tests/test_judge.py.
@pytest.mark.thorough
@needs_renderer
@pytest.mark.usefixtures("real_renderer")
def test_strict_refuses_a_change_of_more_than_images(tmp_path: Path) -> None:
    repo = _with_replacement(tmp_path)
    ask = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--output", "json")
    text = repo.read("promoter.yaml").replace("deliver: pull-request", "render: strict")
    repo.commit("main", "promoter.yaml", text)
    done = promote(*ask)
    assert done.code == 3, done.stdout
    assert done.json["refusals"][0]["rule"] == "render"


def _with_replacement(tmp_path: Path) -> Repository:
    """Make the Aurora repository with an environment variable that follows the image."""
    repo = aurora(tmp_path / "aurora.git")
    path = "clusters/prod/apps/aurora/kustomization.yaml"
    more = """\
replacements:
  - source:
      kind: Deployment
      name: aurora-customer
      fieldPath: spec.template.spec.containers.0.image
    targets:
      - select: {kind: ConfigMap}
        fieldPaths: [data.IMAGE]
        options: {create: true}
"""
    repo.commit("main", path, repo.read(path).rstrip() + "\n" + more)
    return repo


def test_without_a_renderer_it_is_said_once_and_the_rest_works(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").symlink_to(str(shutil.which("git")))
    ask = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--dry-run")
    run = promote(*ask, "--output", "json", env={"PATH": str(folder)})
    assert run.code == 0, run.stderr
    assert run.json["pull_request"]["body"].count("Not judged:") == 1


def _read_all(terminal: int) -> str:
    """Return what is shown on a terminal until nobody has it open any more."""
    shown = b""
    with os.fdopen(terminal, "rb", buffering=0) as stream, suppress(OSError):
        while data := stream.read(1 << 16):
            shown += data
    return shown.decode()


@pytest.mark.parametrize(("variables", "has_colours"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colours_and_a_page_unless_it_declines(
    tmp_path: Path, variables: dict[str, str], *, has_colours: bool
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    command = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--dry-run")
    ours, its = pty.openpty()
    with (
        ThreadPoolExecutor() as pool,
        os.fdopen(its, "wb") as out,
        Path(os.devnull).open("wb") as err,
    ):
        shown = pool.submit(_read_all, ours)
        code = run_here(command, {**os.environ, "TERM": "xterm", **variables}, tmp_path, out, err)
        out.close()
        seen = shown.result()
    assert code == 0
    colour = re.search(r"\x1b\[(?:\d+;)*(?:[34][0-8]|9[0-7])[;m]", seen)
    assert bool(colour) == has_colours
    assert "<details>" not in seen
    assert "newTag: 9.9.1" in seen
