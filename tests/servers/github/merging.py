"""Whether a pull may be merged, by the rules of its base, and the merge itself, by git."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.github.errors import RejectedError
from tests.servers.github.protection import SIGNED, Protection, protection, told
from tests.servers.github.shapes import MOMENT

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

METHODS = {
    "merge": "Merge commits are not allowed on this repository.",
    "squash": "Squash merges are not allowed on this repository.",
    "rebase": "Rebase merges are not allowed on this repository.",
}


def state_of(github: GitHub, pull: dict[str, Any]) -> str:
    """Return GitHub's word for what keeps a pull from being merged; clean is nothing."""
    base = github.head(pull["base"])
    if pull["state"] != "open" or base is None:
        return "unknown"
    if github.store.merged_tree(base, pull["sha"]) is None:
        return "dirty"
    if pull["draft"]:
        return "draft"
    if missing(github, pull):
        return "blocked"
    rules = protection(github, pull["base"])
    if rules and rules.strict and not github.store.is_ancestor(base, pull["sha"]):
        return "behind"
    return "clean"


def shown(github: GitHub, pull: dict[str, Any]) -> tuple[bool | None, str]:
    """Return mergeable and its state as they show: unknown until they have been computed."""
    if pull["state"] != "open":
        return None, "unknown"
    key = (pull["sha"], github.head(pull["base"]))
    if pull.get("asked", (None, 0))[0] != key:
        pull["asked"] = (key, github.undecided)
    left = pull["asked"][1]
    if left > 0:
        pull["asked"] = (key, left - 1)
        return None, "unknown"
    state = state_of(github, pull)
    return state != "dirty", state


def decision(github: GitHub, pull: dict[str, Any]) -> str | None:
    """Return what the reviews come to; None where none are required."""
    rules = protection(github, pull["base"])
    last = {one["user"]: one["state"] for one in pull["reviews"] if one["state"] != "COMMENTED"}
    if "CHANGES_REQUESTED" in last.values():
        return "CHANGES_REQUESTED"
    if rules is None or not (rules.reviews or rules.code_owners):
        return None
    approved = list(last.values()).count("APPROVED")
    return "APPROVED" if approved >= max(1, rules.reviews) else "REVIEW_REQUIRED"


def missing(github: GitHub, pull: dict[str, Any]) -> str | None:
    """Return the first rule that a merge would break, in GitHub's words."""
    rules = protection(github, pull["base"])
    if rules is None:
        return None
    found = _unreviewed(github, pull, rules)
    open_checks = [name for name in rules.checks if name not in github.passed]
    if not found and len(open_checks) == 1:
        found = f'Required status check "{open_checks[0]}" is expected.'
    elif not found and open_checks:
        found = f"{len(open_checks)} of {len(rules.checks)} required status checks are expected."
    if not found and rules.signatures:
        tip = str(github.head(pull["base"]))
        commits = github.store.read(github.store.between(tip, pull["sha"]))
        signed = all(github.verification(one)["verified"] for one in commits)
        found = None if signed else SIGNED
    return found


def merge(github: GitHub, pull: dict[str, Any], method: str, by: str, body: dict[str, Any]) -> str:
    """Merge a pull as `PUT /pulls/N/merge` does, and return the commit on the base."""
    base = github.head(pull["base"])
    if pull["state"] != "open" or base is None:
        raise RejectedError(405, "Pull Request is not mergeable")
    if body.get("sha") not in (None, pull["sha"]):
        raise RejectedError(409, "Head branch was modified. Review and try the merge again.")
    if method not in github.merge_methods:
        raise RejectedError(405, METHODS[method])
    _check_rules(github, pull)
    commit = _COMMITS[method](github, pull, base, by, body)
    if commit is None:
        raise RejectedError(405, "Pull Request is not mergeable")
    if not github.store.move((f"refs/heads/{pull['base']}", base, commit)):
        raise RejectedError(405, "Base branch was modified. Review and try the merge again.")
    done(pull, commit, by)
    if github.delete_branch_on_merge and pull["repository"] == github.full_name:
        github.store.move((f"refs/heads/{pull['head']}", pull["sha"], None))
    return commit


def done(pull: dict[str, Any], commit: str, by: str) -> None:
    """Note that a pull has been merged."""
    pull |= {
        "state": "closed",
        "merged_at": MOMENT,
        "merge_commit_sha": commit,
        "merged_by": by,
        "auto_merge": None,
    }


def settle(github: GitHub) -> None:
    """Merge the pulls that were armed and wait for nothing any more."""
    for pull in github.pulls:
        armed = pull["auto_merge"]
        if armed and state_of(github, pull) == "clean":
            merge(github, pull, armed["method"], armed["by"], {})


def _unreviewed(github: GitHub, pull: dict[str, Any], rules: Protection) -> str | None:
    """Return what is missing in reviews."""
    made = decision(github, pull)
    if made == "CHANGES_REQUESTED":
        return "Changes have been requested."
    if made != "REVIEW_REQUIRED":
        return None
    if rules.reviews:
        some = "review is" if rules.reviews == 1 else "reviews are"
        return f"At least {rules.reviews} approving {some} required by reviewers with write access."
    return "Waiting on code owner review."


def _check_rules(github: GitHub, pull: dict[str, Any]) -> None:
    """Reject a merge that the rules or the histories forbid."""
    rules = protection(github, pull["base"])
    if pull["draft"]:
        raise RejectedError(405, "Pull Request is still a draft")
    if rules and rules.queue:
        queue = (
            "Repository rule violations found\n\nChanges must be made through the merge queue\n\n"
        )
        raise RejectedError(405, queue)
    state = state_of(github, pull)
    if state == "dirty":
        raise RejectedError(405, "Pull Request is not mergeable")
    if rules and (reason := missing(github, pull)):
        raise RejectedError(405, told(rules, reason))
    if state == "behind":
        raise RejectedError(405, "Head branch is out of date. Review and try the merge again.")


def _merge_commit(
    github: GitHub, pull: dict[str, Any], base: str, by: str, body: dict[str, Any]
) -> str | None:
    tree = github.store.merged_tree(base, pull["sha"])
    named = f"Merge pull request #{pull['number']} from {github.owner}/{pull['head']}"
    message = _message(body, named, pull["title"])
    return github.signed(tree, (base, pull["sha"]), message, by) if tree else None


def _squashed(
    github: GitHub, pull: dict[str, Any], base: str, by: str, body: dict[str, Any]
) -> str | None:
    tree = github.store.merged_tree(base, pull["sha"])
    commits = github.store.read(github.store.between(base, pull["sha"]))
    text = "\n\n".join(f"* {one.message}" for one in reversed(commits))
    if len(commits) == 1:
        text = commits[0].message.partition("\n\n")[2]
    message = _message(body, f"{pull['title']} (#{pull['number']})", text)
    return github.signed(tree, (base,), message, by) if tree else None


def _rebased(
    github: GitHub, pull: dict[str, Any], base: str, by: str, body: dict[str, Any]
) -> str | None:
    """Replay the commits one by one: each is merged from its own parent."""
    del by, body
    store, onto = github.store, base
    for one in reversed(store.read(store.between(base, pull["sha"]))):
        if len(one.parents) > 1:
            continue
        tree = store.read([onto])[0].tree
        author = (one.author.name, one.author.email)
        aside = store.commit(tree, one.parents, "aside", author)
        merged = store.merged_tree(aside, one.sha)
        if merged is None:
            return None
        onto = store.commit(merged, (onto,), one.message, author)
    return onto


_COMMITS = {"merge": _merge_commit, "squash": _squashed, "rebase": _rebased}


def _message(body: dict[str, Any], title: str, text: str) -> str:
    title, text = body.get("commit_title") or title, body.get("commit_message") or text
    return f"{title}\n\n{text}".rstrip()
