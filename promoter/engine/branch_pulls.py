"""The pulls of branches, asked for at once where there are many, with their files' history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import PurePosixPath

from promoter.config.layout import Target
from promoter.domain.model import Tree
from promoter.domain.pull import Pull, PullState
from promoter.engine.evidence import shown_files
from promoter.engine.run_context import RunContext
from promoter.engine.selection.work import View


class BranchPulls:
    """The pulls of branches; those of a run's own come with the history that their texts show."""

    def __init__(
        self, context: RunContext, view: View, targets: Mapping[str, Sequence[Target]]
    ) -> None:
        """Ask for many at once: `targets` are what the run delivers on its branches."""
        self._context, self._view, self._targets = context, view, targets
        self._known: dict[str, tuple[Pull, ...]] = {}
        branches = list(targets)
        if len(branches) > 1:
            context.repository.prefetch(branches)
            by_forge = context.wiring.transport == "api" or context.has_history_from_forge(
                view.tree
            )
            history = self._history(chain.from_iterable(targets.values())) if by_forge else None
            self._known = context.forge().pulls(branches, view.base, history)

    def of(
        self, branch: str, targets: Sequence[Target], tip: str | None = None
    ) -> tuple[Pull, ...]:
        """Return a branch's pulls; whether the open one has reviews is asked where that matters.

        `tip`: the commit at which the branch was seen.
        """
        forge, found = self._context.forge(), self._known.get(branch)
        if found is None:
            # For a single app, it comes with the first look through the API.
            together = len(targets) > 1 and self._context.wiring.transport == "api"
            by_forge = together or self._context.has_history_from_forge(self._view.tree)
            own = branch in self._targets and by_forge
            history = self._history(targets) if own else None
            found = forge.pulls([branch], self._view.base, history)[branch]
            if tip is not None and not any(one.head == tip for one in found):
                # The answer may be from before that commit, and another run have opened its pull.
                found = forge.pulls([branch], self._view.base)[branch]
        if not any(one.settings.reviewers for one in targets):
            return found
        return tuple(
            replace(one, has_reviewers=forge.has_reviews(one))
            if one.state is PullState.OPEN and one.has_reviewers is None
            else one
            for one in found
        )

    def _history(self, targets: Iterable[Target]) -> tuple[Tree, Sequence[PurePosixPath]]:
        """Return the files whose history the texts of these pulls show, and their commit."""
        view = self._view
        return view.tree, [
            file for one in targets for file in shown_files(view.config, view.tree, one)
        ]
