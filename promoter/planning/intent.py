"""What a request comes to, from what it asks of what was seen, unless a gate forbids it: pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from promoter import pull_request
from promoter.domain.branch import counted_commits
from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import Declaration
from promoter.domain.model import FileEdit, ImageRequest
from promoter.domain.proposal import Proposal
from promoter.domain.pull import PullState
from promoter.edits import kustomization
from promoter.edits.clean_merge import all_merge_into
from promoter.planning import propose
from promoter.planning.branch import is_merged, superseded_pull
from promoter.planning.change import AppChange, Change
from promoter.policy.order import Order
from promoter.policy.precedence import Ordering, TagChange


class End(StrEnum):
    """What a request comes to."""

    INVALID = "invalid"
    UNCHANGED = "unchanged"
    DOUBTED = "doubted"
    SUPERSEDED = "superseded"
    PUSH = "push"
    PULL = "pull"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Intent:
    """What a request comes to, unless a gate forbids it."""

    end: End
    proposal: Proposal | None = None
    """What is pushed, or what the branch and its pull propose."""
    kept: str | None = None
    """The branch's commit, where it is right already."""
    by: str = ""
    """The newer tag that supersedes what was asked for."""
    warnings: tuple[str, ...] = ()
    on_base: Proposal | None = None
    """The same on the base, where the branch is right already and stands on files that were others."""
    on_tip: tuple[FileEdit, ...] = ()
    """The edits of the branch's own files, where the commit is made on its tip."""
    merges_base: bool = False
    """Whether the base is merged into the branch, as it may not be replaced, before the commit."""
    superseded: Proposal | None = None
    """What the open pull would make of the base, which has newer images than all of its own."""

    @property
    def judged(self) -> Proposal | None:
        """What the base's files would become."""
        return self.on_base or self.proposal

    @property
    def makes_commit(self) -> bool:
        """Whether a commit has to be made."""
        return self.end in (End.PUSH, End.PULL) and self.kept is None


def unordered(change: Change) -> tuple[TagChange, ...]:
    """Return the images whose order has to be known before it is clear what a request comes to."""
    ordering = change.ordering({})
    settled = intend(change, ordering).end in (End.INVALID, End.UNCHANGED)
    return () if settled else ordering.uncertain((*change.with_base, *change.with_pull))


def part_of(intent: Intent, app: AppChange, change: Change) -> Intent:
    """Return what a request comes to for one of its apps."""
    if len(change.apps) == 1:
        return intent
    return replace(intent, proposal=intent.proposal and app.asked, on_base=None)


def intend(change: Change, ordering: Ordering, *, rebuild: bool = False) -> Intent:
    """Return what a request comes to; `rebuild`: the base wants branches that stand on its tip."""
    asked, request, state = change.asked, change.request, change.state
    if asked is None:
        return Intent(End.INVALID)
    downgrades = request.goes_back
    newer = None if downgrades else ordering.newer(change.with_base)
    if newer and not _is_mixed(change, ordering):
        return Intent(
            End.SUPERSEDED, kept=state.tip, by=newer,
            superseded=superseded_pull(state, change.branch, change.targets, ordering),
            warnings=(
                _superseded(f"{state.base_branch} already has {newer}", change),
                *_unbuildable(asked),
            ),
        )  # fmt: skip
    if change.settings.deliver == "push":
        if not asked.edits:
            return Intent(End.UNCHANGED, asked)
        warnings = () if downgrades else ordering.doubts(change.with_base)
        return _unless_doubted(change, ordering, Intent(End.PUSH, asked, warnings=warnings))
    if not asked.edits and change.pull is None:
        return Intent(End.CLOSE if _is_left_over(change) else End.UNCHANGED, asked)
    if declined := _declined(change):
        return Intent(End.UNCHANGED, asked, warnings=(declined,))
    current = change.branch.proposal
    if change.pull and not downgrades and (newer := ordering.newer(change.with_pull)):
        reason = _superseded(f"the open pull request proposes {newer}", change)
        return Intent(End.SUPERSEDED, current, state.tip, newer, (reason,))
    return _pull(change, ordering, rebuild=rebuild)


def _is_mixed(change: Change, ordering: Ordering) -> bool:
    """Return whether some images or places would go on where others go back: then a gate refuses.

    A schedule waits in silence until the older ones have been set.
    """
    asks = change.request.is_together or not change.request.scheduled
    return asks and any(ordering.of(pair) is Order.NEWER for pair in change.with_base)


def append_only(change: Change, intent: Intent, *, rebuild: bool = False) -> Intent:
    """Return the same for a branch that may not be replaced: its commit goes on with what is there.

    It is made on the branch's tip, and adds nothing where the tip has these files already. The base
    is merged into the branch first where its files have changed since or the branch is to stand on
    it (`rebuild`), unless people have commits there.
    """
    state, proposal = change.state, intent.proposal
    if proposal is None or not intent.makes_commit or state.tip is None:
        return intent
    if is_merged(state):
        return replace(intent, merges_base=True, warnings=(*intent.warnings, _grows(state.branch)))
    if not state.commits:
        return intent
    if not change.branch.foreign and (rebuild or _has_changed(change, proposal)):
        return replace(intent, merges_base=True)
    edits = propose.propose(proposal.declaration, change.targets, state.commits[0].tree).edits
    return replace(intent, on_tip=edits, kept=None if edits else state.tip)


def _has_changed(change: Change, proposal: Proposal) -> bool:
    """Return whether the base has changed the files of the branch since it stood there."""
    current = change.branch.proposal
    before = {edit.path: edit.before for edit in current.edits} if current else {}
    return any(before.get(edit.path, edit.before) != edit.before for edit in proposal.edits)


def _pull(change: Change, ordering: Ordering, *, rebuild: bool) -> Intent:
    asked, current, pull = change.asked, change.branch.proposal, change.pull
    assert asked is not None
    protected = bool(change.branch.foreign) and not change.request.take_over
    whole = _with_others(change, ordering)
    if not whole.edits:
        if protected:
            return Intent(End.UNCHANGED, asked, warnings=(_left_to_people(change),))
        return Intent(End.CLOSE, asked)
    if pull is not None and current is not None:
        whole = replace(whole, declaration=_following(current, whole))
    if current is not None and not (rebuild and not change.branch.on_base):
        same = current.declaration.same_wish(whole.declaration) and _same_result(current, whole)
        if same and protected:
            return Intent(End.UNCHANGED, asked, change.state.tip, "", (_left_to_people(change),))
        if same and not change.branch.foreign:
            return Intent(End.PULL, current, change.state.tip, on_base=whole)
    replaced = change.with_pull if change.pull else change.with_base
    doubts = () if change.request.goes_back else ordering.doubts(replaced)
    made = Intent(End.PULL, whole, warnings=doubts)
    return _unless_doubted(change, ordering, made)


def _unless_doubted(change: Change, ordering: Ordering, intent: Intent) -> Intent:
    """Return that nothing is done where a schedule might replace an image by an older one."""
    policy = change.settings.policy
    uncertain = ordering.uncertain((*change.with_base, *change.with_pull))
    if not (uncertain and change.request.scheduled and policy and policy.needs_creation):
        return intent
    old, new = uncertain[0].old, uncertain[0].new
    known = f"when {old} was made is not known, so {new} may be older"
    return Intent(
        End.DOUBTED, change.asked, warnings=(f"{known}: promote --app with the tag decides",)
    )


def _with_others(change: Change, ordering: Ordering) -> Proposal:
    """Return the proposal with the open pull's other images, which a part's request keeps."""
    asked, current = change.asked, change.branch.proposal
    assert asked is not None
    if current is None or change.pull is None or change.request.is_together:
        return asked
    app, before = asked.declaration.first, current.declaration.first
    if app.hold or before.hold:
        # A rollback is whole: it is neither a part of another change, nor has it parts.
        return asked
    names = {image.name for image in app.images}
    others = tuple(image for image in before.images if image.name not in names)
    if not others:
        return asked
    images = {image.name: image for image in (*others, *app.images)}
    whole = _with_images(asked, [images[name] for name in sorted(images)], change)
    # Images that the base has by now, or has newer ones of, are dropped.
    kept = [
        images[move.name]
        for move in whole.moves
        if move.before != move.after
        and ordering.of(TagChange(app.app, move.name, move.before.tag, move.after.tag))
        is not Order.OLDER
    ]
    if len(kept) == len(whole.moves):
        return whole
    return _with_images(asked, kept, change) if kept else asked


def _with_images(asked: Proposal, images: Sequence[ImageRequest], change: Change) -> Proposal:
    app = replace(asked.declaration.first, images=tuple(images))
    made = propose.propose_app(app, change.apps[0].target, change.state.base)
    return replace(made, declaration=replace(asked.declaration, members=(app,)))


def _same_result(one: Proposal, other: Proposal) -> bool:
    """Return whether a merge of one proposal into the other's base leaves what the other leaves."""
    return one.moves == other.moves and all_merge_into(one.edits, other.edits)


def _following(current: Proposal, proposal: Proposal) -> Declaration:
    """Return a declaration that goes on in the open pull: it links and replaces what that one does."""
    before, asked = current.declaration, proposal.declaration
    instead = pull_request.tags_in_short(current.moves) if current.moves else ""
    if before.images == asked.images:
        instead = before.supersedes or ""
    return replace(asked, previous_pull=before.previous_pull, supersedes=instead or None)


def _declined(change: Change) -> str | None:
    """Return why a schedule does not ask again for what a person has said no to by closing a pull."""
    if not change.request.scheduled or change.pull is not None or change.asked is None:
        return None
    for pull in change.state.pulls:
        if pull.state is PullState.CLOSED and pull_request.declines(pull, change.asked):
            return (
                f"pull request {pull.number}, which proposed the same, was closed unmerged: "
                "promote --app with the tag opens a new one"
            )
    return None


def _is_left_over(change: Change) -> bool:
    """Return whether the branch is that of a pull which promote closed, and was to delete."""
    state, branch = change.state, change.branch
    if state.tip is None or branch.foreign:
        return False
    closed = (one for one in state.pulls if one.state is PullState.CLOSED)
    return any(one.head == state.tip and pull_request.closed_by_us(one.body) for one in closed)


def _left_to_people(change: Change) -> str:
    commits = f"{counted_commits(change.branch.foreign)} that promote did not make"
    return f"branch {change.state.branch} holds {commits}, and is left as it is"


def _grows(branch: str) -> str:
    return (
        f"a rule keeps {branch} from being replaced or deleted after a merge, so the pull request "
        f"lists its earlier commits as well: exempt {branch} from the rule"
    )


def _unbuildable(asked: Proposal) -> list[str]:
    """Return a warning for each value that kustomize refuses in the files that are left as they are."""
    found = (one for edit in asked.edits for one in kustomization.unbuildable(edit))
    return [f"{one.file}:{one.line}:{one.column}: {one.reason}. {one.hint}" for one in found]


def _superseded(reason: str, change: Change) -> str:
    back = "; to go back, add --allow downgrade" if change.may_go_back else ""
    return f"superseded: {reason}{back}"
