"""What a GitHub pull gets beside its text: reviewers, assignees, milestone, labels, auto-merge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from promoter.domain.errors import PromoteError, RaceLostError
from promoter.domain.pull import Pull, PullExtras, PullState
from promoter.forges.github.api.client import Client, shows
from promoter.forges.github.api.failures import (
    FAILURES,
    UNLIKE,
    GitHubError,
    is_of_graphql,
    is_passing,
    message_of,
)
from promoter.forges.github.api.mutations import carry_out_one, send_mutations
from promoter.forges.github.api.pages import read_pages
from promoter.forges.github.api.queries import repository_query
from promoter.forges.github.api.retry import pause
from promoter.forges.github.pulls import extras_at_once
from promoter.forges.github.pulls.extras_at_once import WAITS, merge_blockers
from promoter.forges.github.pulls.node_ids import TEAM, NodeIds
from promoter.forges.github.pulls.shapes import graph_pull

_COLOUR = "1d76db"
# GitHub's words for "there is nothing to wait for": then merging at once is what was asked.
_READY = (
    "clean status",
    "protected branch rules not configured",
    # A check that is not required still runs, or has failed.
    "unstable status",
)
_FORBIDDEN = ("auto merge is not allowed", "auto-merge is not allowed")


class ExtrasAddition:
    """Gives one pull what its environment wants of it; what fails is a warning."""

    def __init__(self, client: Client, pull: Pull, extras: PullExtras) -> None:
        self._client, self._number, self._pull, self._extras = client, pull.number, pull, extras
        self._done: list[str] = []
        self._warnings: list[str] = []

    def run(self) -> tuple[Pull, tuple[str, ...], tuple[str, ...]]:
        """Do what is missing; labels come late and the merge last, so that a rerun sees the rest.

        All is tried in one request, and what that does not do is done step by step.
        """
        said = self._try_at_once()
        wanted = self._extras
        if wanted.reviewers:
            self._try(f"ask {', '.join(wanted.reviewers)} for a review", self._reviewers)
        if wanted.assignees or wanted.milestone:
            self._try("set assignees and milestone", self._issue)
        if wanted.labels:
            self._try("set the labels", self._labels)
        if wanted.auto_merge:
            self._try("arm auto-merge", partial(self._auto_merge, said))
        return self._pull, tuple(self._done), tuple(dict.fromkeys(self._warnings))

    def _try_at_once(self) -> str | None:
        """Do in one request what can be; returns why GitHub did not arm auto-merge, where it said so."""
        ids = self._client.ids.pop(self._pull.node, NodeIds())
        writes = extras_at_once.writes(self._pull, self._extras, ids)
        if not writes:
            return None
        try:
            answers = send_mutations(self._client, "Extras", writes)
        except FAILURES:
            return None
        self._done += extras_at_once.done_of(self._extras, answers)
        self._extras = extras_at_once.left(self._extras, answers)
        if shown := answers.done.get("merge"):
            self._armed(shown.get("pullRequest"))
        return answers.failed.get("merge") or None

    def _try(self, work: str, step: Callable[[], None]) -> None:
        """Do one step; the pull stands without it, so that a failure is reported and no more."""
        try:
            # Each step may well be done twice, and after a merge no rerun sees what is extras.
            self._client.repeat(step)
        except RaceLostError:
            raise
        except FAILURES as error:
            failed = self._client.failure(work, error)
            self._warnings.append(f"{failed.message} {failed.hint}")
        except PromoteError as error:
            self._warnings.append(f"{error.message} {error.hint}")

    def _reviewers(self) -> None:
        wanted = [one for one in self._extras.reviewers if one != self._pull.author]
        try:
            self._ask_for_review(wanted)
        except GitHubError as error:
            if error.status != 422 or len(wanted) < 2:
                raise
            # GitHub asks nobody at all where one of them cannot be asked.
            for one in wanted:
                self._try(f"ask {one} for a review", partial(self._ask_for_review, [one]))

    def _ask_for_review(self, wanted: list[str]) -> None:
        users = [one for one in wanted if not one.startswith(TEAM)]
        teams = [one.removeprefix(TEAM) for one in wanted if one.startswith(TEAM)]
        asked = {"reviewers": users, "team_reviewers": teams}
        path = f"/pulls/{self._number}/requested_reviewers"
        self._client.change("POST", path, asked, shows("number"))
        self._done.append(f"asked {', '.join(wanted)} for a review")

    def _issue(self) -> None:
        changes: dict[str, Any] = {}
        if self._extras.assignees:
            changes["assignees"] = list(self._extras.assignees)
        if self._extras.milestone:
            found = milestone(self._client, self._extras.milestone)
            if found:
                changes["milestone"] = found
            else:
                self._warnings.append(f"there is no milestone {self._extras.milestone!r}")
        if changes:
            self._client.change("PATCH", f"/issues/{self._number}", changes, shows("number"))
            self._done.append(f"set {' and '.join(sorted(changes))}")

    def _labels(self) -> None:
        wanted = self._extras.labels
        path, labels = f"/issues/{self._number}/labels", {"labels": list(wanted)}
        try:
            self._client.change("POST", path, labels, partial(_shows_labels, wanted))
        except GitHubError as error:
            if error.status not in (404, 422):
                raise
            for name in wanted:
                self._make_label(name)
            self._client.change("POST", path, labels, partial(_shows_labels, wanted))
        self._done.append(f"labelled {', '.join(wanted)}")

    def _make_label(self, name: str) -> None:
        try:
            self._client.change("POST", "/labels", {"name": name, "color": _COLOUR}, shows("name"))
        except GitHubError as error:
            if error.status != 422:  # it is there already
                raise

    def _auto_merge(self, said: str | None) -> None:
        """Arm auto-merge, where GitHub has not said why not; merge where nothing is to be waited for."""
        if said is None or not any(words in said.lower() for words in (*_READY, *_FORBIDDEN)):
            write = extras_at_once.arming(self._pull, self._extras)
            try:
                armed = carry_out_one(self._client, "Arm", write)
            except GitHubError as error:
                if is_passing(error):
                    raise
                lacks_graphql = error.status == 404 and not is_of_graphql(error)
                # Without GraphQL nothing can be waited for.
                said = _READY[0] if lacks_graphql else message_of(error)
            else:
                self._armed(armed["pullRequest"])
                return
        if any(words in said.lower() for words in _READY):
            self._merge("")
        elif any(words in said.lower() for words in _FORBIDDEN):
            self._merge("; 'Allow auto-merge' is off in the repository's settings")
        else:
            self._warnings.append(f"auto-merge could not be armed: {said}")

    def _armed(self, shown: Any) -> None:  # noqa: ANN401 - JSON
        """Tell that a pull will merge itself, and what it waits for."""
        waits = merge_blockers(shown)
        self._done.append(f"auto-merge armed{f'; it waits for {waits}' if waits else ''}")
        with suppress(*UNLIKE):
            self._pull = graph_pull(shown)

    def _merge(self, setting: str) -> None:
        """Merge now; GitHub may still be computing whether it can."""
        for delay in (0.2, 0.5, 1.0, 2.0, 4.0, 0.0):
            try:
                self._client.change(
                    "PUT",
                    f"/pulls/{self._number}/merge",
                    {"merge_method": self._extras.merge_method, "sha": self._pull.head},
                    shows("merged"),
                )
            except GitHubError as error:
                said = message_of(error)
                if error.status == 409:
                    raise RaceLostError(
                        f"pull request {self._number} moved on", "Run again."
                    ) from error
                if "merge queue" in said.lower():
                    self._enqueue()
                    return
                undecided = (
                    "not mergeable" in said.lower() or "base branch was modified" in said.lower()
                )
                if delay and (is_passing(error) or undecided) and not self._is_merged():
                    pause(delay, self._client.deadline)
                    continue
                if self._is_merged():
                    break
                waits = self._waits()
                reason = f" ({waits})" if waits else ""
                self._warnings.append(f"not merged: {' '.join(said.split())}{reason}{setting}")
                return
            break
        self._pull = replace(self._pull, state=PullState.MERGED)
        self._done.append(f"merged at once ({self._extras.merge_method})")

    def _is_merged(self) -> bool:
        """Return whether the pull has been merged after all: a lost answer, or somebody else."""
        return bool(self._client.ask("GET", f"/pulls/{self._number}")["merged"])

    def _enqueue(self) -> None:
        carry_out_one(self._client, "Enqueue", extras_at_once.enqueuing(self._pull))
        self._done.append("added to the merge queue")

    def _waits(self) -> str:
        """Return the rules that keep the pull from being merged, as far as they can be read."""
        asked = f"pullRequest(number: {self._number}) {{ {WAITS} }}"
        try:
            return merge_blockers(
                self._client.query(repository_query("Waits", [asked]))["pullRequest"]
            )
        except FAILURES:
            return ""


def milestone(client: Client, title: str) -> int | None:
    """Return the number of the open milestone with a title, or None where there is none."""
    listed = read_pages(
        client, "read the milestones", "/milestones", lambda one: (one["title"], int(one["number"]))
    )
    return next((number for name, number in listed if name == title), None)


def _shows_labels(wanted: Sequence[str], answer: object) -> bool:
    shown = answer if isinstance(answer, list) else []
    names = {str(one.get("name")).casefold() for one in shown if isinstance(one, dict)}
    return {one.casefold() for one in wanted} <= names
