"""`promote auto`: every app whose policy wants another tag is promoted, in one clone and one push."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError, RaceLostError
from promoter.domain.model import BranchState, PullState
from promoter.engine.apply import Outcome, apply
from promoter.engine.chain import Chain, Published
from promoter.engine.choice import choices
from promoter.engine.observe import Observed, decide
from promoter.engine.run import preview, races, told, unfinished
from promoter.engine.stopped import Stopped, error_of
from promoter.engine.survey import Progress, Survey
from promoter.git import Stage
from promoter.graph import prefetch_closures
from promoter.output import report
from promoter.planning.decide import branch_of
from promoter.planning.plan import Action, Request

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from promoter.config.config import Config
    from promoter.config.layout import Target
    from promoter.domain.model import ImageRequest, Pull, Tree
    from promoter.engine.choice import Choice
    from promoter.engine.survey import Failure, Scope
    from promoter.engine.world import World
    from promoter.planning.plan import Promotion

_Key = tuple[str, str]
# The part of the time that is kept for delivering, however long the registries take.
_RESERVE = 0.25


@dataclass(slots=True)
class Run:
    """One run over the apps of a scope; results are kept by app and environment."""

    world: World
    scope: Scope
    asked: Request
    """Who asks, from which run, and what is allowed; the app and its tags are filled in."""
    progress: Progress = field(default_factory=Progress)
    _places: list[_Key] = field(default_factory=list)
    """Every app and environment that the run is about, once that is known."""
    _begun: dict[_Key, str] = field(default_factory=dict)
    """What was done for those that are not at their end."""
    _results: dict[_Key, dict[str, Any]] = field(default_factory=dict)

    def results(self) -> list[dict[str, Any]]:
        """Carry the run out and return one envelope for each app and environment, in order.

        Whatever ends it before its time, a signal or the deadline, what was done is told, and that
        the rest was not.
        """
        try:
            for attempt in races(self.world.wiring.deadline):
                with attempt:
                    self._attempt()
        except (Stopped, Exception) as reason:
            if not self._places:
                raise
            self._end(reason)
        return [self._results[key] for key in sorted(self._results)]

    def _attempt(self) -> None:
        """Look, choose and deliver; a lost race of the direct pushes means looking anew."""
        world = self.world
        base = world.repository.base(world.wiring.base)
        config = world.wiring.config(base[1])
        survey = Survey(config, base[1], self.scope)
        self._places = [(app, environment) for app, environment, _ in survey.places]
        self.progress.begin(len(self._places))
        asking = world.wiring.deadline.reserving(_RESERVE)
        found = choices(survey, world.registry(), self.progress.tick, asking)
        for failure in survey.failures:
            self._keep(_key(failure), _failed(failure.error, failure))
            self.progress.tick()
        work = [one for one in found if not self._is_done(one, base, config)]
        prefetch_closures(base[1], (one.candidate.target.directory for one in work))
        pushed = [one for one in work if one.settings.deliver == "push"]
        self._pull(_Base(base, config), [one for one in work if one.settings.deliver != "push"])
        # A commit through another transport than the one that reads is made by itself.
        alone = [one for one in pushed if self._transport(one, config) != world.wiring.transport]
        self._singly(alone)
        self._push(_Base(base, config), [one for one in pushed if one not in alone])

    def _is_done(self, choice: Choice, base: tuple[str, Tree], config: Config) -> bool:
        """Say whether an app needs no more than a line in the report, and write that line."""
        target = choice.candidate.target
        if (key := _key(target)) in self._results:
            return True
        if choice.error is not None:
            self._keep(key, _failed(choice.error, target))
            return True
        if not choice.standing:
            return False
        branch = branch_of(target, config)
        if target.settings.deliver != "push" and self.world.repository.has(branch):
            return False
        self._keep(key, report.standing(choice, base[0], branch))
        return True

    def _transport(self, choice: Choice, config: Config) -> str:
        """Return the transport by which an app's commit is made."""
        return config.transport or choice.settings.transport

    def _push(self, seen: _Base, work: list[Choice]) -> None:
        """Deliver to the base branch itself: a chain of commits, each on the one before, in one push."""
        repository = self.world.repository
        if not isinstance(repository, Stage):
            self._singly(work)
            return
        chain = Chain(repository, seen.tree)
        links: list[tuple[Promotion, str]] = []
        for batch in (True, False):
            part = [one for one in work if one.settings.batch is batch]
            made = [link for one in part if (link := self._link(seen, one, chain))]
            links += chain.batched(made) if batch and len(made) > 1 else made
        if not links or self._is_preview:
            return
        self._begin((one for one, _ in links), f"the push to {seen.name} was under way")
        error = repository.publish({seen.name: (chain.tip, seen.tree.commit)}).get(seen.name)
        self._begun.clear()
        if isinstance(error, RaceLostError):
            raise error
        for promotion, commit in links:
            if error is not None:
                self._keep(_key(promotion), _failed(error, promotion))
            else:
                self._keep_outcome(Outcome(promotion, Action.PUSHED, True, commit))

    def _link(self, seen: _Base, choice: Choice, chain: Chain) -> tuple[Promotion, str] | None:
        """Add one app's commit to the chain; None where there is none to add, which is reported."""
        if (promotion := self._decided(seen, choice, chain.tree)) is None:
            return None
        if promotion.message is None or self._is_preview:
            self._keep_outcome(Outcome(promotion, promotion.action, promotion.writes))
        if promotion.message is None:
            return None
        return promotion, chain.add(promotion)

    def _pull(self, seen: _Base, work: list[Choice]) -> None:
        """Deliver by pulls: all commits in one push, then each pull on its own."""
        repository = self.world.repository
        if not isinstance(repository, Stage):
            self._singly(work)
            return
        repository.bring([branch_of(one.candidate.target, seen.config) for one in work])
        promotions = [one for choice in work if (one := self._decided(seen, choice, seen.tree))]
        if self._is_preview:
            for one in promotions:
                self._keep_outcome(preview(one, self.world))
            return
        staged: dict[str, str] = {}
        leases: dict[str, tuple[str, str | None]] = {}
        for one in promotions:
            if one.message is not None and one.transport == self.world.wiring.transport:
                staged[one.branch] = repository.stage(one.commit_draft())
                leases[one.branch] = (staged[one.branch], one.lease)
        sent = [one for one in promotions if one.branch in staged]
        self._begin(sent, "the push of its branch was under way")
        failed = repository.publish(leases)
        self._begun.clear()
        self._begin(sent, "its branch was pushed, its pull was not brought in line")
        for one in promotions:
            self._carry_out(one, Published(repository, staged, failed))

    def _carry_out(self, promotion: Promotion, published: Published) -> None:
        """Bring one app's pull in line with its commit; a lost race is run again by itself."""
        world, key = self.world, _key(promotion)
        writer = published if promotion.branch in published.staged else world.writer(promotion)
        try:
            with self._told(key):
                outcome = apply(promotion, writer, world.forge(), world.progress)
        except RaceLostError:
            assert promotion.proposal is not None
            self._alone(self._asked_for(promotion, promotion.proposal.declaration.images))
        except PromoteError as error:
            self._keep(key, _failed(error, promotion))
        else:
            self._keep_outcome(outcome)

    def _singly(self, work: list[Choice]) -> None:
        """Promote apps one by one, where the repository takes no more at once."""
        for choice in work:
            self._alone(self._asked_for(choice.candidate.target, choice.images))

    def _alone(self, request: Request) -> None:
        """Promote one app as `promote --app` does."""
        assert request.environment is not None
        key = (request.app, request.environment)
        with self._told(key):
            self._keep(key, told(request, self.world))

    @contextmanager
    def _told(self, key: _Key) -> Iterator[None]:
        """Keep what was done for one app where the run ends meanwhile."""
        before = len(self.world.progress)
        try:
            yield
        except Stopped:
            self._begun[key] = "; ".join(self.world.progress[before:])
            raise

    def _begin(self, promotions: Iterable[Promotion], what: str) -> None:
        """Keep what is being done for several apps at once."""
        self._begun.update({_key(one): what for one in promotions})

    def _end(self, reason: BaseException) -> None:
        """Report an end before its time for all that are not at theirs."""
        for app, environment in self._places:
            if (app, environment) not in self._results:
                begun = self._begun.get((app, environment), "")
                told = unfinished(reason, Request(app, environment), [begun] if begun else [])
                self._keep((app, environment), told)

    def _decided(self, seen: _Base, choice: Choice, tree: Tree) -> Promotion | None:
        """Return what one app's choice means on a tree; a failure is its app's alone."""
        target = choice.candidate.target
        request = self._asked_for(target, choice.images)
        try:
            sight = self._sight(seen, choice, tree)
            decided = decide(Observed(self.world, request, seen.config, target, sight))
            return replace(decided, warnings=(*choice.warnings, *decided.warnings))
        except RaceLostError:
            raise
        except Exception as reason:  # noqa: BLE001 - one app's failure stops no other
            self._keep(_key(target), _failed(error_of(reason), target))
            return None

    def _sight(self, seen: _Base, choice: Choice, tree: Tree) -> BranchState:
        """Return what is there for one app; open pulls are asked for once for all."""
        branch = branch_of(choice.candidate.target, seen.config)
        if choice.settings.deliver == "push":
            return BranchState(seen.name, tree, branch)
        sight = self.world.repository.look((seen.name, tree), branch)
        if seen.open_pulls is None:
            seen.open_pulls = _by_branch(self.world.forge().all(), seen.name)
        known = seen.open_pulls.get(sight.branch)
        pulls = (known,) if known else self.world.forge().pulls(sight.branch, seen.name)
        return replace(sight, pulls=pulls)

    def _asked_for(self, where: Target | Promotion, images: tuple[ImageRequest, ...]) -> Request:
        """Return the request for one app's images."""
        return replace(self.asked, app=where.app, environment=where.environment, images=images)

    @property
    def _is_preview(self) -> bool:
        """Whether nothing shall be written."""
        return self.world.wiring.settings.dry_run or self.world.wiring.settings.check

    def _keep_outcome(self, outcome: Outcome) -> None:
        """Report what was done for one app."""
        check = self.world.wiring.settings.check
        told = report.envelope(outcome, preview=self._is_preview, check=check)
        self._keep(_key(outcome.promotion), told)

    def _keep(self, key: _Key, result: dict[str, Any]) -> None:
        self._results[key] = result


@dataclass(slots=True)
class _Base:
    """The base that a look has found, and what hangs on it."""

    found: tuple[str, Tree]
    config: Config
    open_pulls: dict[str, Pull] | None = None

    @property
    def name(self) -> str:
        """The base branch."""
        return self.found[0]

    @property
    def tree(self) -> Tree:
        """Its files."""
        return self.found[1]


def _key(where: Target | Promotion | Failure) -> _Key:
    """Return what results are kept by."""
    return where.app, where.environment


def _by_branch(pulls: Iterable[Pull], base: str) -> dict[str, Pull]:
    """Return the open pulls to a base by their branches."""
    return {one.branch: one for one in pulls if one.state is PullState.OPEN and one.base == base}


def _failed(error: PromoteError, where: Target | Promotion | Failure) -> dict[str, Any]:
    """Return the envelope of an app that could not be promoted."""
    return report.failure(error, Request(where.app, where.environment))
