"""Changes of an open pull, each in one request: a comment with what it tells of.

GitHub has no condition for them: what a person has ended meanwhile is found out by the answer, and
the change is taken back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from promoter.domain.errors import RaceLostError
from promoter.domain.model import PullState
from promoter.forges.github.client import FAILURES, UNLIKE
from promoter.forges.github.comments import comment_mutation, delete_if_said_before, deletion
from promoter.forges.github.mutations import Answers, Mutation, carry_out
from promoter.forges.github.pull_shapes import PULL, graph_pull

if TYPE_CHECKING:
    from promoter.domain.model import Pull, PullDraft
    from promoter.forges.github.client import Client


def renewal(pull: Pull, draft: PullDraft, **more: str) -> Mutation:
    """Return the write of a pull's title and body, and of whatever else is given."""
    wanted = {"pullRequestId": pull.node, "title": draft.title, "body": draft.body, **more}
    return Mutation("updatePullRequest", wanted, "pullRequest { ...Pull }")


def renewed(client: Client, pull: Pull, draft: PullDraft, comment: str | None) -> Pull | None:
    """Return an open pull with another text, and a comment on it; None where not all was done.

    Raises `RaceLostError` where a person has ended the pull meanwhile: it keeps its text then.
    """
    answers = _carried_out(client, pull, renewal(pull, draft), comment)
    if answers is None:
        return None
    changed = _pull(answers)
    if changed is not None and changed.state is not PullState.OPEN:
        _take_back(client, pull, answers)
        raise ended(changed)
    return None if answers.failed else changed


def closed(client: Client, pull: Pull, draft: PullDraft, comment: str) -> Pull | None:
    """Return a pull that was marked and closed with a comment; None where not all was done."""
    answers = _carried_out(client, pull, renewal(pull, draft, state="CLOSED"), comment)
    if answers is None or answers.failed:
        return None
    changed = _pull(answers)
    return changed if changed is not None and changed.state is not PullState.OPEN else None


def ended(pull: Pull) -> RaceLostError:
    """Return the error for a pull that a person has merged or closed meanwhile."""
    return RaceLostError(f"pull {pull.number} was {pull.state} meanwhile", "Run again.")


def _carried_out(client: Client, pull: Pull, text: Mutation, comment: str | None) -> Answers | None:
    """Return what became of a change; None where that is not known."""
    writes = {"text": text}
    if comment is not None:
        # Before the text: the old text is what a next run would know the comment from.
        writes = {"comment": comment_mutation(pull, comment), **writes}
    try:
        answers = carry_out(client, "Renew", writes, PULL)
    except FAILURES:
        return None
    said = answers.done.get("comment")
    if said is not None and "text" in answers.failed:
        # Without what it tells of, it is not true.
        with suppress(*FAILURES):
            carry_out(client, "TakeBack", {"comment": deletion(said)})
    elif said is not None and comment is not None:
        delete_if_said_before(client, said, comment)
    return answers


def _pull(answers: Answers) -> Pull | None:
    """Return the pull as the answer to its change shows it."""
    try:
        return graph_pull(answers.done["text"]["pullRequest"])
    except UNLIKE:
        return None


def _take_back(client: Client, before: Pull, answers: Answers) -> None:
    """Give an ended pull its text again, and take the comment away."""
    old = {"pullRequestId": before.node, "title": before.title, "body": before.body}
    writes = {"text": Mutation("updatePullRequest", old)}
    if (said := answers.done.get("comment")) is not None:
        writes["comment"] = deletion(said)
    with suppress(*FAILURES):
        client.repeat(lambda: carry_out(client, "TakeBack", writes))
