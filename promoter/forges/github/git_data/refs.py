"""Refs through GitHub's API: a branch is made once, and moves only from what was seen."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from promoter.domain.branch import in_conflict, name_conflict
from promoter.domain.errors import RaceLostError, RefusedError, RemoteError
from promoter.forges.github.api.client import Client, shows
from promoter.forges.github.api.failures import GitHubError, is_passing
from promoter.forges.github.api.mutations import Mutation, carry_out_one
from promoter.git.refs import NOTHING
from promoter.system.budget import FORGE_SETTLING


class Refs:
    """Makes, moves and deletes branches; each write is looked for before it is done again."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def tip(self, branch: str) -> str | None:
        """Return a branch's commit, or None where there is no such branch."""

        def ask() -> str | None:
            try:
                found = self.client.ask("GET", f"/git/ref/heads/{quote(branch)}")
            except GitHubError as error:
                # In a repository that can be read, it is just the branch that is missing.
                if error.status == 404 and branch and self.node():
                    return None
                raise
            return str(found["object"]["sha"])

        return self.client.read(f"read branch {branch}", ask)

    def matching(self, beginning: str) -> dict[str, str]:
        """Return the branches that begin so, with their commits."""

        def ask() -> dict[str, str]:
            listed = self.client.ask("GET", f"/git/matching-refs/heads/{quote(beginning)}")
            tips = {str(one["ref"]): str(one["object"]["sha"]) for one in listed}
            return {ref.removeprefix("refs/heads/"): tip for ref, tip in tips.items()}

        return self.client.read("list the branches", ask)

    def node(self) -> str:
        """Return GitHub's own id of the repository, which is asked for where no answer has shown it."""
        self.client.node = self.client.node or self._of_repository("node_id")
        return self.client.node

    def default_branch(self) -> str:
        """Return the name of the repository's default branch."""
        return self._of_repository("default_branch")

    def _of_repository(self, key: str) -> str:
        return self.client.read(
            "read the default branch", lambda: str(self.client.ask("GET", "")[key])
        )

    def make(self, branch: str, commit: str) -> None:
        """Make a branch that is not there yet; else `RaceLostError`.

        Raises `RefusedError` where git cannot have it beside another.
        """

        def do() -> bool:
            made = {"ref": f"refs/heads/{branch}", "sha": commit}
            self.client.change("POST", "/git/refs", made, shows("ref"))
            return True

        def find() -> bool | None:
            tip = self.tip(branch)
            if tip not in (None, commit):
                raise RaceLostError(f"{branch} appeared meanwhile", "Run again.")
            if tip is None and (beside := self._in_conflict(branch)):
                raise RefusedError([name_conflict(branch, beside)])
            return tip == commit or None

        self.client.write(f"make branch {branch}", do, find)

    def _in_conflict(self, branch: str) -> tuple[str, ...]:
        """Return the branches beside which git cannot have another, which GitHub does not say."""
        return in_conflict(branch, self.matching(branch.partition("/")[0]))

    def move(
        self, branch: str, before: str, after: str | None, *, within: float = math.inf
    ) -> None:
        """Move or delete a branch only from what was seen; else `RaceLostError`."""

        def find() -> bool | None:
            now = self.tip(branch)
            if now not in (before, after):
                raise RaceLostError(f"{branch} moved meanwhile", "Run again.")
            return now == after or None

        def do() -> bool:
            try:
                self._compare_and_set(branch, before, after)
            except GitHubError as error:
                if is_passing(error) or find():
                    raise
                self._set(branch, after)
            return True

        self.client.write(f"move branch {branch}", do, find, within=within)

    def moves(self, *updates: tuple[str, str, str | None]) -> Mutation:
        """Return the write that moves branches (name, from where, to where), all of them or none."""
        wanted = [_update(*one) for one in updates]
        moved = {"repositoryId": self.node(), "refUpdates": wanted}
        return Mutation("updateRefs", moved)

    def _compare_and_set(self, branch: str, before: str, after: str | None) -> None:
        """Move a branch as GitHub can, from what it must be at."""
        carry_out_one(self.client, "Move", self.moves((branch, before, after)))

    def _set(self, branch: str, after: str | None) -> None:
        """Move a branch on a server without compare-and-set, just after it was looked at."""
        method, body = ("PATCH", {"sha": after, "force": True}) if after else ("DELETE", None)
        self.client.ask(method, f"/git/refs/heads/{quote(branch)}", input=body)

    def drop(self, branch: str, at: str) -> None:
        """Remove a branch of this run's, unless another has taken it over; the next run tries again."""
        with suppress(RemoteError):
            self.move(branch, at, None, within=FORGE_SETTLING.seconds)


def _update(branch: str, before: str, after: str | None) -> dict[str, Any]:
    """Return a move of a branch as GraphQL takes it."""
    return {
        "name": f"refs/heads/{branch}",
        "beforeOid": before,
        "afterOid": after or NOTHING,
        "force": True,
    }
