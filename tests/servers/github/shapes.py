"""The JSON in which GitHub shows users, labels, milestones, teams and a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

MOMENT = "2026-01-01T00:00:00Z"
_USER = (
    "followers", "following", "gists", "starred", "subscriptions", "organizations", "repos",
    "events", "received_events",
)  # fmt: skip
_REPOSITORY = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare",
    "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits",
    "git_refs", "git_tags", "hooks", "issue_comment", "issue_events", "issues", "keys", "labels",
    "languages", "merges", "milestones", "notifications", "pulls", "releases", "stargazers",
    "statuses", "subscribers", "subscription", "tags", "teams", "trees", "svn", "git", "ssh",
)  # fmt: skip
_NO = ("fork", "disabled", "has_wiki", "has_pages", "has_discussions", "is_template")
_NONE = ("description", "homepage", "language", "mirror_url", "license")
_ZERO = (
    "forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count",
    "watchers", "watchers_count", "network_count", "subscribers_count",
)  # fmt: skip


def user(github: GitHub, login: str) -> dict[str, Any]:
    """Return a user."""
    api = f"{github.api_url}/users/{login}"
    number = crc32(login.encode())
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "avatar_url": f"{github.origin}/avatars/{number}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{github.origin}/{login}",
        "type": "Bot" if login.endswith("[bot]") else "User",
        "site_admin": False,
        **{f"{name}_url": f"{api}/{name}" for name in _USER},
    }


def team(github: GitHub, slug: str) -> dict[str, Any]:
    """Return a team of the organisation."""
    number = crc32(slug.encode())
    url = f"{github.api_url}/organizations/1/team/{number}"
    return {
        "id": number,
        "node_id": f"T_{number}",
        "name": slug,
        "slug": slug,
        "description": None,
        "privacy": "closed",
        "permission": "push",
        "type": "organization",
        "url": url,
        "html_url": f"{github.origin}/orgs/{github.owner}/teams/{slug}",
        "members_url": f"{url}/members{{/member}}",
        "repositories_url": f"{url}/repos",
        "parent": None,
    }


def label(github: GitHub, name: str) -> dict[str, Any]:
    """Return a label of the repository."""
    number = crc32(name.encode())
    return {
        "id": number,
        "node_id": f"LA_{number}",
        "url": f"{github.repository_url}/labels/{name}",
        "name": name,
        "color": github.labels.get(name, "ededed"),
        "default": False,
        "description": "",
    }


def milestone(github: GitHub, number: int) -> dict[str, Any]:
    """Return a milestone of the repository."""
    url = f"{github.repository_url}/milestones/{number}"
    return {
        "id": number,
        "node_id": f"MI_{number}",
        "number": number,
        "title": github.milestones[number - 1],
        "state": "open",
        "description": None,
        "creator": user(github, github.owner),
        "open_issues": 0,
        "closed_issues": 0,
        "url": url,
        "html_url": f"{github.html_url}/milestone/{number}",
        "labels_url": f"{url}/labels",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "due_on": None,
        "closed_at": None,
    }


def head_repository(github: GitHub, pull: dict[str, Any]) -> dict[str, Any] | None:
    """Return the repository that a pull's branch is in: this one, a fork, or one deleted since."""
    if pull["repository"] is None:
        return None
    shown = repository(github)
    if pull["repository"] == github.full_name:
        return shown
    owner, _, name = pull["repository"].partition("/")
    number = crc32(pull["repository"].encode())
    fork = {"id": number, "node_id": f"R_{number}", "name": name, "full_name": pull["repository"]}
    return shown | fork | {"owner": user(github, owner), "fork": True}


def repository(github: GitHub, *, full: bool = False) -> dict[str, Any]:
    """Return the repository; alone it has more to it than inside a pull."""
    api = github.repository_url
    found: dict[str, Any] = {
        "id": github.identity,
        "node_id": github.node_id,
        "name": github.name,
        "full_name": github.full_name,
        "owner": user(github, github.owner),
        "private": github.private,
        "html_url": github.html_url,
        "url": api,
        **{f"{name}_url": f"{api}/{name}" for name in _REPOSITORY},
        "clone_url": github.url,
        "default_branch": github.store.default_branch(),
        "archived": github.archived,
        "visibility": "private" if github.private else "public",
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "topics": [],
        "web_commit_signoff_required": False,
        "allow_forking": True,
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "pushed_at": MOMENT,
        **dict.fromkeys(_NO, False),
        **dict.fromkeys(_NONE),
        **dict.fromkeys(_ZERO, 0),
    }
    if full:
        found |= {
            "allow_auto_merge": github.allow_auto_merge,
            "allow_merge_commit": "merge" in github.merge_methods,
            "allow_squash_merge": "squash" in github.merge_methods,
            "allow_rebase_merge": "rebase" in github.merge_methods,
            "delete_branch_on_merge": github.delete_branch_on_merge,
        }
    return found
