"""Holds that are proposed and not merged yet: an open rollback keeps its apps where they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from promoter.config.layout import Target
from promoter.domain.branch_name import HOLD_BRANCH, promotion_branch
from promoter.domain.pull import Pull
from promoter.engine.run_context import RunContext
from promoter.engine.selection.work import View
from promoter.gates import ProposedHold
from promoter.planning.branch import proposed_hold
from promoter.planning.change import Change
from promoter.planning.intent import End, Intent

# The short name of many apps says how many they are, and not which.
_SHORT_NAME = re.compile(r".+\+[0-9]+-[0-9a-f]{12}")


def hold_against(
    target: Target, change: Change, intent: Intent, others: Mapping[str, ProposedHold]
) -> ProposedHold | None:
    """Return the hold of an app that a change would go against; `others` have own branches.

    What was built before a rollback would undo it while its pull is not merged yet.
    """
    goes = intent.makes_commit or (intent.end is End.PULL and change.pull is None)
    # What is older than the base's is refused by all that refuses it.
    goes = goes or (intent.end is End.SUPERSEDED and intent.proposal is None)
    own = proposed_hold(change.state, target) if goes or intent.end is End.CLOSE else None
    if own is not None and change.pull is not None:
        return ProposedHold(own, change.pull.number, is_own=True)
    return others.get(target.app) if goes else None


class OpenHolds:
    """The holds that open pulls from other branches than a request's own would begin.

    The branches are known from the look at the base. Only those that may be about an app are looked
    into, of which there are mostly none; `pulls_of` returns the pulls of one.
    """

    def __init__(
        self,
        context: RunContext,
        view: View,
        pulls_of: Callable[[str, Sequence[Target], str | None], Sequence[Pull]],
    ) -> None:
        self._context, self._view, self._pulls_of = context, view, pulls_of
        self._template = view.config.templates.branch
        self._names: frozenset[str] = frozenset()

    def prefetch(self, targets: Sequence[Target], known: Sequence[str]) -> None:
        """Fetch what the branches hold that may be about some apps, where `known` does not have it."""
        repository = self._context.repository
        names = {branch for one in targets for branch in self._own_branches(one)}
        # What the run delivers on is looked at next: it is asked for with the others.
        self._names = repository.branches(names.union(known), self._beginnings(targets))
        branches = {branch for one in targets for branch in self._branches_of(one)}
        if len(branches.difference(known)) > 1:
            repository.prefetch(sorted(branches.difference(known)))

    def of(self, targets: Sequence[Target], own: str) -> Mapping[str, ProposedHold]:
        """Return the hold of each app of a request; `own` is the branch on which it is delivered."""
        found: dict[str, ProposedHold] = {}
        for one in targets:
            for branch in sorted(self._branches_of(one)):
                if branch != own and (hold := self._proposed(one, branch)) is not None:
                    found.setdefault(one.app, hold)
        return found

    def holds_beside(self, targets: Sequence[Target], own: str) -> tuple[str, ...]:
        """Return a warning for each app that another open pull holds, as an open rollback does."""
        return tuple(
            f"only pull request {one.pull}, which is open, holds {app}: merge it or close it"
            for app, one in self.of(targets, own).items()
        )

    def promotions_beside(self, targets: Sequence[Target], own: str) -> tuple[str, ...]:
        """Return a warning for each open pull that promotes an app which a request would hold."""
        found: dict[str, None] = {}
        for one in targets:
            for branch in sorted(self._branches_of(one)):
                state = self._context.repository.look((self._view.base, self._view.tree), branch)
                if branch == own or not state.commits or proposed_hold(state, one):
                    continue
                state = state.with_pulls(self._pulls_of(branch, [one], state.tip))
                if (pull := state.open_pull) is not None:
                    found[
                        f"pull request {pull.number} ({pull.title}) is open and promotes "
                        f"{one.app}: the hold does not stop a person from merging it; close it"
                    ] = None
        return tuple(found)

    def _proposed(self, target: Target, branch: str) -> ProposedHold | None:
        """Return the hold of one app that a branch would begin, where its pull is open."""
        base = self._view.base, self._view.tree
        state = self._context.repository.look(base, branch)
        if proposed_hold(state, target) is None:
            return None
        state = state.with_pulls(self._pulls_of(branch, [target], state.tip))
        hold, pull = proposed_hold(state, target), state.open_pull
        return ProposedHold(hold, pull.number) if hold and pull else None

    def _branches_of(self, target: Target) -> Iterator[str]:
        app, environment = target.app, target.environment
        yield from self._names.intersection(self._own_branches(target))
        before, _, after = promotion_branch(environment, "\0", self._template).partition("\0")
        # Only what several apps are called together holds a `+`.
        for name in (one for one in self._names if "+" in one):
            together = name.removeprefix(before).removesuffix(after)
            same = promotion_branch(environment, together, self._template) == name
            if same and self._may_hold(together, app):
                yield name

    def _may_hold(self, together: str, app: str) -> bool:
        groups = self._view.config.groups
        named = {f"group+{name}" for name, group in groups.items() if app in group.apps}
        is_short = _SHORT_NAME.fullmatch(together) is not None
        return together in named or is_short or app in together.split("+")

    def _own_branches(self, target: Target) -> set[str]:
        return {
            promotion_branch(target.environment, target.app, template)
            for template in (self._template, HOLD_BRANCH)
        }

    def _beginnings(self, targets: Sequence[Target]) -> set[str]:
        """Return what the branches of several apps together begin with."""
        return {
            begun
            for environment in {one.environment for one in targets}
            for template in (self._template, HOLD_BRANCH)
            if (begun := promotion_branch(environment, "\0", template).partition("\0")[0])
        }
