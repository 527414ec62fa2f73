"""The plan: what a promotion will do, decided purely from what was asked and what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from promoter import propose, pull_request
from promoter.errors import PromoteError, RefusedError
from promoter.layout import find_target
from promoter.model import PullState, Refusal
from promoter.policy.order import Order, compare
from promoter.promotion import Declaration, branch_name

if TYPE_CHECKING:
    from promoter.config import Config
    from promoter.image import Tag
    from promoter.layout import Target
    from promoter.model import BranchCommit, ImageRequest, Pull, PullDraft, Sight
    from promoter.propose import Proposal


class Action(StrEnum):
    """What a run did, or would do."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    PUSHED = "pushed"
    SUPERSEDED = "superseded"
    PLANNED = "planned"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for: one app, one environment, a tag or some images."""

    app: str
    environment: str | None = None
    tag: Tag | None = None
    images: tuple[ImageRequest, ...] = ()
    allow: frozenset[str] = frozenset()
    actor: str | None = None
    run: str | None = None
    source_revision: str | None = None
    take_over: bool = False


@dataclass(frozen=True, slots=True)
class Promotion:
    """One app's part of a plan: the commit to make or keep, the pull to open, renew or close."""

    app: str
    environment: str
    deliver: str
    base_branch: str
    base: str
    branch: str
    action: Action
    author: str = ""
    proposal: Proposal | None = None
    lease: str | None = None
    kept: str | None = None
    message: str | None = None
    draft: PullDraft | None = None
    pull: Pull | None = None
    closing: str | None = None
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = field(default=())

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes anything anywhere."""
        if self.closing or self.message is not None:
            return True
        if self.draft is None:
            return False
        return self.pull is None or (self.pull.title, self.pull.body) != (
            self.draft.title,
            self.draft.body,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run will do; a dry run ends with it."""

    promotions: tuple[Promotion, ...]


def locate(request: Request, config: Config, sight: Sight) -> Target:
    """Return where the request points; raises `SelectionError`."""
    names = [image.name for image in request.images]
    return find_target(config, sight.base, request.app, request.environment, names)


def plan(request: Request, config: Config, sight: Sight) -> Plan:
    """Return what carries the request out on what was seen; refusals are part of it."""
    target = locate(request, config, sight)
    blank = Promotion(
        app=target.app,
        environment=target.environment,
        deliver=target.settings.deliver,
        base_branch=sight.base_branch,
        base=sight.base.commit,
        branch=branch_name(target.environment, target.app),
        action=Action.REFUSED,
        author=config.author,
        lease=sight.tip,
        pull=sight.open_pull,
    )
    unavailable = _unavailable(target)
    if unavailable:
        return Plan((replace(blank, refusals=unavailable),))
    try:
        declaration = _declare(request, target, config, sight)
        proposal = propose.propose(declaration, target, sight.base)
    except RefusedError as error:
        return Plan((replace(blank, refusals=error.refusals),))
    planner = _Planner(request, config, sight, target, replace(blank, proposal=proposal))
    return Plan((planner.decide(),))


def _unavailable(target: Target) -> tuple[Refusal, ...]:
    """Refuse settings that this version can read and not carry out: none is quietly ignored."""
    settings = target.settings
    asked = {
        "deliver: auto-merge": settings.deliver == "auto-merge",
        "transport: api": settings.transport == "api",
        f"pin: {settings.pin}": settings.pin != "tag",
        "checks.platforms": bool(settings.checks.platforms),
        "checks.signature": settings.checks.signature != "off",
        "labels": bool(settings.labels),
        "reviewers": bool(settings.reviewers),
    }
    return tuple(
        Refusal(
            "unavailable",
            f"{key} of environment {target.environment} is not carried out by this version",
            "Remove it, or use a version that has it.",
            "promoter.yaml",
        )
        for key, wanted in asked.items()
        if wanted
    )


def _declare(request: Request, target: Target, config: Config, sight: Sight) -> Declaration:
    """Return the request as its commit will declare it."""
    latest = sight.pulls[0] if sight.pulls else None
    refused = latest is not None and latest.state is PullState.CLOSED
    return Declaration(
        app=target.app,
        environment=target.environment,
        images=propose.resolve(request.images, request.tag, target, config, sight.base),
        actor=request.actor,
        run=request.run,
        source_revision=request.source_revision,
        previous_pull=_previous(sight, latest) if latest and refused else None,
    )


def _previous(sight: Sight, latest: Pull) -> int | None:
    """Return the pull that somebody closed unmerged; one that we closed ourselves says nothing."""
    return None if sight.open_pull or pull_request.closed_by_us(latest.body) else latest.number


@dataclass(frozen=True, slots=True)
class _Planner:
    """The decision for one promotion whose edits are known."""

    request: Request
    config: Config
    sight: Sight
    target: Target
    blank: Promotion

    def decide(self) -> Promotion:
        """Return the promotion in full: refused, overtaken, already so, or to be carried out."""
        proposal = self._proposal
        older = _older([(m.from_tag, m.to_tag) for m in proposal.moves])
        if older and "downgrade" not in self.request.allow:
            return self._overtaken(f"{self.sight.base_branch} already has {older}")
        if self.target.settings.deliver == "push":
            return self._push()
        if not proposal.edits and self.sight.open_pull is None:
            return replace(self.blank, action=Action.UNCHANGED, warnings=proposal.warnings)
        branch = read_branch(self.sight, self.target)
        if branch.foreign and not self.request.take_over:
            return replace(self.blank, refusals=(_human(self.blank.branch, branch.foreign),))
        newer = self._newer_pull(branch)
        if newer:
            return self._overtaken(f"the open pull proposes {newer}", branch)
        whole = self._with_others(branch)
        if not whole.edits:
            return self._settled()
        refusals, warnings = propose.alive(whole, self.target, self.sight.base)
        if refusals:
            return replace(self.blank, refusals=refusals, warnings=warnings)
        return self._propose(whole, branch, warnings)

    def _with_others(self, branch: _Branch) -> Proposal:
        """Return the proposal with the open pull's other images, which a part's request keeps."""
        asked, standing = self._proposal, branch.proposal
        if standing is None or self.sight.open_pull is None:
            return asked
        names = {image.name for image in asked.declaration.images}
        others = tuple(i for i in standing.declaration.images if i.name not in names)
        if not others:
            return asked
        images = {image.name: image for image in (*others, *asked.declaration.images)}
        declaration = replace(
            asked.declaration, images=tuple(images[name] for name in sorted(images))
        )
        whole = propose.propose(declaration, self.target, self.sight.base)
        # What the base has by now, or has overtaken, is proposed no longer.
        kept = tuple(
            images[move.name]
            for move in whole.moves
            if (move.from_tag, move.from_digest) != (move.to_tag, move.to_digest)
            and _order(move.from_tag, move.to_tag) is not Order.OLDER
        )
        if not kept:
            return asked
        return propose.propose(replace(declaration, images=kept), self.target, self.sight.base)

    @property
    def _proposal(self) -> Proposal:
        assert self.blank.proposal is not None
        return self.blank.proposal

    def _push(self) -> Promotion:
        """Deliver as a commit on the base branch itself."""
        proposal = self._proposal
        if not proposal.edits:
            return replace(self.blank, action=Action.UNCHANGED, warnings=proposal.warnings)
        refusals, warnings = propose.alive(proposal, self.target, self.sight.base)
        if refusals:
            return replace(self.blank, refusals=refusals, warnings=warnings)
        return replace(
            self.blank,
            action=Action.PUSHED,
            branch=self.sight.base_branch,
            lease=self.sight.base.commit,
            message=pull_request.message(proposal, self.config.templates),
            warnings=(*proposal.warnings, *warnings),
        )

    def _propose(self, proposal: Proposal, branch: _Branch, warnings: tuple[str, ...]) -> Promotion:
        """Make or keep the branch's commit, and open or renew its pull."""
        pull, standing = self.sight.open_pull, branch.proposal
        if pull is not None and standing is not None:
            # The open pull goes on to link what its first commit linked.
            linked = standing.declaration.previous_pull
            declaration = replace(proposal.declaration, previous_pull=linked)
            proposal = replace(proposal, declaration=declaration)
        current = (
            standing is not None
            and branch.on_base
            and standing.declaration.same_wish(proposal.declaration)
        )
        if current and standing is not None:
            proposal = standing
        draft = pull_request.draft(proposal, self.config.templates)
        made = replace(
            self.blank,
            proposal=proposal,
            draft=draft,
            kept=self.sight.tip if current else None,
            message=None if current else pull_request.message(proposal, self.config.templates),
            warnings=(*proposal.warnings, *warnings, *self._unordered(branch)),
        )
        if pull is None:
            return replace(made, action=Action.CREATED)
        return replace(made, action=Action.UPDATED if made.writes else Action.UNCHANGED)

    def _settled(self) -> Promotion:
        """Close a pull that proposes something else than what the base has already."""
        return replace(
            self.blank,
            action=Action.SUPERSEDED,
            closing=pull_request.closing(self._proposal, self.sight.base_branch),
        )

    def _overtaken(self, reason: str, branch: _Branch | None = None) -> Promotion:
        """End without a change of our own; a pull's text is still brought in line with its commit."""
        standing = branch.proposal if branch else None
        return replace(
            self.blank,
            action=Action.SUPERSEDED,
            kept=self.sight.tip,
            draft=pull_request.draft(standing, self.config.templates) if standing else None,
            warnings=(f"superseded: {reason}; --allow downgrade goes back",),
        )

    def _newer_pull(self, branch: _Branch) -> str | None:
        """Return the tag of the open pull where it is newer than what is asked."""
        if self.sight.open_pull is None or "downgrade" in self.request.allow:
            return None
        return _older(_pairs(branch.proposal, self._proposal))

    def _unordered(self, branch: _Branch) -> tuple[str, ...]:
        """Say that the last writer wins where tags have no order and another one is replaced."""
        if self.sight.open_pull is None:
            return ()
        pairs = [p for p in _pairs(branch.proposal, self._proposal) if p[0] != p[1]]
        unknown = [p for p in pairs if _order(*p) is None]
        if not unknown:
            return ()
        old, new = unknown[0]
        return (f"whether {old} or {new} is newer is not known: the last request wins",)


@dataclass(frozen=True, slots=True)
class _Branch:
    """What a promotion's branch holds beyond the base."""

    proposal: Proposal | None = None
    foreign: tuple[BranchCommit, ...] = ()
    on_base: bool = False


def read_branch(sight: Sight, target: Target) -> _Branch:
    """Tell our commits from others: trailers, and a tree that is the parent's plus those edits."""
    spent = any(pull.state is PullState.MERGED and pull.head == sight.tip for pull in sight.pulls)
    if not sight.commits or spent:
        return _Branch()
    proposals = [_reproduce(commit, sight, target) for commit in sight.commits]
    foreign = tuple(c for c, p in zip(sight.commits, proposals, strict=True) if p is None)
    if foreign:
        return _Branch(foreign=foreign)
    tip = sight.commits[0]
    single = len(sight.commits) == 1 and len(tip.parents) == 1
    return _Branch(proposals[0], on_base=single and tip.onto.commit == sight.base.commit)


def _reproduce(commit: BranchCommit, sight: Sight, target: Target) -> Proposal | None:
    """Return the proposal that a commit is exactly, or None where it is not one of ours."""
    declaration = Declaration.parse(commit.message)
    if len(commit.parents) > 1:
        below = [c for c in sight.commits if c.sha == commit.parents[0]]
        declaration = Declaration.parse(below[0].message) if below else None
    if declaration is None or declaration.app != target.app:
        return None
    try:
        proposal = propose.propose(declaration, target, commit.onto)
    except (PromoteError, KeyError):
        return None
    if {edit.path for edit in proposal.edits} != set(commit.changed):
        return None
    same = all(commit.tree.read(edit.path) == edit.after for edit in proposal.edits)
    return proposal if same else None


def _human(branch: str, commits: tuple[BranchCommit, ...]) -> Refusal:
    """Return the refusal that names the commits which are not ours."""
    named = "; ".join(
        f"{c.sha[:9]} {pull_request.plain(c.subject)} ({pull_request.plain(c.author)})"
        for c in commits[:5]
    )
    return Refusal(
        "human-commits",
        f"branch {branch} holds {len(commits)} commit(s) that promote did not make: {named}",
        "Merge or move them, or give --take-over to replace the branch.",
    )


def _pairs(standing: Proposal | None, asked: Proposal) -> list[tuple[str | None, str | None]]:
    """Return, per image asked for, the tag that stands in the branch and the one asked for."""
    tags = {m.name: m.to_tag for m in standing.moves} if standing else {}
    return [(tags[m.name], m.to_tag) for m in asked.moves if m.name in tags]


def _older(pairs: list[tuple[str | None, str | None]]) -> str | None:
    """Return the standing tag that is newer than the one asked for, of the first such image."""
    return next((old for old, new in pairs if _order(old, new) is Order.OLDER), None)


def _order(old: str | None, new: str | None) -> Order | None:
    """Return how a new tag stands to an old one; None where that is not known."""
    return compare(old, new) if old and new else None
