"""Changes of a pull step by step, over REST: each is looked for before it is done again."""

from __future__ import annotations

from promoter.domain.errors import RaceLostError
from promoter.domain.pull import Pull, PullDraft, PullState
from promoter.forges.github.api.client import Client
from promoter.forges.github.pulls.shapes import rest_pull


class PullSteps:
    """Reads, renews and closes pulls where that is not done in one request with the rest."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, number: int) -> Pull:
        """Return a pull as it is now."""
        client = self._client
        return client.read(
            "read the pull request",
            lambda: rest_pull(client.ask("GET", f"/pulls/{number}")),
            new=True,
        )

    def check_open(self, pull: Pull, written: PullDraft | None = None) -> Pull:
        """Return a pull as it is now; what a person has merged or closed is written to no more.

        Where a text is there that was `written` and never answered, it is taken back.
        """
        now = self.read(pull.number)
        if now.state is PullState.OPEN:
            return now
        if written is not None and says(now, written):
            self._edit(pull, {"title": pull.title, "body": pull.body})
        raise ended(now)

    def renew(self, pull: Pull, draft: PullDraft) -> Pull:
        """Give an open pull a title and a body; `RaceLostError` where it has ended meanwhile."""
        before = self.check_open(pull, draft)
        wanted = {"title": draft.title, "body": draft.body}

        def find() -> Pull | None:
            found = self.read(pull.number)
            return found if says(found, draft) else None

        changed = self._client.write(
            "renew the pull request", lambda: self._edit(pull, wanted), find
        )
        if changed.state is not PullState.OPEN:
            # It ended between the look and the write, for which GitHub has no condition.
            self._edit(pull, {"title": before.title, "body": before.body})
            raise ended(changed)
        return changed

    def close(self, pull: Pull) -> Pull:
        """End a pull unmerged."""

        def find() -> Pull | None:
            found = self.read(pull.number)
            return None if found.state is PullState.OPEN else found

        return self._client.write(
            "close the pull request", lambda: self._edit(pull, {"state": "closed"}), find
        )

    def _edit(self, pull: Pull, changes: dict[str, str]) -> Pull:
        return rest_pull(self._client.ask("PATCH", f"/pulls/{pull.number}", input=changes))


def ended(pull: Pull) -> RaceLostError:
    """Return the error for a pull that a person has merged or closed meanwhile."""
    return RaceLostError(f"pull request {pull.number} was {pull.state} meanwhile", "Run again.")


def says(pull: Pull, draft: PullDraft) -> bool:
    """Return whether a pull has the title and the body that a draft wants."""
    return (pull.title, pull.body) == (draft.title, draft.body)
