"""Changes of an open pull, each in one request: a comment with what it tells of.

GitHub has no condition for them: what a person has ended meanwhile is found out by the answer, and
the change is taken back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from promoter.domain.branch import Renewal
from promoter.domain.errors import PromoteError
from promoter.domain.pull import Pull, PullDraft, PullState
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES, UNLIKE
from promoter.forges.github.api.mutations import Answers, Mutation, send_mutations
from promoter.forges.github.pulls.comments import (
    comment_mutation,
    delete_if_said_before,
    deletion,
    text_before,
)
from promoter.forges.github.pulls.shapes import WRITTEN, graph_pull
from promoter.forges.github.pulls.steps import PullSteps, ended, says


def changes(renewal: Renewal) -> dict[str, Mutation]:
    """Return the writes of a pull's text and of the comment that tells of it, by their names."""
    text = _text(renewal.pull, renewal.draft)
    return _with_comment(renewal.pull, text, renewal.comment)


def settle(client: Client, renewal: Renewal, answers: Answers, *, is_true: bool) -> None:
    """Keep a pull that was renewed with its branch; where that did not move, it says what it said.

    GitHub writes the text also where it refuses the branch: a person's commit is there, or a rule
    forbids it. So it does of a pull that a person has ended. What another run has written stays.
    """
    said, pull = answers.done.get("comment"), _pull(answers)
    if is_true and pull is not None and pull.state is not PullState.OPEN:
        _take_back(client, renewal.pull, answers)
        return
    if not is_true and pull is not None and _says_still(client, pull, renewal.draft):
        _take_back(client, renewal.pull, answers)
    elif said is not None and not is_true:
        _delete(client, said)
    elif said is not None and renewal.comment is not None:
        delete_if_said_before(client, said, renewal.comment)
    if is_true and pull is not None and (said is not None or renewal.comment is None):
        client.renewed[pull.number] = pull


def _says_still(client: Client, pull: Pull, draft: PullDraft) -> bool:
    """Return whether a pull has the text that was written; where that is not known, it has."""
    with suppress(*FAILURES, PromoteError):
        return says(PullSteps(client).read(pull.number), draft)
    return True


def renewed(client: Client, pull: Pull, draft: PullDraft, comment: str | None) -> Pull | None:
    """Return an open pull with another text, and a comment on it; None where not all was done.

    Raises `RaceLostError` where a person has ended the pull meanwhile: it keeps its text then.
    """
    changed = client.renewed.pop(pull.number, None)
    if changed is not None and changed.state is PullState.OPEN:
        return changed
    answers = _carried_out(client, pull, _text(pull, draft), comment)
    if answers is None:
        return None
    changed = _pull(answers)
    if changed is not None and changed.state is not PullState.OPEN:
        _take_back(client, pull, answers)
        raise ended(changed)
    return None if answers.failed else changed


def closed(client: Client, pull: Pull, draft: PullDraft, comment: str) -> Pull | None:
    """Return a pull that was marked and closed with a comment; None where not all was done."""
    answers = _carried_out(client, pull, _text(pull, draft, state="CLOSED"), comment)
    if answers is None or answers.failed:
        return None
    changed = _pull(answers)
    return changed if changed is not None and changed.state is not PullState.OPEN else None


def close_untrue(client: Client, pull: Pull) -> None:
    """Close a pull that was just opened and tells of a commit which is not there; marked as ours."""
    # Late: the texts of pulls take longest to import.
    from promoter.pull_request import mark_closed

    draft = PullDraft(pull.title, mark_closed(pull.body))
    with suppress(*FAILURES):
        writes = {"text": _text(pull, draft, state="CLOSED")}
        client.repeat(lambda: send_mutations(client, "Close", writes))


def _text(pull: Pull, draft: PullDraft, **more: str) -> Mutation:
    """Return the write of a pull's title and body, and of whatever else is given."""
    wanted = {"pullRequestId": pull.node, "title": draft.title, "body": draft.body, **more}
    return Mutation("updatePullRequest", wanted, f"pullRequest {{ {WRITTEN} }}")


def _with_comment(pull: Pull, text: Mutation, comment: str | None) -> dict[str, Mutation]:
    """Return the write of a text, and that of a comment before it.

    The old text is what a next run would know from that the comment is missing.
    """
    if comment is None:
        return {"text": text}
    return {"comment": comment_mutation(pull, comment), "text": text}


def _delete(client: Client, said: Any) -> None:  # noqa: ANN401 - JSON
    """Take a comment back that turned out not to be true."""
    with suppress(*FAILURES):
        send_mutations(client, "TakeBack", {"comment": deletion(said)})


def _carried_out(client: Client, pull: Pull, text: Mutation, comment: str | None) -> Answers | None:
    """Return what became of a change; None where that is not known."""
    try:
        answers = send_mutations(client, "Renew", _with_comment(pull, text, comment))
    except FAILURES:
        return None
    said = answers.done.get("comment")
    if said is not None and "text" in answers.failed:
        _delete(client, said)
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
    """Give a pull its text again, which another run may have written since; take the comment away."""
    said = answers.done.get("comment")
    old = {"pullRequestId": before.node, **text_before(said, before)}
    writes = {"text": Mutation("updatePullRequest", old)}
    if said is not None:
        writes["comment"] = deletion(said)
    with suppress(*FAILURES):
        client.repeat(lambda: send_mutations(client, "TakeBack", writes))
