"""The endpoints of refs, commits, trees, blobs, contents, comparisons and branches."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from tests.servers.github import pull_shapes, shapes
from tests.servers.github.errors import RejectedError, not_found
from tests.servers.github.protection import as_rules, protection
from tests.servers.github.routes import Answer, Request, page, route
from tests.servers.github.store import WEB_FLOW

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub
    from tests.servers.github.store import Commit, Person

_STATUS = {"A": "added", "D": "removed", "M": "modified", "T": "changed"}
_COMMITS_LIMIT, _FILES_LIMIT, _BLOB_LIMIT = 250, 300, 1_000_000


@route("GET", "/git/commits/{sha}")
def commit(github: GitHub, request: Request, sha: str) -> Answer:
    """Show a commit as git has it."""
    del request
    return 200, _as_git_has_it(github, _whole(github, sha, "commit"))


@route("POST", "/git/commits", "contents")
def made(github: GitHub, request: Request) -> Answer:
    """Write a commit, signed by the server for an App that says nothing of author and committer."""
    tree, parents = request.text("tree"), request.body["parents"]
    if github.store.sha(tree, "tree") != tree:
        raise RejectedError(422, "Tree SHA does not exist")
    if any(github.store.sha(one) != one for one in parents):
        raise RejectedError(422, "Parent SHA does not exist or is not a commit object")
    is_app = request.token is not None and request.token.integration
    if is_app and request.body.keys().isdisjoint({"author", "committer", "signature"}):
        sha = github.signed(tree, tuple(parents), request.text("message"), request.user)
    else:
        author = ("bot", "bot@users.noreply.github.com")
        sha = github.store.commit(tree, parents, request.text("message"), author)
    return 201, _as_git_has_it(github, sha)


def _as_git_has_it(github: GitHub, sha: str) -> dict[str, Any]:
    found = github.store.read([sha])[0]
    return {
        "sha": found.sha,
        "node_id": f"C_{found.sha}",
        "url": f"{github.repository_url}/git/commits/{found.sha}",
        "html_url": f"{github.html_url}/commit/{found.sha}",
        "author": _person(found.author),
        "committer": _person(found.committer),
        "tree": _tree_link(github, found.tree),
        "message": found.message,
        "parents": _parents(github, found),
        "verification": github.verification(found),
    }


@route("GET", "/git/trees/{sha+}")
def tree(github: GitHub, request: Request, sha: str) -> Answer:
    """List a tree; with `recursive`, whatever its value, everything below it."""
    found = github.store.sha(sha, "tree")
    if found is None:
        raise not_found()
    options = ["-r", "-t"] if "recursive" in request.query else []
    lines = github.store.text("ls-tree", "-z", "-l", *options, found).split("\0")
    entries = []
    for line in filter(None, lines):
        head, path = line.split("\t", 1)
        mode, kind, oid, size = head.split()
        url = f"{github.repository_url}/git/{kind}s/{oid}"
        entry: dict[str, Any] = {"path": path, "mode": mode, "type": kind, "sha": oid}
        entries.append(entry | ({"url": url} if kind != "commit" else {}))
        if kind == "blob":
            entry = entries[-1]
            entry["size"] = int(size)
    url = f"{github.repository_url}/git/trees/{found}"
    return 200, {"sha": found, "url": url, "tree": entries, "truncated": False}


@route("GET", "/git/blobs/{sha}")
def blob(github: GitHub, request: Request, sha: str) -> Answer:
    """Show a file's bytes, as base64 in lines."""
    del request
    found = _whole(github, sha, "blob")
    data = github.store.blob(found)
    return 200, {
        "sha": found,
        "node_id": f"B_{found}",
        "url": f"{github.repository_url}/git/blobs/{found}",
        "size": len(data),
        "encoding": "base64",
        "content": base64.encodebytes(data).decode(),
    }


@route("GET", "/contents/{path+}")
def contents(github: GitHub, request: Request, path: str) -> Answer:
    """Show a file, or list a directory."""
    ref = request.query.get("ref") or github.store.default_branch()
    tip = github.store.sha(ref)
    if tip is None:
        raise RejectedError(404, f"No commit found for the ref {ref}")
    path = path.strip("/")
    kind = github.store.sha(f"{tip}:{path}", "object")
    if kind is None:
        raise not_found()
    listing = github.store.text("ls-tree", "-z", "-l", tip, path)
    if not listing:
        raise not_found()
    entry = _entry(github, listing.rstrip("\0"), ref)
    if entry["type"] == "dir":
        below = github.store.text("ls-tree", "-z", "-l", tip, f"{path}/").split("\0")
        return 200, [_entry(github, line, ref) for line in filter(None, below)]
    data = github.store.blob(entry["sha"])
    if len(data) > _BLOB_LIMIT:
        return 200, {**entry, "encoding": "none", "content": ""}
    return 200, {**entry, "encoding": "base64", "content": base64.encodebytes(data).decode()}


@route("GET", "/commits")
def commits(github: GitHub, request: Request) -> Answer:
    """List the commits of a branch or below a path, newest first."""
    ref = request.query.get("sha") or github.store.default_branch()
    tip = github.store.sha(ref)
    if tip is None:
        raise not_found()
    path = request.query.get("path", "")
    shas = list(github.store.ancestry.listed(tip, path=path))
    found = github.store.read(page(github, request, shas))
    return 200, [shown_commit(github, one) for one in found]


@route("GET", "/commits/{sha}/pulls")
def pulls_of(github: GitHub, request: Request, sha: str) -> Answer:
    """List the pulls that brought a commit."""
    del request
    found = [
        one
        for one in github.pulls
        if one["merge_commit_sha"] == sha
        or sha in github.store.between(one["base_sha"], one["sha"])
    ]
    return 200, [pull_shapes.simple(github, one) for one in found]


@route("GET", "/commits/{ref+}")
def one_commit(github: GitHub, request: Request, ref: str) -> Answer:
    """Show a commit with its files."""
    del request
    tip = github.store.sha(ref)
    if tip is None:
        raise RejectedError(422, f"No commit found for SHA: {ref}")
    found = github.store.read([tip])[0]
    files = _files(github, found.parents[0], tip) if found.parents else []
    added, removed = (sum(one[name] for one in files) for name in ("additions", "deletions"))
    stats = {"additions": added, "deletions": removed, "total": added + removed}
    return 200, {**shown_commit(github, found), "stats": stats, "files": files}


@route("GET", "/compare/{basehead+}")
def compared(github: GitHub, request: Request, basehead: str) -> Answer:
    """Compare two commits from where they part."""
    del request
    names = [one.removeprefix(f"{github.owner}:") for one in basehead.split("...")]
    ends = [github.store.sha(one) for one in names]
    if len(ends) != 2 or None in ends:
        raise not_found()
    base, head = str(ends[0]), str(ends[1])
    fork = github.store.merge_base(base, head)
    if fork is None:
        raise RejectedError(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead = github.store.read(github.store.between(base, head)[::-1])
    behind = len(github.store.between(head, base))
    status = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    ends_shown = [shown_commit(github, one) for one in github.store.read([base, fork])]
    html = f"{github.html_url}/compare/{basehead}"
    return 200, {
        "url": f"{github.repository_url}/compare/{basehead}",
        "html_url": html,
        "permalink_url": html,
        "diff_url": f"{html}.diff",
        "patch_url": f"{html}.patch",
        "base_commit": ends_shown[0],
        "merge_base_commit": ends_shown[1],
        "status": status.get((bool(ahead), bool(behind)), "identical"),
        "ahead_by": len(ahead),
        "behind_by": behind,
        "total_commits": len(ahead),
        # Which ones GitHub shows of more is not said.
        "commits": [shown_commit(github, one) for one in ahead[:_COMMITS_LIMIT]],
        "files": _files(github, fork, head)[:_FILES_LIMIT],
    }


@route("GET", "/branches/{branch+}")
def branch(github: GitHub, request: Request, branch: str) -> Answer:
    """Show a branch."""
    del request
    tip = github.tips.get(f"refs/heads/{branch}")
    if tip is None:
        raise RejectedError(404, "Branch not found")
    rules = protection(github, branch)
    url = f"{github.repository_url}/branches/{branch}"
    checks = list(rules.checks) if rules else []
    required = {"enforcement_level": "non_admins" if checks else "off", "contexts": checks}
    return 200, {
        "name": branch,
        "commit": shown_commit(github, github.store.read([tip])[0]),
        "_links": {"self": url, "html": f"{github.html_url}/tree/{branch}"},
        "protected": rules is not None,
        "protection": {
            "enabled": rules is not None and not rules.ruleset,
            "required_status_checks": {**required, "checks": []},
        },
        "protection_url": f"{url}/protection",
    }


@route("GET", "/rules/branches/{branch+}")
def rules(github: GitHub, request: Request, branch: str) -> Answer:
    """List a branch's rules of rulesets."""
    return 200, page(github, request, as_rules(protection(github, branch)))


def shown_commit(github: GitHub, found: Commit) -> dict[str, Any]:
    """Return a commit as lists show it."""
    api = f"{github.repository_url}/commits/{found.sha}"
    return {
        "sha": found.sha,
        "node_id": f"C_{found.sha}",
        "url": api,
        "html_url": f"{github.html_url}/commit/{found.sha}",
        "comments_url": f"{api}/comments",
        "commit": {
            "url": f"{github.repository_url}/git/commits/{found.sha}",
            "author": _person(found.author),
            "committer": _person(found.committer),
            "message": found.message,
            "comment_count": 0,
            "tree": _tree_link(github, found.tree),
            "verification": github.verification(found),
        },
        "author": _account(github, found.author),
        "committer": _account(github, found.committer),
        "parents": _parents(github, found),
    }


def _account(github: GitHub, person: Person) -> dict[str, Any] | None:
    """Return the user whose address a commit carries, if there is one."""
    if (person.name, person.email) == WEB_FLOW:
        return shapes.user(github, "web-flow")
    local, _, host = person.email.partition("@")
    name = local.partition("+")[2] or local
    return shapes.user(github, name) if host == "users.noreply.github.com" else None


def _person(one: Person) -> dict[str, str]:
    return {"name": one.name, "email": one.email, "date": one.date}


def _tree_link(github: GitHub, sha: str) -> dict[str, str]:
    return {"sha": sha, "url": f"{github.repository_url}/git/trees/{sha}"}


def _parents(github: GitHub, found: Commit) -> list[dict[str, str]]:
    return [
        {
            "sha": one,
            "url": f"{github.repository_url}/commits/{one}",
            "html_url": f"{github.html_url}/commit/{one}",
        }
        for one in found.parents
    ]


def _files(github: GitHub, before: str, after: str) -> list[dict[str, Any]]:
    old = github.store.renames(before, after)
    return [
        {
            "sha": sha,
            "filename": path,
            "status": _STATUS[letter],
            "additions": int(added),
            "deletions": int(removed),
            "changes": int(added) + int(removed),
            "blob_url": f"{github.html_url}/blob/{after}/{path}",
            "raw_url": f"{github.html_url}/raw/{after}/{path}",
            "contents_url": f"{github.repository_url}/contents/{path}?ref={after}",
        }
        | ({"status": "renamed", "previous_filename": old[path]} if path in old else {})
        for letter, path, sha, added, removed in github.store.files(before, after)
        if path not in old.values()
    ]


def _entry(github: GitHub, line: str, ref: str) -> dict[str, Any]:
    """Return one line of `git ls-tree -l` as contents show it."""
    head, path = line.split("\t", 1)
    mode, kind, oid, size = head.split()
    word = {"tree": "dir", "commit": "submodule"}.get(
        kind, "symlink" if mode == "120000" else "file"
    )
    url = f"{github.repository_url}/contents/{path}?ref={ref}"
    git = f"{github.repository_url}/git/{kind}s/{oid}"
    html = f"{github.html_url}/{kind}/{ref}/{path}"
    found = {
        "name": path.rpartition("/")[2], "path": path, "sha": oid, "type": word, "url": url,
        "size": int(size) if size.isdecimal() else 0, "git_url": git, "html_url": html,
        "download_url": None if word == "dir" else f"{github.html_url}/raw/{ref}/{path}",
        "_links": {"self": url, "git": git, "html": html},
    }  # fmt: skip
    if word == "symlink":
        found["target"] = github.store.blob(oid).decode()
    return found


def _whole(github: GitHub, sha: str, kind: str) -> str:
    """Return an object's id, which must be given in full."""
    found = github.store.sha(sha, kind) if len(sha) == 40 else None
    if found is None or found != sha:
        raise not_found()
    return found
