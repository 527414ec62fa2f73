"""Git's failures on the way to a remote: those that pass by themselves are asked again.

Git tells of them on stderr alone, in its own words and in those of the library that speaks HTTP.
Repeating is safe: a read changes nothing, and a push moves a ref only from its lease, or finds it
moved by the push before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tenacity import (
    Retrying,
    retry_if_result,
    stop_any,
    stop_before_delay,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

if TYPE_CHECKING:
    from tenacity import RetryCallState

    from promoter.git.program import Git, Result

_STATUS = re.compile(r"(?:returned error: |http )(\d{3})\b")
_PASSING = (
    "rpc failed",
    "hung up",
    "expected flush",
    "early eof",
    "empty reply from server",
    "connection reset",
    "connection was reset",
    "recv failure",
    "send failure",
    "timed out",
    "operation too slow",
    "transfer closed",
    "unexpected disconnect",
    "unexpected eof",
    "http/2 stream",
    "non-properly terminated",
    "ssl_error_syscall",
    "internal server error",
    "fatal error in commit_refs",
)
_LIMITS = ("rate limit", "too many requests", "abuse detection")
# The words of a 403 that more of the same does not change.
_REFUSED = ("not granted", "denied", "archived", "saml", "sso", "not accessible", "suspended")
_DOUBTS = 4


class _Doubted(stop_base):
    """Stops when a refusal has been asked about so often that it is one."""

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.attempt_number >= _DOUBTS and is_doubtful(_last(retry_state))


def patiently(git: Git, *arguments: str, stdin: bytes | None = None) -> Result:
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


def is_passing(result: Result) -> bool:
    """Say whether a failure is an outage, a limit or a broken connection."""
    status, own, theirs = _read(result)
    if any(sign in theirs for sign in _LIMITS):
        return True
    if status:
        return status >= 500 or status in (408, 429)
    return result.status != 0 and any(sign in own for sign in _PASSING)


def is_doubtful(result: Result) -> bool:
    """Say whether a refusal may be a limit in disguise: git does not show what came with a 403."""
    status, _, theirs = _read(result)
    return status == 403 and not any(sign in theirs for sign in _REFUSED)


def _read(result: Result) -> tuple[int | None, str, str]:
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


def _last(state: RetryCallState) -> Result:
    """Return the answer that the attempts ended with."""
    assert state.outcome is not None
    result: Result = state.outcome.result()
    return result
