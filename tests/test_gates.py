"""Gates: all are asked, none hides another, what is allowed is recorded, and a new one is one row."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from promoter import pull_request
from promoter.cli.command_table import COMMANDS
from promoter.config.layout import Target
from promoter.config.sections import Checks, Environment, Templates
from promoter.domain.branch import BranchCommit
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import BuiltImage, Evidence, GateStatus
from promoter.domain.image import Digest, Ref, Tag
from promoter.domain.model import FieldChange, FileEdit, ImageMove, ImageRequest
from promoter.domain.proposal import Proposal
from promoter.domain.refusal import Refusal
from promoter.domain.render import RenderVerdict as Render
from promoter.domain.rules import ALLOWABLE, Rule
from promoter.domain.trees import FilesTree
from promoter.gates import GATES, Facts, Gate, ImageFacts, SignatureCheck, judge
from promoter.gates.gate import Verdict
from promoter.policy.precedence import Ordering, TagChange
from promoter.render.objects import compare_renders
from tests.world import AURORA, Repository, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ghcr.io/o/app"
FILE = PurePosixPath("apps/app/kustomization.yaml")
DIGEST = "sha256:" + "d" * 64


def environment(**checks: object) -> Environment:
    """Return an environment with these checks."""
    return Environment(path="apps/{app}", checks=Checks.model_validate(checks))


def facts(old: str = "1.4.1", new: str = "1.4.2", **known: Any) -> Facts:
    """Return what the gates look at where all is well, but for what is given."""
    change = FieldChange(FILE, 3, 11, "newTag", NAME, old, new)
    proposal = Proposal(
        AppDeclaration("app", "prod", (ImageRequest(NAME, Tag(new)),)).alone,
        (FileEdit(FILE, old.encode(), new.encode(), (change,)),),
        (ImageMove(NAME, Ref(old), Ref(new)),),
    )
    target = Target("app", "prod", environment(exists="refuse"), FILE)
    return replace(
        Facts(
            target=target,
            base="main",
            branch="promote/prod/app",
            now=0,
            makes_commit=True,
            proposal=proposal,
            tag_changes=(TagChange("app", NAME, old, new),),
        ),
        **known,
    )


def image(**known: Any) -> ImageFacts:
    """Return what a registry says of an image that it has, but for what is given."""
    built = BuiltImage(DIGEST, None, ("linux/amd64",))
    return replace(ImageFacts(ImageRequest(NAME, Tag("1.4.2")), NAME, built), **known)


ABSENT = image(image=None, absent=True, error=PromoteError("no such tag", "Push it."))
UNREAD = image(image=None, error=PromoteError("no answer in 3 s", "Log in."))
REFUSAL = Refusal("dead-edit", "no container uses it", "", "f", 1, 1)
LOADED = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: %s}\n"


def settings(**checks: object) -> dict[str, Any]:
    """Return the target of an environment with these checks."""
    return {"target": Target("app", "prod", environment(**checks), FILE)}


def results(seen: Facts) -> dict[str, str]:
    """Return each gate that says something, with its verdict."""
    return {one.name: str(one.verdict) for one in judge(seen).results}


@pytest.mark.parametrize(
    ("seen", "gate", "result"),
    [
        (facts(), "edit", "passed"),
        (facts(proposal=None, edit_refusals=(Refusal("alias", "shared"),)), "edit", "failed"),
        (facts(proposal=None, edit_refusals=(Refusal("placeholder", "${T}"),)), "placeholder", "failed"),
        (facts(), "downgrade", "passed"),
        (facts("1.5.0", "1.4.2"), "downgrade", "failed"),
        (facts("abc", "def"), "downgrade", "unknown"),
        (facts(tag_changes=(TagChange("app", NAME, None, "1"),)), "downgrade", "passed"),
        (facts(), "render", "skipped"),
        (facts(render=Render(note="no renderer")), "render", "unknown"),
        (facts(), "signature", "skipped"),
        (facts(**settings(exists="off")), "missing-image", "skipped"),
        (facts(render=Render((Refusal("render", "does not build"),))), "render", "failed"),
        (facts(render=Render(diff=compare_renders(LOADED % 1, LOADED % 2))), "render", "warned"),
        (facts(render=Render(diff=compare_renders(LOADED % 1, LOADED % 1))), "render", "passed"),
        (facts(render=Render((REFUSAL,))), "dead-edit", "failed"),
        (facts(dead_edits=(REFUSAL,)), "dead-edit", "failed"),
        (facts(unread=("a remote base",)), "dead-edit", "unknown"),
        (facts(new="latest"), "mutable-tag", "failed"),
        (facts(new="buildcache"), "no-release", "failed"),
        (facts(images=(image(),)), "missing-image", "passed"),
        (facts(images=(image(), ABSENT)), "missing-image", "failed"),
        (facts(images=(UNREAD,)), "missing-image", "unknown"),
        (facts(images=(ABSENT,), **settings(exists="warn")), "missing-image", "unknown"),
        (facts(images=(image(platforms=("linux/arm64",)),), **settings(platforms="refuse")),
         "platforms", "failed"),
        (facts(images=(image(platforms=("linux/arm64",)),), **settings(platforms="warn")),
         "platforms", "warned"),
        (facts(images=(image(),), **settings(platforms=["linux/amd64"])), "platforms", "passed"),
        (facts(images=(image(platforms=None),), **settings(platforms="refuse")),
         "platforms", "unknown"),
        (facts(images=(UNREAD,), **settings(platforms=["linux/amd64"])), "platforms", "failed"),
        (facts(images=(image(signature=SignatureCheck(False, "not signed")),),
               **settings(signature="refuse", **{"cosign-key": "k"})), "signature", "failed"),
        (facts(images=(image(signature=SignatureCheck(True, "verified")),),
               **settings(signature="warn", **{"cosign-key": "k"})), "signature", "passed"),
        (facts(images=(UNREAD,), **settings(signature="refuse", **{"cosign-key": "k"})),
         "signature", "failed"),
        (facts(unverified=True), "verified-commits", "failed"),
    ],
)  # fmt: skip
def test_each_gate_says_what_the_facts_say(seen: Facts, gate: str, result: str) -> None:
    assert results(seen)[gate] == result


@pytest.mark.parametrize(
    ("hints", "told"),
    [
        (("Push it.", "Push it."), ["Push it."]),
        (("It has 1.", "It has 2."), ["r/a: It has 1."]),
        (("Did you mean 1?", "It has 2."), ["Did you mean 1?", "It has 2."]),
    ],
)
def test_images_that_lack_the_same_tag_are_refused_together(
    hints: tuple[str, str], told: list[str]
) -> None:
    absent = tuple(
        replace(ABSENT, repository=name, error=PromoteError("no such tag", hint))
        for name, hint in zip(("r/a", "r/b"), hints, strict=True)
    )
    assert [one.hint for one in judge(facts(images=absent)).refusals] == told


def commit(message: str, path: str, author: str = "bob") -> BranchCommit:
    """Return a commit of a branch that changed one file."""
    tree = FilesTree("", {})
    return BranchCommit("a" * 40, (), message, author, tree, tree, (PurePosixPath(path),))


def test_what_a_person_loses_is_named_and_what_promote_made_elsewhere_is_not() -> None:
    theirs = commit("fix it", "notes.md")
    ours = commit(
        AppDeclaration("app", "prod", (ImageRequest(NAME, Tag("1")),)).alone.message("x"),
        "old/kustomization.yaml",
    )
    for dropped in ((theirs,), (ours, theirs)):
        found = judge(facts(dropped=dropped))
        lost = "the branch promote/prod/app loses a commit that promote did not make: aaaaaaaaa fix it (bob)"
        assert found.warnings == (lost,)
        assert {one.name: str(one.verdict) for one in found.results}["human-commits"] == "allowed"
    assert "human-commits" not in results(facts(dropped=(ours,)))


def test_no_gate_hides_another() -> None:
    seen = facts("1.5.0", "latest", images=(ABSENT,), dead_edits=(REFUSAL,), unverified=True)
    found = judge(
        replace(
            seen, ordering=Ordering({}, {}), tag_changes=(TagChange("app", NAME, "1.5.0", "1.4.0"),)
        )
    )
    assert {one.rule for one in found.refusals} == {
        "downgrade", "dead-edit", "mutable-tag", "missing-image", "verified-commits",
    }  # fmt: skip
    assert len(found.results) == len({one.name for one in found.results})


def test_a_digest_holds_a_tag_that_moves() -> None:
    made = facts(new="latest")
    assert made.proposal is not None
    held = ImageRequest(NAME, Tag("latest"), Digest.parse(DIGEST))
    declaration = replace(made.proposal.declaration.first, images=(held,)).alone
    seen = replace(made, proposal=replace(made.proposal, declaration=declaration))
    assert "mutable-tag" not in results(seen)


def test_what_may_be_allowed_is_allowed_and_nothing_else_is() -> None:
    seen = facts("1.5.0", "1.4.2", images=(ABSENT,), dead_edits=(REFUSAL,))
    found = judge(replace(seen, allow=frozenset({"downgrade", "dead-edit", "missing-image"})))
    assert [one.rule for one in found.refusals] == ["missing-image"]
    told = {one.name: (str(one.verdict), one.detail) for one in found.results}
    for rule in ("downgrade", "dead-edit"):
        assert told[rule] == (
            "allowed", f"{ALLOWABLE[rule]}: asked for with --allow {rule}"
        )  # fmt: skip


def test_every_gate_that_says_something_stands_in_the_pulls_text() -> None:
    seen = facts(
        "1.5.0", "latest", images=(ABSENT,), dead_edits=(REFUSAL,), unverified=True,
        edit_refusals=(Refusal("placeholder", "${T}"),), foreign=(),
        **settings(platforms=["linux/s390x"], signature="refuse", **{"cosign-key": "k"}),
    )  # fmt: skip
    seen = replace(seen, images=(image(signature=SignatureCheck(False, "not signed")), UNREAD))
    assert seen.proposal is not None
    found = judge(seen).results
    body = pull_request.draft(seen.proposal, Templates(), Evidence(gates=found)).body
    rows = re.findall(r"^\| \S+ ([a-z -]+) \| (.*) \|$", body, re.MULTILINE)
    shown = {name: html.unescape(detail) for name, detail in rows}
    assert shown == {one.name: one.detail for one in found}
    assert {one.name for one in found} >= {
        "edit", "downgrade", "render", "dead-edit", "placeholder", "mutable-tag", "missing-image",
        "platforms", "signature", "verified-commits",
    }  # fmt: skip


def test_every_gate_that_may_be_allowed_stands_in_the_help() -> None:
    text = COMMANDS["promote"].parser("promote").format_help()
    listed = re.search(r"override a rule: ([a-z, \n-]+)", text)
    assert listed is not None
    assert re.findall(r"[a-z-]+", listed[1])[: len(ALLOWABLE)] == list(ALLOWABLE)


def test_a_new_gate_is_a_function_and_a_row() -> None:
    def moon(seen: Facts) -> Verdict | None:
        """Refuse while the moon is full."""
        refusal = Refusal("moon", "the moon is full", "Wait a night.")
        return Verdict(GateStatus.FAILED, refusal.reason, (refusal,), until=seen.now + 86_400)

    row = Gate(Rule("moon", accepts="the moon is full"), moon)
    found = judge(facts(), (*GATES, row))
    assert [one.rule for one in found.refusals] == ["moon"]
    assert found.results[-1].until == 86_400
    allowed = judge(facts(allow=frozenset({"moon"})), (*GATES, row))
    assert (allowed.refusals, allowed.results[-1].verdict) == ((), "allowed")


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    """The Aurora repository."""
    return aurora(tmp_path / "aurora.git")


def test_refusals_of_several_gates_are_told_at_once(repo: Repository) -> None:
    ask = ("--app", "aurora", "--repo", str(repo.path), "--output", "json")
    text = repo.read("promoter.yaml")
    repo.commit(
        "main", "promoter.yaml", text.replace("exists: off", "exists: off, mutable: refuse")
    )
    promote(*ask, "--tag", "9.9.1")
    repo.commit("promote/prod/aurora", "notes.md", "wait\n")
    done = promote(*ask, "--tag", "latest")
    assert done.code == 3
    assert {one["rule"] for one in done.json["refusals"]} == {"mutable-tag", "human-commits"}
    verdicts = {one["gate"]: one["verdict"] for one in done.json["gates"]}
    assert verdicts["mutable-tag"] == verdicts["human-commits"] == "failed"
    assert verdicts["edit"] == "passed"
    assert repo.read(AURORA, "promote/prod/aurora").count("9.9.1") == 3


_RENDERED = compare_renders(LOADED % 1, LOADED % 1)


def test_what_names_do_not_show_is_known_once_all_is_rendered() -> None:
    unread = ("a remote base",)
    assert "dead-edit" not in results(facts(unread=unread, render=Render(diff=_RENDERED)))
    partly = Render(diff=_RENDERED, not_judged=(FILE,))
    assert results(facts(unread=unread, render=partly))["dead-edit"] == "unknown"


@pytest.mark.parametrize(
    ("deliver", "is_expected", "told", "warned"),
    [
        ("push", True, (), True),
        ("push", True, ("f was not rendered: it is too large",), False),
        ("push", False, (), False),
        ("pull-request", True, (), False),
    ],
)
def test_what_is_pushed_without_being_judged_is_warned_of_where_something_should_build_it(
    deliver: str, is_expected: bool, told: tuple[str, ...], warned: bool
) -> None:
    verdict = Render((), told, note="it is too large", not_judged=(FILE,), is_expected=is_expected)
    settings = Environment.model_validate({"path": "apps/{app}", "deliver": deliver})
    seen = facts(render=verdict, target=Target("app", "prod", settings, FILE))
    said = [one for one in judge(seen).warnings if one.endswith("is not known: it is too large")]
    assert bool(said) is warned


_WORKLOAD = b"""\
kind: Deployment
spec: {template: {spec: {containers: [{name: a, image: a:1}]}}}
"""


@pytest.mark.parametrize(
    ("before", "column", "dead"),
    [
        (_WORKLOAD, _WORKLOAD.split(b"\n")[1].index(b"a:1") + 1, "passed"),
        (_WORKLOAD, 8, "skipped"),
        (_WORKLOAD.replace(b"Deployment", b"HelmRelease"), 56, "skipped"),
        (b"image:\n  tag: 1\n", 8, "skipped"),
        (b"kind: [\n", 1, "skipped"),
    ],
)
def test_what_no_kustomization_builds_is_no_warning_and_passes_where_it_is_a_container(
    before: bytes, column: int, dead: str
) -> None:
    change = FieldChange(FILE, 2, column, "image", "a", "a:1", "a:2")
    edit = FileEdit(FILE, before, b"", (change,))
    asked = facts().proposal
    assert asked is not None
    proposed = replace(asked, edits=(edit,))
    verdict = Render(note="none builds it", not_judged=(FILE,), unreached=(FILE,))
    found = judge(facts(render=verdict, proposal=proposed))
    assert found.warnings == ()
    shown = {one.name: str(one.verdict) for one in found.results}
    assert (shown["render"], shown["dead-edit"]) == ("skipped", dead)
    partly = replace(verdict, unreached=())
    shown = results(facts(render=partly, proposal=proposed))
    assert (shown["render"], shown["dead-edit"]) == ("unknown", "unknown")


def test_a_build_that_needs_an_option_elsewhere_is_told_in_its_check() -> None:
    seen = facts(render=Render(diff=_RENDERED, needs="Argo CD needs an option"))
    (said,) = (one.detail for one in judge(seen).results if one.name == "render")
    assert said == "no object changes. Argo CD needs an option"
