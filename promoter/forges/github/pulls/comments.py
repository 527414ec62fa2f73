"""What is said on a pull: each text one time, also where another run says it, and wherever a run ends."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from promoter.domain.pull import Pull
from promoter.domain.redaction import redacted
from promoter.forges.github.api.client import Client, shows
from promoter.forges.github.api.failures import FAILURES
from promoter.forges.github.api.mutations import Mutation, send_mutations
from promoter.forges.github.api.pages import read_pages

# Beside the new comment come the newest ones: another run may have said the same just now. So does
# the text, which is as it was before what the same request goes on with.
_ANSWER = (
    "commentEdge { node { id } } "
    "subject { ... on PullRequest { title body comments(last: 20) { nodes { id body } } } }"
)


def add_comment(client: Client, pull: Pull, text: str) -> None:
    """Comment on a pull, unless a run has written the same already."""
    path, text = f"/issues/{pull.number}/comments", redacted(text)

    def do() -> int:
        return int(client.change("POST", path, {"body": text}, shows("id"))["id"])

    def find() -> int | None:
        said = read_pages(client, "read the comments", path, lambda one: (one["id"], one["body"]))
        return min((int(number) for number, known in said if known == text), default=None)

    if find():
        return
    made = client.write("comment on the pull request", do, find)
    if find() != made:
        # Another run has said it in the same moment, and the first of the two stays.
        with suppress(*FAILURES):
            client.ask("DELETE", f"/issues/comments/{made}")


def comment_mutation(pull: Pull, text: str) -> Mutation:
    """Return the write of a comment, whose answer shows whether it was said before."""
    return Mutation("addComment", {"subjectId": pull.node, "body": redacted(text)}, _ANSWER)


def deletion(made: Any) -> Mutation:  # noqa: ANN401 - JSON
    """Return the write that takes back what the answer to a comment tells of."""
    return Mutation("deleteIssueComment", {"id": made["commentEdge"]["node"]["id"]})


def text_before(made: Any, otherwise: Pull) -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return the title and the body that a pull had when it was commented on; else a pull's own."""
    shown = ((made or {}).get("subject") or {}) if isinstance(made, dict) else {}
    known = {key: shown.get(key) for key in ("title", "body")}
    if all(isinstance(one, str) for one in known.values()):
        return {key: str(one) for key, one in known.items()}
    return {"title": otherwise.title, "body": otherwise.body}


def delete_if_said_before(client: Client, made: Any, text: str) -> None:  # noqa: ANN401 - JSON
    """Take a new comment back where its answer shows that another run has said the same."""
    with suppress(*FAILURES):
        own, text = made["commentEdge"]["node"]["id"], redacted(text)
        same = [one["id"] for one in made["subject"]["comments"]["nodes"] if one["body"] == text]
        if own in same[1:]:
            send_mutations(client, "TakeBack", {"comment": deletion(made)})
