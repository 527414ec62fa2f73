"""Git's failures on the way to a remote: it is asked again unless the failure is known to be final.

Git tells of them on stderr alone, in its own words and in those of the library that speaks HTTP.
Repeating is safe: a read changes nothing, and a push moves a ref only from its lease, or finds it
moved by the push before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_result,
    stop_any,
    stop_before_delay,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

if TYPE_CHECKING:
    from promoter.git.program import Git, GitResult

_STATUS = re.compile(r"(?:returned error: |http (?:code )?|tunnel failed, response )(\d{3})\b")
# Nobody listens there; newer curls say the same of a connection that was waited for in vain.
_NOBODY = re.compile(r"after \d{1,3} ms: couldn't connect to server")
# The words of an end that more of the same does not change. All else may pass: the words for a broken
# connection are many, and others with each version of git and of the library that speaks HTTP.
_FINAL = (
    # Who asks, and whom.
    "could not read username", "could not read password", "authentication failed",
    "permission denied", "access denied", "host key verification failed", "dubious ownership",
    "could not resolve", "connection refused", "certificate", "not allowed", "not support",
    "redirection", "mismatched algorithms", "is this a git repository",
    "does not appear to be a git repository",
    # What there is.
    "not found", "find remote ref", "not our ref", "bad object", "not a valid", "unadvertised",
    # What a server says of a push.
    "rejected]", "cannot lock ref", "already exists",
    # What this machine, its git or its settings do not do.
    "out of memory", "no space left", "quota exceeded", "file too large", "read-only file system",
    "unable to create", "died of signal", "usage: git", "unknown option", "bad config",
    "protocol error",
)  # fmt: skip
# What a server could not do just now, though it says so of each ref.
_UNDONE = ("fatal error in commit_refs", "internal server error")
_LIMITS = ("rate limit", "too many requests", "abuse detection")
# The words of a 403 that more of the same does not change.
_REFUSED = ("not granted", "denied", "archived", "saml", "sso", "not accessible", "suspended")
_DOUBTS = 4


class _Doubted(stop_base):
    """Stops when a refusal has been asked about so often that it is one."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.attempt_number >= _DOUBTS and is_doubtful(_last(retry_state))


def with_retries(git: Git, *arguments: str, stdin: bytes | None = None) -> GitResult:
    """Run a git command that talks to a remote, again while what it failed with passes by itself."""
    if git.is_near:
        return git.attempt(*arguments, stdin=stdin)
    attempts = Retrying(
        retry=retry_if_result(lambda result: is_passing(result) or is_doubtful(result)),
        stop=stop_any(stop_before_delay(git.deadline.remaining()), _Doubted()),
        wait=wait_exponential_jitter(multiplier=0.5, max=5, jitter=0.5),
        retry_error_callback=_last,
    )
    return attempts(git.attempt, *arguments, stdin=stdin)


def is_passing(result: GitResult) -> bool:
    """Return whether a failure may pass by itself: an outage, a limit, a broken connection."""
    status, own, theirs = _read(result)
    if any(sign in theirs for sign in _LIMITS):
        return True
    if status:
        return status >= 500 or status in (408, 429)
    if any(sign in own for sign in _UNDONE):
        return True
    is_final = _NOBODY.search(own) or any(sign in own for sign in _FINAL)
    return result.status > 0 and not is_final


def is_doubtful(result: GitResult) -> bool:
    """Return whether a refusal may be a limit in disguise: git does not show what came with a 403."""
    status, _, theirs = _read(result)
    return status == 403 and not any(sign in theirs for sign in _REFUSED)


def _read(result: GitResult) -> tuple[int | None, str, str]:
    """Return the HTTP status of a failure, what git says, and what the server says through it."""
    if result.status == 0:
        return None, "", ""
    lines = result.stderr.lower().splitlines()
    theirs = "\n".join(line for line in lines if line.startswith("remote:"))
    refused = result.stdout.decode("utf-8", "replace").lower().splitlines()
    own = [line for line in lines if not line.startswith("remote:")]
    own += [line for line in refused if line.startswith("!")]
    said = "\n".join(own)
    found = _STATUS.search(said)
    return int(found[1]) if found else None, said, theirs


def _last(state: RetryCallState) -> GitResult:
    assert state.outcome is not None
    result: GitResult = state.outcome.result()
    return result
