"""The endpoints of pulls: list, open, read, change, merge, reviews and requests for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.github import merging, pull_shapes, shapes
from tests.servers.github.errors import RejectedError, invalid, not_found
from tests.servers.github.routes import Answer, Request, page, route

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

_BODY_LIMIT = 65_536
_TITLE_LIMIT = 256
_WRITES = "pull_requests"


@route("GET", "/pulls")
def listed(github: GitHub, request: Request) -> Answer:
    """List the pulls, newest first unless asked otherwise."""
    query = request.query
    state, head, base = query.get("state", "open"), query.get("head"), query.get("base")
    if state not in ("open", "closed", "all"):
        raise invalid("state", code="invalid")
    found = [
        one
        for one in github.listed_pulls()
        if state in ("all", one["state"])
        and head in (None, "", f"{pull_shapes.owner_of(one)}:{one['head']}")
        and base in (None, "", one["base"])
    ]
    default = "asc" if query.get("sort") not in (None, "created") else "desc"
    if query.get("direction", default) == "desc":
        found.reverse()
    return 200, [pull_shapes.simple(github, one) for one in page(github, request, found)]


@route("POST", "/pulls", _WRITES)
def created(github: GitHub, request: Request) -> Answer:
    """Open a pull."""
    if not isinstance(request.body, dict):
        raise RejectedError(400, "Problems parsing JSON")
    body = request.body
    head, base = body.get("head", ""), body.get("base", "")
    if head.partition(":")[0] == github.owner and ":" in head:
        head = head.partition(":")[2]
    tips = github.tips
    sha, onto = tips.get(f"refs/heads/{head}"), tips.get(f"refs/heads/{base}")
    if not body.get("title"):
        raise invalid("title", code="missing_field")
    if sha is None:
        raise invalid("head", code="invalid")
    if onto is None:
        raise invalid("base", code="invalid")
    if any(
        one["state"] == "open" and (one["head"], one["base"]) == (head, base)
        for one in github.pulls
        if one["repository"] == github.full_name
    ):
        raise invalid(None, message=f"A pull request already exists for {github.owner}:{head}.")
    if github.store.is_ancestor(sha, onto):
        raise invalid(None, message=f"No commits between {base} and {head}")
    _check_text(body)
    _check_draft(github, body)
    pull = new(github, (head, sha), base, body) | {"user": request.user}
    github.pulls.append(pull)
    return 201, pull_shapes.full(github, pull)


def _check_draft(github: GitHub, body: dict[str, Any]) -> None:
    if body.get("draft") and not github.has_drafts:
        raise RejectedError(422, "Draft pull requests are not supported in this repository.")


def new(github: GitHub, head: tuple[str, str], base: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return an open pull as it is kept, from a branch of this repository and its commit."""
    return {
        "number": len(github.pulls) + 1, "state": "open", "head": head[0], "base": base,
        "title": body["title"], "body": body.get("body"), "sha": head[1],
        "base_sha": github.head(base), "draft": bool(body.get("draft")), "user": "bot",
        "labels": [], "assignees": [], "reviewers": [], "teams": [], "milestone": None,
        "auto_merge": None, "reviews": [], "merged_at": None, "merged_by": None,
        "merge_commit_sha": None, "repository": github.full_name,
    }  # fmt: skip


@route("GET", "/pulls/{number}")
def read(github: GitHub, request: Request, number: str) -> Answer:
    """Show one pull."""
    del request
    return 200, pull_shapes.full(github, find(github, number))


@route("PATCH", "/pulls/{number}", _WRITES)
def changed(github: GitHub, request: Request, number: str) -> Answer:
    """Change title, body, state or base."""
    pull, body = find(github, number), request.body
    _check_text(body)
    if body.get("title") == "":
        raise invalid("title", code="missing_field")
    if body.get("state", pull["state"]) != pull["state"]:
        _check_reopened(github, pull, body["state"])
    base = body.get("base", pull["base"])
    if f"refs/heads/{base}" not in github.tips:
        raise invalid("base", code="invalid")
    pull.update({name: body[name] for name in ("title", "body", "state", "base") if name in body})
    if pull["state"] == "closed":
        pull["auto_merge"] = None
    return 200, pull_shapes.full(github, pull)


@route("PUT", "/pulls/{number}/merge", "contents")
def merged(github: GitHub, request: Request, number: str) -> Answer:
    """Merge a pull."""
    pull, body = find(github, number), request.body or {}
    method = body.get("merge_method", "merge")
    if method not in merging.METHODS:
        raise RejectedError(422, f"Invalid request.\n\n{method} is not a merge method.")
    commit = merging.merge(github, pull, method, request.user, body)
    return 200, {"sha": commit, "merged": True, "message": "Pull Request successfully merged"}


@route("GET", "/pulls/{number}/merge")
def is_merged(github: GitHub, request: Request, number: str) -> Answer:
    """Say whether a pull has been merged."""
    del request
    if not find(github, number)["merged_at"]:
        raise not_found()
    return 204, None


@route("GET", "/pulls/{number}/reviews")
def reviews(github: GitHub, request: Request, number: str) -> Answer:
    """List the reviews, oldest first."""
    pull = find(github, number)
    found = [pull_shapes.review(github, pull, index) for index in range(len(pull["reviews"]))]
    return 200, page(github, request, found)


@route("GET", "/pulls/{number}/commits")
def commits(github: GitHub, request: Request, number: str) -> Answer:
    """List the commits of a pull, oldest first."""
    # Imported late: the endpoints of git data stand on their own.
    from tests.servers.github.git_data import shown_commit

    pull = find(github, number)
    found = github.store.read(github.store.between(pull["base_sha"], pull["sha"])[::-1])
    return 200, [shown_commit(github, one) for one in page(github, request, found)]


@route("GET", "/pulls/{number}/requested_reviewers")
def requested(github: GitHub, request: Request, number: str) -> Answer:
    """List whose reviews are waited for."""
    del request
    pull = find(github, number)
    users = [shapes.user(github, one) for one in pull["reviewers"]]
    return 200, {"users": users, "teams": [shapes.team(github, one) for one in pull["teams"]]}


@route("POST", "/pulls/{number}/requested_reviewers", _WRITES)
def ask(github: GitHub, request: Request, number: str) -> Answer:
    """Ask for reviews: all of those asked must be able to give one, or nobody is asked."""
    pull, body = find(github, number), request.body or {}
    users, teams = body.get("reviewers") or [], body.get("team_reviewers") or []
    if pull["user"] in users:
        raise RejectedError(422, "Review cannot be requested from pull request author.")
    if not set(users) <= github.collaborators or not set(teams) <= github.teams:
        said = (
            "Reviews may only be requested from collaborators. One or more of the users or teams "
            f"you specified is not a collaborator of the {github.full_name} repository."
        )
        raise RejectedError(422, said)
    for name, wanted in (("reviewers", users), ("teams", teams)):
        pull[name] += [one for one in wanted if one not in pull[name]]
    return 201, pull_shapes.simple(github, pull)


def find(github: GitHub, number: str) -> dict[str, Any]:
    """Return a pull, or reject with 404."""
    if not number.isdecimal() or not 1 <= int(number) <= len(github.pulls):
        raise not_found()
    return github.pulls[int(number) - 1]


def _check_text(body: dict[str, Any]) -> None:
    if len(body.get("body") or "") > _BODY_LIMIT:
        raise invalid(
            "body", code="custom", message="body is too long (maximum is 65536 characters)"
        )
    if len(body.get("title") or "") > _TITLE_LIMIT:
        raise invalid(
            "title", code="custom", message="title is too long (maximum is 256 characters)"
        )


def _check_reopened(github: GitHub, pull: dict[str, Any], state: str) -> None:
    """Reject a state that a pull cannot take."""
    if state not in ("open", "closed"):
        raise invalid("state", code="invalid")
    if state == "closed":
        return
    said = None
    tip = github.tips.get(f"refs/heads/{pull['head']}")
    ends = (pull["head"], pull["base"])
    if pull["merged_at"]:
        said = "state cannot be changed. The pull request has already been merged."
    elif tip is None:
        said = f"state cannot be changed. The {pull['head']} branch has been deleted."
    elif not github.store.is_ancestor(pull["sha"], tip):
        said = f"state cannot be changed. The {pull['head']} branch was force-pushed or recreated."
    elif any(o["state"] == "open" and (o["head"], o["base"]) == ends for o in github.pulls):
        said = "state cannot be changed. There is already an open pull request from {} to {}."
        said = said.format(*ends)
    if said:
        raise invalid("state", code="invalid", message=said)
