"""What the gates look at: asked of the registry, the history, the render and the forge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from promoter import graph, pull_request, render
from promoter.config.holds import read_hold
from promoter.domain.branch import BranchCommit
from promoter.domain.image import split
from promoter.domain.model import ImageRequest
from promoter.domain.render import RenderVerdict
from promoter.edits.delivery_overrides import delivery_files, overrides_elsewhere
from promoter.engine.app_run import AppRun
from promoter.engine.facts.checks import Checker
from promoter.engine.facts.open_holds import hold_against
from promoter.engine.facts.other_environments import other_environments
from promoter.engine.facts.previous_environment import previous_of
from promoter.engine.run_context import RunContext
from promoter.gates import Facts, ImageFacts, OtherEnvironment
from promoter.planning import propose
from promoter.planning.change import AppChange, Change
from promoter.planning.dead_edits import ByNames
from promoter.planning.intent import End, Intent, part_of
from promoter.policy.precedence import with_base
from promoter.system.budget import KEPT_WITHOUT_RENDER

_LATE = "the run's time is short; the images' names show what the edit changes"


def gate_facts_of(
    change: Change, app: AppChange, whole: Intent, run: AppRun, images: tuple[ImageFacts, ...]
) -> Facts:
    """Return all that the gates look at of one app; `images`: what the registry has said already."""
    target, state, request = run.target, run.state, run.request
    intent = part_of(whole, app, change)
    proposal = intent.proposal or app.asked
    writes = intent.end in (End.PUSH, End.PULL)
    judged = intent.judged if writes else None
    asked = change.request.image_flags
    names = propose.by_names(judged, target, state.base, asked) if judged else None
    # A registry is not asked about images that nobody uses.
    used = names is None or not names.refusals or "dead-edit" in request.allow
    tells = _tells_of_images(change, whole) and not images and used
    if tells and intent.proposal and intent.proposal.moves:
        running = {m.name: m.before.digest_or_tag for m in intent.proposal.moves}
        images = ask_registry(intent.proposal.declaration.images, running, run)
    protected = intent.end is End.PULL and not request.take_over
    is_shown = intent.makes_commit or needs_text(change, whole, run.context)
    is_asked = writes or (intent.end is End.SUPERSEDED and intent.proposal is None)
    return Facts(
        target=target,
        base=state.base_branch,
        branch=state.branch,
        now=run.context.now,
        allow=_allowed(change, whole, target.app),
        proposal=proposal,
        edit_refusals=app.refusals,
        makes_commit=intent.makes_commit,
        tag_changes=with_base(proposal) if proposal else (),
        images=images,
        render=_rendered(intent, run, names) if is_shown else None,
        other_environments=_others(intent, run) if is_shown else (),
        dead_edits=names.refusals if names else (),
        unread=names.unread if names else (),
        overridden=(*_overridden(intent, run), *(names.overridden if names else ()))
        if intent.makes_commit
        else (),
        foreign=change.branch.foreign if protected else (),
        dropped=_dropped(change, intent) if request.take_over else (),
        elsewhere=state.elsewhere if intent.end in (End.PULL, End.CLOSE) else (),
        in_conflict=state.in_conflict if intent.makes_commit and intent.end is End.PULL else (),
        unverified=_is_unverified(intent, run),
        previous=previous_of(run, proposal, images) if proposal and is_asked else None,
        hold=None
        if intent.end is End.CLOSE
        else read_hold(state.base, target.app, target.environment),
        proposed_hold=hold_against(target, change, intent, run.open_holds),
        goes_back=request.rollback is not None,
    )


def _overridden(intent: Intent, run: AppRun) -> tuple[str, ...]:
    """Return which images Argo CD or Flux sets itself, by files that have come: none is asked for.

    By git alone, which has the names of all files at hand.
    """
    target, proposal, base = run.target, intent.judged, run.state.base
    by_git = (run.config.transport or target.settings.transport) == "git"
    if not by_git or proposal is None or not proposal.moves or not target.kustomized:
        return ()
    files = base.at_hand(delivery_files(base, target.app, target.environment))
    return tuple(overrides_elsewhere(base, files, target.directory, proposal.moves))


def _allowed(change: Change, intent: Intent, app: str) -> frozenset[str]:
    """Return the rules that are allowed for an app: those of the commit, where one is kept."""
    proposal = intent.proposal or change.asked
    declared = proposal.declaration.of(app) if proposal and not intent.makes_commit else None
    return frozenset(declared.allow) if declared else change.request.allow


def _dropped(change: Change, intent: Intent) -> tuple[BranchCommit, ...]:
    """Return the commits of others that are in no branch any more where it is carried out."""
    replaces = intent.end is End.PULL and intent.makes_commit and not intent.on_tip
    return change.branch.foreign if replaces or intent.end is End.CLOSE else ()


def _tells_of_images(change: Change, intent: Intent) -> bool:
    """Return whether a commit is made, or a pull's text for one that a run was killed after."""
    if intent.proposal is None or not intent.proposal.moves:
        return False
    if intent.makes_commit or intent.end is not End.PULL:
        return intent.makes_commit
    return change.pull is None or pull_request.facts_of(change.pull, intent.proposal) is None


def ask_registry(
    images: Sequence[ImageRequest], running: Mapping[str, str | None], run: AppRun
) -> tuple[ImageFacts, ...]:
    """Return what the registry says of images, by the names under which they are pulled."""
    pulled = propose.pulled_names(run.target, run.state.base)
    asked = [ImageFacts(one, pulled.get(one.name) or split(one.name)[0]) for one in images]
    wiring = run.context.wiring
    patience = wiring.settings.wait_for_image
    needs_digest = writes_digests(run)
    checker = Checker(run.context.registry(), run.target, wiring.deadline, patience, needs_digest)
    return checker.ask(asked, running)


def writes_digests(run: AppRun) -> bool:
    """Return whether digests are asked of the registry: a rollback gives back what was written."""
    return run.target.settings.pin != "tag" and run.request.rollback is None


def _is_unverified(intent: Intent, run: AppRun) -> bool:
    """Return whether the base takes verified commits alone, and the commit would not be."""
    settings, context = run.target.settings, run.context
    by_git = (run.config.transport or settings.transport) == "git"
    if not intent.makes_commit or intent.end is End.PUSH or not by_git:
        return False
    if context.wiring.settings.signing_key is not None:
        return False
    return context.forge().rules(run.state.base_branch).verified_commits


def _rendered(intent: Intent, run: AppRun, names: ByNames | None) -> RenderVerdict | None:
    target, proposal, base = run.target, intent.judged, run.state.base
    if proposal is None or not proposal.image_edits:
        return None
    mode = target.settings.render
    if mode == "off":
        return RenderVerdict(note="switched off by render: off")
    if _is_late(run) and mode == "warn" and _is_known(run):
        return RenderVerdict(warnings=(f"not rendered: {_LATE}",), note=_LATE)
    names = names or propose.by_names(proposal, target, base)
    renderer = run.context.renderer()
    verdict = render.judge_edits(
        base, proposal.image_edits, names, renderer, strict=mode == "strict"
    )
    return verdict if intent.makes_commit else replace(verdict, refusals=(), warnings=())


def _others(intent: Intent, run: AppRun) -> tuple[OtherEnvironment, ...]:
    edits = intent.judged.image_edits if intent.judged else ()
    if not edits:
        return ()
    is_rendered = run.target.settings.render != "off" and not _is_late(run)
    renderer = run.context.renderer() if is_rendered else None
    return other_environments(run, edits, renderer)


def _is_late(run: AppRun) -> bool:
    """Return whether a scheduled run over many apps would end before all of it is written."""
    deadline = run.context.wiring.deadline
    return run.request.scheduled and deadline.is_within_last(KEPT_WITHOUT_RENDER)


def _is_known(run: AppRun) -> bool:
    """Return whether the names of images show what an edit of them changes."""
    if not run.target.kustomized:
        return False
    closure = graph.read_closure(run.state.base, run.target.directory)
    return closure.complete and not closure.patched


def needs_text(change: Change, intent: Intent, context: RunContext) -> bool:
    """Return whether the pull's text has to be made: it is of another commit, or says less."""
    if intent.proposal is None or intent.end not in (End.PULL, End.SUPERSEDED):
        return False
    if intent.makes_commit or change.pull is None:
        return True
    known = pull_request.facts_of(change.pull, intent.proposal)
    wanted = all(one.target.settings.render != "off" for one in change.apps)
    renders = wanted and context.renderer() is not None
    return known is None or (renders and "render" not in known)
