"""The endpoints that pulls share with issues: comments, labels, assignees, milestones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.github import pull_shapes, shapes
from tests.servers.github.errors import RejectedError, not_found
from tests.servers.github.pulls import find
from tests.servers.github.routes import Answer, Request, page, route

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

_WRITES = "issues|pull_requests"
_COMMENT_LIMIT = 65_536


@route("GET", "/issues/{number}")
def read(github: GitHub, request: Request, number: str) -> Answer:
    """Show a pull as an issue."""
    del request
    return 200, pull_shapes.issue(github, find(github, number))


@route("PATCH", "/issues/{number}", _WRITES)
def changed(github: GitHub, request: Request, number: str) -> Answer:
    """Change milestone, assignees, labels, title, body or state."""
    pull, body = find(github, number), request.body
    wanted = body.get("milestone", pull["milestone"])
    known = wanted is None or (isinstance(wanted, int) and 1 <= wanted <= len(github.milestones))
    if not known:
        raise _invalid("milestone", resource="Issue", code="invalid", value=str(wanted))
    pull["milestone"] = wanted
    for name in body.get("assignees", ()):
        if name not in github.collaborators:
            raise _invalid("assignees", resource="Issue", code="invalid", value=name)
    if "labels" in body:
        pull["labels"] = _made(github, body["labels"])
    pull.update({n: body[n] for n in ("assignees", "title", "body", "state") if n in body})
    return 200, pull_shapes.issue(github, pull)


@route("POST", "/issues/{number}/assignees", _WRITES)
def assigned(github: GitHub, request: Request, number: str) -> Answer:
    """Add assignees; who cannot be one is passed over without a word, as GitHub does."""
    pull = find(github, number)
    wanted = [one for one in request.body.get("assignees", ()) if one in github.collaborators]
    pull["assignees"] += [one for one in wanted if one not in pull["assignees"]]
    return 201, pull_shapes.issue(github, pull)


@route("GET", "/collaborators/{name}")
def collaborator(github: GitHub, request: Request, name: str) -> Answer:
    """Say whether somebody works on the repository."""
    del request
    if name not in github.collaborators:
        raise not_found()
    return 204, None


@route("GET", "/issues/{number}/comments")
def comments(github: GitHub, request: Request, number: str) -> Answer:
    """List the comments, oldest first."""
    at = find(github, number)["number"]
    count = len(github.comments.get(at, ()))
    found = [pull_shapes.comment(github, at, index) for index in range(count)]
    return 200, page(github, request, found)


@route("POST", "/issues/{number}/comments", _WRITES)
def commented(github: GitHub, request: Request, number: str) -> Answer:
    """Add a comment."""
    at, text = find(github, number)["number"], request.text("body")
    if not text.strip() or len(text) > _COMMENT_LIMIT:
        said = (
            "Body is too long (maximum is 65536 characters)"
            if text.strip()
            else "Body can't be blank"
        )
        raise _invalid("body", resource="IssueComment", code="unprocessable", message=said)
    github.commented += 1
    github.comments.setdefault(at, []).append(pull_shapes.Comment(text, github.commented))
    return 201, pull_shapes.comment(github, at, len(github.comments[at]) - 1)


@route("DELETE", "/issues/comments/{number}", _WRITES)
def uncommented(github: GitHub, request: Request, number: str) -> Answer:
    """Remove a comment."""
    del request
    for at, said in github.comments.items():
        for index in range(len(said)):
            if str(pull_shapes.comment(github, at, index)["id"]) == number:
                del said[index]
                return 204, None
    raise not_found()


@route("GET", "/issues/{number}/labels")
def labels_of(github: GitHub, request: Request, number: str) -> Answer:
    """List the labels of a pull."""
    found = [shapes.label(github, one) for one in find(github, number)["labels"]]
    return 200, page(github, request, found)


@route("POST", "/issues/{number}/labels", _WRITES)
def labelled(github: GitHub, request: Request, number: str) -> Answer:
    """Add labels; GitHub makes those that are missing."""
    pull, body = find(github, number), request.body
    wanted = _made(github, body["labels"] if isinstance(body, dict) else body)
    pull["labels"] += [one for one in wanted if one not in pull["labels"]]
    return 200, [shapes.label(github, one) for one in pull["labels"]]


@route("GET", "/labels")
def labels(github: GitHub, request: Request) -> Answer:
    """List the repository's labels."""
    found = [shapes.label(github, one) for one in github.labels]
    return 200, page(github, request, found)


@route("GET", "/labels/{name}")
def label(github: GitHub, request: Request, name: str) -> Answer:
    """Show a label."""
    del request
    if name not in github.labels:
        raise not_found()
    return 200, shapes.label(github, name)


@route("POST", "/labels", _WRITES)
def label_made(github: GitHub, request: Request) -> Answer:
    """Make a label; names differ by more than case."""
    name = request.text("name")
    if name.lower() in (one.lower() for one in github.labels):
        raise _invalid("name", resource="Label", code="already_exists")
    github.labels[name] = request.body.get("color", "ededed")
    return 201, shapes.label(github, name)


@route("GET", "/milestones")
def milestones(github: GitHub, request: Request) -> Answer:
    """List the open milestones."""
    found = [shapes.milestone(github, n) for n in range(1, len(github.milestones) + 1)]
    return 200, page(github, request, found if request.query.get("state") != "closed" else [])


def _made(github: GitHub, wanted: list[Any]) -> list[str]:
    """Return labels' names as the repository spells them."""
    names = [one["name"] if isinstance(one, dict) else one for one in wanted]
    spelled = {one.lower(): one for one in github.labels}
    for name in names:
        if name.lower() in spelled:
            continue
        if not github.creates_labels:
            raise _invalid("name", resource="Label", code="missing")
        spelled[name.lower()] = name
        github.labels[name] = "ededed"
    return [spelled[name.lower()] for name in names]


def _invalid(field: str, **error: str) -> RejectedError:
    return RejectedError(422, "Validation Failed", errors=[{"field": field, **error}])
