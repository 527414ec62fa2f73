"""The pull's body: it answers a reviewer's questions, bounded, deterministic, and inert."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from markdown_it import MarkdownIt

from promoter import pull_request
from promoter.config.layout import Target
from promoter.config.sections import Environment, Templates
from promoter.domain.declaration import Declaration
from promoter.domain.evidence import Brings, Built, Evidence, GateResult, Place, SourceCommit
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest, Pull, PullState
from promoter.domain.proposal import Proposal
from promoter.edits.targets import KustomizeTarget
from promoter.git.folder import DirectoryTree
from promoter.planning import propose
from promoter.pull_request.markdown import LIMIT, find_hidden
from promoter.render.objects import compare
from tests.world import Repository, aurora, promote

GOLDEN = Path(__file__).parent / "golden" / "body.md"
NAME = "ghcr.io/aurora-cloud/aurora-customer"
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
    wanted: tuple[str, ...] = (NAME,), **more: str,
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
    declaration = Declaration("aurora", "prod", images, actor="ada", **more)  # type: ignore[arg-type]
    return propose.propose(declaration, target, DirectoryTree(tmp_path))


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
    return Evidence(
        render=compare(before, after),
        places=(
            Place("dev", ("1.4.2",), 1_767_225_600, age=200_000),
            Place("prod", ("1.4.1",), 1_764_547_200, age=3_000_000, target=True),
        ),
        brings=Brings(
            "https://github.com/aurora-cloud/aurora", "0" * 40, "a" * 40, "ahead", commits
        ),
        built={
            NAME: Built("sha256:" + "d" * 64, datetime(2026, 1, 1, tzinfo=UTC), ("linux/amd64",))
        },
        running={NAME: Built("sha256:" + "e" * 64, datetime(2025, 12, 1, tzinfo=UTC))},
        repository="https://github.com/aurora-cloud/gitops",
        gates=(
            GateResult("edit", "passed", "1 field changed"),
            GateResult("exists", "passed", "in the registry"),
        ),
    )


def test_body_is_golden_and_answers_every_question(tmp_path: Path) -> None:
    made = proposal(tmp_path, run="https://github.com/o/r/actions/runs/1", source_revision="a" * 40)
    body = pull_request.draft(made, Templates(), evidence()).body
    assert body == pull_request.draft(made, Templates(), evidence()).body
    for answer in (
        "1.4.1", "1.4.2", "What changes at run time", "Only container images change, in 1 object",
        "What it brings", "Breaking changes", "Where it has been", "2026-01-01", "flowchart LR",
        "Why it may go", "How to undo it", "--allow downgrade", "Asked by: `ada`", "/actions/runs/1",
    ):  # fmt: skip
        assert answer in body, answer
    assert body == GOLDEN.read_text(encoding="utf-8")


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


def test_a_body_knows_its_bounds(tmp_path: Path) -> None:
    many = tuple(SourceCommit(f"{n:040x}", "fix: " + "x" * 500, "A" * 500) for n in range(5000))
    places = tuple(Place(f"env-{n}", ("1.4.2",) * 50) for n in range(400))
    huge = replace(evidence(), brings=replace(evidence().brings, commits=many), places=places)  # type: ignore[type-var]
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
    for heading in ("What changes", "Where it has been", "How to undo it", "Who asked"):
        assert f"### {heading}\n" in body
    pull = Pull(1, "u", PullState.CLOSED, "b", "main", "h", "t", body)
    assert pull_request.declines(pull, made)
    other = replace(
        made, declaration=replace(made.declaration, images=(ImageRequest("x", Tag("2")),))
    )
    assert not pull_request.declines(pull, other)


@pytest.mark.parametrize(
    ("entries", "command"),
    [
        ((("one", "1.4.1"), ("two", "1.4.1")), "--tag 1.4.1 --allow downgrade"),
        ((("one", "1.4.1"), ("two", "2.1.0")), "--image one=1.4.1 --image two=2.1.0 --allow downgrade"),
        ((("one", "1.4.1"), ("two", "1.4.1"), ("other", "1.4.1")), "--image one=1.4.1 --image two=1.4.1"),
        ((("one", "latest"), ("two", "latest")), "--tag latest --allow downgrade --allow mutable-tag"),
    ],
)  # fmt: skip
def test_what_undoes_a_promotion_names_just_what_it_changed(
    tmp_path: Path, entries: tuple[tuple[str, str], ...], command: str
) -> None:
    listed = "".join(f"  - name: {name}\n    newTag: {tag}\n" for name, tag in entries)
    made = proposal(tmp_path, entries=listed, wanted=("one", "two"))
    body = pull_request.draft(made, Templates(), evidence()).body
    where = "promote --app aurora --env prod --repo https://github.com/aurora-cloud/gitops"
    assert f"{where} {command}" in body


def test_a_name_that_is_pulled_from_elsewhere_is_told_with_its_source(tmp_path: Path) -> None:
    entries = f"  - name: {NAME}\n    newName: evil.example/x\n    newTag: 1.4.1\n"
    body = pull_request.draft(proposal(tmp_path, entries=entries), Templates(), evidence()).body
    assert f"| `{NAME}`, pulled as `evil.example/x` |" in body


def test_environments_stand_in_their_order_whichever_is_the_target(tmp_path: Path) -> None:
    places = (Place("dev", ("1.4.2",), 1, age=90_000), Place("qa", ("1.4.1",), 1, target=True))
    known = replace(evidence(), places=(*places, Place("prod", ("1.4.0",), 1)), more_places=3)
    body = pull_request.draft(proposal(tmp_path), Templates(), known).body
    assert re.findall(r'e(\d)\["(\w+)', body) == [("0", "dev"), ("1", "qa"), ("2", "prod")]
    assert "`1.4.2` has run in `dev` for 25 hours." in body
    assert "… and 3 more environments." in body


def test_what_goes_out_is_told_beside_what_comes_in(tmp_path: Path) -> None:
    come, gone = (
        SourceCommit(sha * 40, title, "x") for sha, title in (("a", "come"), ("b", "gone"))
    )
    brings = Brings("https://github.com/o/r", "0" * 40, "a" * 40, "diverged", (come,), 0)
    known = replace(evidence(), brings=replace(brings, taken=(gone,), taken_more=2))
    body = pull_request.draft(proposal(tmp_path), Templates(), known).body
    assert (
        "1 commit that what runs now does not have, and 3 commits that run now are taken out"
        in body
    )
    assert body.index("come —") < body.index("**Going out**") < body.index("gone —")


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_comes_from_outside_is_inert(tmp_path: Path, text: str) -> None:
    commits = (SourceCommit("a" * 40, text, text), SourceCommit("b" * 40, f"feat: {text}", "x"))
    known = Evidence(
        render_note=text,
        brings=Brings("https://github.com/o/r", "0" * 40, text, "ahead", commits),
        places=(Place("dev", (text,), 1), Place("prod", (text,), 2, target=True)),
        gates=(GateResult(text, "unknown", text),),
        built={NAME: Built(text, None, (text,))},
    )
    made = proposal(tmp_path, run=f"javascript:{text}", source_revision=text)
    body = pull_request.draft(made, Templates(title="{to} {run}"), known).body
    shown = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    visible = re.sub(r"<(code|pre)\b.*?</\1>", "", shown, flags=re.DOTALL)
    visible = re.sub(r"<!--.*?-->", "", visible, flags=re.DOTALL)
    for tag in re.findall(r"</?([a-z][a-z0-9]*)", visible):
        assert tag in {
            "p", "h3", "table", "thead", "tbody", "tr", "th", "td", "strong", "ul", "li", "a", "em",
            "details", "summary", "blockquote", "ol", "br",
        }, tag  # fmt: skip
    links = re.findall(r'href="([^"]*)"', visible)
    ours = ("https://ghcr.io/aurora-cloud/", "https://github.com/o/r/")
    assert all(one.startswith(ours) for one in links), links
    words = html.unescape(re.sub(r"<[^>]*>", "", visible))
    assert not re.search(r"@everyone|#1\b|:tada:|\b[0-9a-f]{40}\b|GH-12", words)
    assert "\u202e" not in words
    assert not re.search(r"^\s*::error", body, re.MULTILINE)


@needs_renderer
def test_body_leads_with_what_else_would_change_and_strict_refuses_it(tmp_path: Path) -> None:
    repo = _with_replacement(tmp_path)
    ask = ("--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--output", "json")
    out = promote(*ask, "--dry-run").json
    body = out["pull_request"]["body"]
    assert "[!CAUTION]" in body.split("###")[0]
    assert "More than images would change at run time" in body.split("###")[0]
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
    assert run.json["pull_request"]["body"].count("neither kustomize nor kubectl") == 1


def test_a_terminal_gets_colours_and_a_page_unless_it_declines(tmp_path: Path) -> None:
    if not shutil.which("script"):
        pytest.skip("script is not on PATH")
    repo = aurora(tmp_path / "aurora.git")
    program = f"{sys.executable} -m promoter"
    command = f"{program} --app aurora --tag 9.9.1 --repo {repo.path} --dry-run"
    seen = {}
    for name, prefix in (("rich", "TERM=xterm"), ("plain", "TERM=xterm NO_COLOR=1")):
        seen[name] = subprocess.run(
            ["script", "-qec", f"env {prefix} {command}", "/dev/null"],
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip
    assert "\x1b[" in seen["rich"]
    assert "<details>" not in seen["rich"]
    assert "\x1b[" not in seen["plain"]
    assert "newTag: 9.9.1" in seen["rich"]
