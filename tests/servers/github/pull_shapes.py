"""The JSON in which GitHub shows a pull, and the same pull as an issue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from tests.servers.github import merging, shapes
from tests.servers.github.shapes import MOMENT

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

_ISSUE = ("labels", "comments", "events", "timeline")


def simple(github: GitHub, pull: dict[str, Any]) -> dict[str, Any]:
    """Return a pull as lists show it."""
    number, author = pull["number"], shapes.user(github, pull["user"])
    api = f"{github.repository_url}/pulls/{number}"
    issue = f"{github.repository_url}/issues/{number}"
    html = f"{github.html_url}/pull/{number}"
    statuses = f"{github.repository_url}/statuses/{pull['sha']}"
    links = {
        "self": api, "html": html, "issue": issue, "comments": f"{issue}/comments",
        "review_comments": f"{api}/comments", "commits": f"{api}/commits", "statuses": statuses,
        "review_comment": f"{github.repository_url}/pulls/comments{{/number}}",
    }  # fmt: skip
    people = [shapes.user(github, one) for one in pull["assignees"]]
    shown = shapes.repository(github)
    tips = github.tips
    return {
        "id": number,
        "node_id": f"PR_{number}",
        "number": number,
        "state": pull["state"],
        "locked": False,
        "title": pull["title"],
        "body": pull["body"],
        "user": author,
        "url": api,
        "html_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "issue_url": issue,
        **{f"{name}_url": links[name] for name in ("comments", "review_comments", "commits")},
        "review_comment_url": links["review_comment"],
        "statuses_url": statuses,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "closed_at": MOMENT if pull["state"] == "closed" else None,
        "merged_at": pull["merged_at"],
        "merge_commit_sha": pull["merge_commit_sha"],
        "draft": pull["draft"],
        "labels": [shapes.label(github, one) for one in pull["labels"]],
        "assignee": people[0] if people else None,
        "assignees": people,
        "requested_reviewers": [shapes.user(github, one) for one in pull["reviewers"]],
        "requested_teams": [shapes.team(github, one) for one in pull["teams"]],
        "milestone": shapes.milestone(github, pull["milestone"]) if pull["milestone"] else None,
        "author_association": "COLLABORATOR",
        "auto_merge": _auto_merge(github, pull),
        "head": _end(pull["head"], pull["sha"], shapes.head_repository(github, pull)),
        "base": _end(pull["base"], tips.get(f"refs/heads/{pull['base']}", pull["base_sha"]), shown),
        "_links": {name: {"href": url} for name, url in links.items()},
    }


def full(github: GitHub, pull: dict[str, Any]) -> dict[str, Any]:
    """Return a pull as it shows alone; whether it merges is told when it has been asked before."""
    merged = bool(pull["merged_at"])
    mergeable, state = merging.shown(github, pull)
    base = github.tips.get(f"refs/heads/{pull['base']}", pull["base_sha"])
    fork = None if merged else github.store.merge_base(base, pull["sha"])
    files = github.store.files(fork, pull["sha"]) if fork else []
    return {
        **simple(github, pull),
        "merged": merged,
        "merged_by": shapes.user(github, pull["merged_by"]) if pull["merged_by"] else None,
        "mergeable": mergeable,
        "mergeable_state": state,
        "rebaseable": mergeable,
        "maintainer_can_modify": False,
        "comments": len(github.comments.get(pull["number"], ())),
        "review_comments": 0,
        "commits": 0 if merged else len(github.store.between(base, pull["sha"])),
        "changed_files": len(files),
        "additions": sum(int(one[3]) for one in files),
        "deletions": sum(int(one[4]) for one in files),
    }


def issue(github: GitHub, pull: dict[str, Any]) -> dict[str, Any]:
    """Return a pull as an issue."""
    whole = simple(github, pull)
    url = whole["issue_url"]
    same = (
        "number", "state", "locked", "title", "body", "user", "labels", "assignee", "assignees",
        "milestone", "html_url", "created_at", "updated_at", "closed_at", "author_association",
    )  # fmt: skip
    return {
        "id": 10_000 + pull["number"],
        "node_id": f"I_{pull['number']}",
        "url": url,
        "repository_url": github.repository_url,
        **{f"{name}_url": f"{url}/{name}" for name in _ISSUE},
        **{name: whole[name] for name in same},
        "comments": len(github.comments.get(pull["number"], ())),
        "pull_request": {
            name: whole[name] for name in ("url", "html_url", "diff_url", "patch_url")
        },
    }


def owner_of(pull: dict[str, Any]) -> str:
    """Return who owns the repository that a pull's branch is in."""
    return str(pull["repository"]).partition("/")[0]


class Comment(str):
    """A comment that came through the API, with its own number."""

    __slots__ = ("number",)
    number: int

    def __new__(cls, text: str, number: int) -> Self:
        """Make one."""
        made = super().__new__(cls, text)
        made.number = number
        return made

    def __deepcopy__(self, _: object) -> Self:
        """Return itself: nothing of it changes."""
        return self


def comment(github: GitHub, number: int, index: int) -> dict[str, Any]:
    """Return a comment."""
    found, said = f"{github.repository_url}/issues", github.comments[number][index]
    at = 1_000_000 + said.number if isinstance(said, Comment) else number * 1000 + index + 1
    return {
        "id": at,
        "node_id": f"IC_{at}",
        "url": f"{found}/comments/{at}",
        "html_url": f"{github.html_url}/pull/{number}#issuecomment-{at}",
        "issue_url": f"{found}/{number}",
        "user": shapes.user(github, "bot"),
        "author_association": "COLLABORATOR",
        "body": github.comments[number][index],
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }


def review(github: GitHub, pull: dict[str, Any], index: int) -> dict[str, Any]:
    """Return a review."""
    found = pull["reviews"][index]
    html = f"{github.html_url}/pull/{pull['number']}#pullrequestreview-{index + 1}"
    api = f"{github.repository_url}/pulls/{pull['number']}"
    return {
        "id": index + 1,
        "node_id": f"PRR_{index + 1}",
        "user": shapes.user(github, found["user"]),
        "body": found["body"],
        "state": found["state"],
        "commit_id": found["commit_id"],
        "submitted_at": MOMENT,
        "html_url": html,
        "pull_request_url": api,
        "author_association": "COLLABORATOR",
        "_links": {"html": {"href": html}, "pull_request": {"href": api}},
    }


def _end(branch: str, sha: str, shown: dict[str, Any] | None) -> dict[str, Any]:
    """Return one of the two branches of a pull."""
    return {
        "ref": branch,
        "label": f"{shown['owner']['login'] if shown else 'unknown'}:{branch}",
        "sha": sha,
        "user": shown and shown["owner"],
        "repo": shown,
    }


def _auto_merge(github: GitHub, pull: dict[str, Any]) -> dict[str, Any] | None:
    armed = pull["auto_merge"]
    if not armed:
        return None
    return {
        "enabled_by": shapes.user(github, armed["by"]),
        "merge_method": armed["method"],
        "commit_title": armed.get("title") or pull["title"],
        "commit_message": armed.get("message") or "",
    }
