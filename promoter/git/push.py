"""Pushing refs, each only from what was seen of it, and what the remote says of each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from promoter.domain.branch import name_conflict
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RaceLostError, RefusedError, RemoteError
from promoter.domain.redaction import redacted_message
from promoter.git.failures import AGAIN, git_error
from promoter.git.isolation import REMOTE
from promoter.git.program import Git, GitResult
from promoter.git.retry import with_retries

_HOOK = (
    "A hook of the repository refuses it, and would again: do what it says. "
    "In promoter.yaml, templates.branch is the branch's name, and templates.commit the commit's text."
)
# Git's own words, which name the branch that is there, and GitHub's.
_CONFLICT = re.compile(r"'refs/heads/([^']+)' exists; cannot create|directory file conflict")


@dataclass(frozen=True, slots=True)
class Update:
    """One ref to push: what it shall be (None deletes it) and what it must be now (None: absent)."""

    ref: str
    new: str | None
    old: str | None


def push_each(git: Git, updates: Sequence[Update]) -> dict[str, PromoteError]:
    """Push refs in one go, each for itself; returns those that failed, with the reason."""
    leases = [f"--force-with-lease={u.ref}:{u.old or ''}" for u in updates]
    specs = [f"{u.new or ''}:{u.ref}" for u in updates]
    result = with_retries(git, "push", "--porcelain", "--no-verify", *leases, REMOTE, *specs)
    if result.status == 0:
        return {}
    report = result.stdout.decode("utf-8", "replace").splitlines()
    lines_by_ref = {line.split("\t")[1].rpartition(":")[2]: line for line in report if "\t" in line}
    failed: dict[str, PromoteError] = {}
    for update in updates:
        line = lines_by_ref.get(update.ref, "!")
        if line.startswith("!"):
            lines = result.stderr.splitlines()
            about = [one for one in lines if is_about(update.ref, one) or len(updates) == 1]
            # A pre-receive hook speaks of all refs at once, and names none.
            is_about_all = line == "!" or "pre-receive hook declined" in line
            said = "\n".join(lines if is_about_all else about)
            part = GitResult(result.status, line.encode(), said)
            failed[update.ref] = _push_failure(part, update.ref)
    return failed


def is_about(ref: str, line: str) -> bool:
    """Return whether a message names a ref or its lock, and no other ref that begins like it."""
    return re.search(rf"{re.escape(ref)}(?:\.lock)?[^\w\s]*(?:\s|$)", line) is not None


def _push_failure(result: GitResult, ref: str) -> PromoteError:
    """Return why a push failed: a lost race, or a refusal by the server."""
    report = redacted_message(result.stdout.decode("utf-8", "replace"))
    if conflict := _CONFLICT.search(f"{report}\n{redacted_message(result.stderr)}"):
        beside = filter(None, conflict.groups())
        return RefusedError([name_conflict(ref.removeprefix("refs/heads/"), beside)])
    if "branch is currently checked out" in report:
        reason = (
            f"{ref.removeprefix('refs/heads/')} is checked out there, and git does not push to it"
        )
        hint = "Give the repository that the clone is of, or check out another branch there."
        return RemoteError(reason, hint)
    raced = ("[rejected]", "stale info", "cannot lock ref", "reference already exists")
    if any(sign in report or sign in result.stderr for sign in raced):
        return RaceLostError(f"{ref} changed while the push was under way", "Run again.")
    refused = [line for line in report.splitlines() if line.startswith("!")]
    error = git_error("push", result)
    if "hook declined" in report and error.hint == AGAIN:
        error.hint = _HOOK
    if refused:
        reasons = "; ".join(line.split("\t")[-1] for line in refused)
        return RemoteError(f"{error.message} ({reasons})", error.hint)
    return error
