"""The gates on the change itself: it can be made, what it does at run time, whose branch it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from promoter.config.layout import Target
from promoter.domain.branch import BranchCommit, counted_commits, name_conflict, shared_branch
from promoter.domain.declaration import Declaration
from promoter.domain.errors import RefusedError
from promoter.domain.evidence import GateStatus
from promoter.domain.model import FileEdit
from promoter.edits.placeholders import is_placeholder
from promoter.edits.region import Region
from promoter.edits.targets.manifest import of_workloads
from promoter.gates.facts import Facts
from promoter.gates.gate import Verdict, all_refused, refused
from promoter.pull_request import plain_line
from promoter.pull_request.words import counted

_PLACEHOLDER = "placeholder"


def edit(facts: Facts) -> Verdict | None:
    """Pass what changes the intended fields and no other byte."""
    failed = all_refused(one for one in facts.edit_refusals if one.rule != _PLACEHOLDER)
    if failed or not (facts.proposal and facts.proposal.moves):
        return failed
    fields = counted(sum(len(one.changes) for one in facts.proposal.edits), "field")
    return Verdict(GateStatus.PASSED, f"{fields} changed, nothing else")


def placeholder(facts: Facts) -> Verdict | None:
    """Refuse to replace a value such as `${TAG}`, which something else fills in."""
    found = [one for one in facts.edit_refusals if one.rule == _PLACEHOLDER]
    if found:
        # How a rule is overridden is added to the hints of all gates alike.
        without = (
            replace(one, hint=f"{one.hint.partition(', or allow it')[0].rstrip('.')}.")
            for one in found
        )
        return all_refused(without)
    edits = facts.proposal.edits if facts.proposal and _PLACEHOLDER in facts.allow else ()
    changes = [change for one in edits for change in one.changes if not change.is_linked]
    if any(is_placeholder(one.old or "") for one in changes):
        return Verdict(GateStatus.FAILED, "a placeholder is replaced")
    return None


def dead_edit(facts: Facts) -> Verdict | None:
    """Refuse to set an image that no container uses; warn of one that is set anew where it is applied."""
    verdict = _dead(facts)
    if not facts.overridden or (verdict and verdict.refusals):
        return verdict
    warnings = (*facts.overridden, *(verdict.warnings if verdict else ()))
    return Verdict(GateStatus.WARNED, facts.overridden[0], warnings=warnings)


def _dead(facts: Facts) -> Verdict | None:
    judged = facts.render.refusals if facts.render else ()
    refusals = facts.dead_edits or tuple(one for one in judged if one.rule == "dead-edit")
    if refusals:
        return all_refused(refusals)
    if facts.unread and not (facts.render and facts.render.judges_all):
        # If it does not build for that reason, the refusal says so.
        warnings = () if any(one.rule == "render" for one in judged) else facts.unread
        return Verdict(GateStatus.UNKNOWN, facts.unread[0], warnings=warnings)
    files = facts.render.not_judged if facts.render else ()
    if not files:
        return None
    if facts.render and len(facts.render.unreached) == len(files):
        return _unreached(facts, files)
    detail = f"not judged: whether a container gets what is set in {files[0]} is not known"
    render = facts.render
    # A pull's text tells it; of a push, nothing else does.
    is_told = render is not None and any(render.note in one for one in render.warnings)
    pushed = facts.target.settings.deliver == "push" and not is_told
    if render is None or not (render.hint.startswith("Allow") or (pushed and render.is_expected)):
        return Verdict(GateStatus.UNKNOWN, detail)
    said = f"{detail}: {render.note}{f'. {render.hint}' if render.hint else ''}"
    return Verdict(GateStatus.UNKNOWN, detail, warnings=(said,))


def _unreached(facts: Facts, files: Sequence[PurePosixPath]) -> Verdict:
    """Return what is known of files that no kustomization builds anything from."""
    edits = facts.proposal.edits if facts.proposal else ()
    indirect = [one.path for one in edits if one.path in files and not _sets_containers(one)]
    if not indirect:
        return Verdict(GateStatus.PASSED, "what is set is the image of a container itself")
    why = f"no kustomization builds anything from {indirect[0]}"
    return Verdict(
        GateStatus.SKIPPED, f"not judged: which container gets it is not known, as {why}"
    )


def _sets_containers(edit: FileEdit) -> bool:
    """Return whether an edit sets images of workloads' containers in their manifest, and no others."""
    try:
        images = of_workloads(Region.of(edit.path, edit.before))
        places = {spot.position for spot in images}
    except RefusedError:
        return False
    return all((one.line, one.column) in places for one in edit.changes if not one.is_linked)


def render(facts: Facts) -> Verdict | None:
    """Refuse what does not build; return whether anything but container images changes."""
    verdict, needs = _rendered(facts), facts.render.needs if facts.render else ""
    return replace(verdict, detail=f"{verdict.detail}. {needs}") if verdict and needs else verdict


def _rendered(facts: Facts) -> Verdict | None:
    found = facts.render
    if found is None:
        return Verdict(GateStatus.SKIPPED, "nothing was rendered") if facts.proposal else None
    refusals = tuple(one for one in found.refusals if one.rule != "dead-edit")
    if refusals:
        return Verdict(GateStatus.FAILED, refusals[0].reason, refusals, found.warnings)
    if facts.proposal is None:
        return None
    if found.diff is None and facts.target.settings.render != "off" and found.unreached:
        edited = {one.path for one in facts.proposal.image_edits}
        if edited <= set(found.unreached):
            files = ", ".join(map(str, found.unreached[:3]))
            return Verdict(GateStatus.SKIPPED, f"no kustomization builds anything from {files}")
    if found.diff is None:
        result = GateStatus.SKIPPED if facts.target.settings.render == "off" else GateStatus.UNKNOWN
        detail = f"not rendered: {found.note}" if found.note else "nothing was rendered"
        return Verdict(result, detail, warnings=found.warnings)
    if not found.diff.objects:
        return Verdict(GateStatus.PASSED, "no object changes", warnings=found.warnings)
    objects = counted(len(found.diff.objects), "object")
    if found.diff.images_only:
        detail = f"only container images change, in {objects}"
        return Verdict(GateStatus.PASSED, detail, warnings=found.warnings)
    if found.diff.broken:
        detail = f"more than images changes, in {len(found.diff.broken)} of {objects}"
        return Verdict(GateStatus.WARNED, detail, warnings=found.warnings)
    detail = f"{len(found.diff.unknown)} of {objects} could not be compared: too large"
    return Verdict(GateStatus.UNKNOWN, detail, warnings=found.warnings)


def other_environments(facts: Facts) -> Verdict | None:
    """Warn of other environments that change, too, though nothing is asked of them."""
    found = facts.other_environments
    if not found:
        return None
    at_once = facts.target.settings.deliver == "push"
    reached = []
    for one in found:
        reviewed = at_once and one.deliver != "push"
        without = "its pull request and its checks" if reviewed else "its checks"
        changes = "also changes" if one.is_certain else "may also change"
        why = f"{one.directory} builds {one.file}"
        if one.by_target:
            why = f"its targets name the same place in {one.file}"
        reached.append(f"{changes} {one.name}, without {without}: {why}")
    warnings = tuple(f"this {one}" for one in reached)
    return Verdict(GateStatus.WARNED, "; ".join(reached), warnings=warnings)


def branch_name(facts: Facts) -> Verdict | None:
    """Refuse a branch that git cannot have beside others, or from which another base has a pull."""
    shared = [shared_branch(facts.branch, facts.base, pull) for pull in facts.elsewhere]
    beside = [name_conflict(facts.branch, facts.in_conflict)] if facts.in_conflict else []
    return all_refused([*shared, *beside]) if shared or beside else None


def human_commits(facts: Facts) -> Verdict | None:
    """Refuse to replace a branch that holds commits which promote did not make; tell what is lost."""
    commits, target = facts.foreign, facts.target
    if lost := [one for one in facts.dropped if _moved_from(one, target) is None]:
        reason = f"the branch {facts.branch} loses {_named(lost)}"
        return Verdict(
            GateStatus.ALLOWED, f"{reason}: asked for with --take-over", warnings=(reason,)
        )
    if not commits:
        return None
    first = commits[0]
    if len(commits) == 1 and (moved := _moved_from(first, target)):
        reason = (
            f"branch {facts.branch} holds {first.sha[:9]}, which promote made for {moved}, and the "
            f"folder of {target.app} in {target.environment} is {target.directory} now"
        )
        return refused("human-commits", reason, "To make the branch anew, add --take-over")
    reason = f"branch {facts.branch} holds {_named(commits)}"
    hint = "Merge or move them, or give --take-over to replace the branch."
    return refused(
        "human-commits", reason, hint.replace("them", "it") if len(commits) == 1 else hint
    )


def _named(commits: Sequence[BranchCommit]) -> str:
    named = "; ".join(
        f"{c.sha[:9]} {plain_line(c.subject)} ({plain_line(c.author)})" for c in commits[:5]
    )
    return f"{counted_commits(commits)} that promote did not make: {named}"


def _moved_from(commit: BranchCommit, target: Target) -> PurePosixPath | None:
    """Return the folder for which promote made a commit that it would make elsewhere now, if so."""
    declared = Declaration.parse(commit.message)
    if declared is None or declared.app != target.app or len(commit.changed) != 1:
        return None
    (file,) = commit.changed
    return None if file.name != target.file.name or file.parent == target.directory else file.parent


def verified_commits(facts: Facts) -> Verdict | None:
    """Refuse a commit that the base's rules would keep from being merged."""
    if not facts.unverified:
        return None
    reason = f"{facts.base} takes verified commits alone, and this one would not be signed"
    hint = "Use transport: api, where GitHub signs, or give --signing-key."
    return refused("verified-commits", reason, hint)
