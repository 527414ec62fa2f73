"""What git's failures mean to the user: the reason in git's own words, and the way out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.domain.errors import NotFoundError, RemoteError
from promoter.domain.forges import is_other_forge
from promoter.domain.suggest import closest
from promoter.system.environment import PROXY_HINT, PROXY_LOGIN_HINT, is_in_actions, token_variable

if TYPE_CHECKING:
    from promoter.git.program import GitResult

AGAIN = "Running again is safe."
"""The hint where nothing more is known."""
DAMAGED = (
    "The repository is damaged or not complete: git fsck in it names what is, a new clone mends it."
)
"""The hint for an object that git cannot read."""


def git_error(verb: str, result: GitResult) -> RemoteError:
    """Return git's failure as an error that says the reason in git's own words, and the way out."""
    text = result.stderr.lower()
    if any(sign in text for sign in _UNKNOWN):
        return _unauthorized(verb, result)
    lines = [line.strip() for line in result.stderr.splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(("fatal:", "error:", "remote:", "ssh:"))]
    reason = "; ".join(dict.fromkeys(said or lines))[:600] or f"status {result.status}"
    hint = _host_meant(text) or next((one for sign, one in _HINTS if re.search(sign, text)), "")
    hint = for_this_run(hint) or AGAIN
    kind = NotFoundError if re.search(_MISSING, text) else RemoteError
    return kind(f"git {verb} failed: {reason}", hint)


def _host_meant(text: str) -> str:
    """Return the hint for a host that does not resolve and is nearly GitHub's; '' for any other."""
    found = re.search(r"could not resolve host(?:name)?:? ([a-z0-9.-]+)", text)
    host = found[1].rstrip(".") if found else ""
    is_other = host == _GITHUB or is_other_forge(host)
    return f"Did you mean {_GITHUB}?" if not is_other and closest(host, [_GITHUB]) else ""


def for_this_run(hint: str) -> str:
    """Return a hint without what concerns Actions alone, where this is no run of theirs."""
    return hint if is_in_actions() else hint.replace(OWN_RUN, "")


def _unauthorized(verb: str, result: GitResult) -> RemoteError:
    """Return the failure of one whom the server does not know: it made git ask who is there."""
    if result.authorized:
        return RemoteError(f"git {verb} failed: the token was not accepted", bad_token())
    return RemoteError(
        f"git {verb} failed: the server wants a token, and none was given",
        "Set PROMOTER_TOKEN or GITHUB_TOKEN to a token that may read and write the repository.",
    )


def bad_token() -> str:
    """Return what to do about a token that a server does not accept, with where it comes from."""
    return f"That of {token_variable()} is expired, revoked or of another host: make a new one."


# What git says where a server answers 401: there is nobody to ask for a name.
_UNKNOWN = ("could not read username", "authentication failed", "returned error: 401")
OWN_RUN = (
    "; an Actions run's own GITHUB_TOKEN reaches its own repository alone: use a GitHub App's token"
)
# A ruleset names what it does not allow, and nothing of it passes by itself.
_RULES = r"(?:gh013|rule violations found)[\s\S]*"
RULE_HINTS = (
    (
        _RULES + "force-push",
        "A ruleset forbids force pushes there: exempt this account, or the branches promote/**.",
    ),
    (
        _RULES + "creations being restricted",
        "A ruleset says which branches may be made: exempt this account, or the branches promote/**, "
        "or set templates.branch to a name that it allows.",
    ),
    (
        _RULES + "pull request",
        "A ruleset takes pull requests alone: set deliver: pull-request, or exempt this account.",
    ),
    (
        _RULES + "signature",
        "A ruleset takes verified commits alone: use transport: api, or give --signing-key.",
    ),
    (
        _RULES + "merge queue",
        "A ruleset takes what its merge queue merges: set deliver: pull-request.",
    ),
    (
        _RULES + "status check",
        "A ruleset waits for checks, which a push has not: set deliver: pull-request.",
    ),
    (_RULES, "A ruleset of the repository forbids this: change it, or exempt this account."),
)
_GITHUB = "github.com"
# What git says where a server answers 404.
_MISSING = r"repository 'https?://.*' not found"
MOVED = "The repository has moved: its old page in a browser leads to its new URL; give that."
"""The hint for what a server redirects, where it is not known where to."""
_HINTS = (
    ("unable to update url base from redirection", MOVED),
    (r"returned error: 30[1278]", MOVED),
    ("no space left on device", "Free space on this machine, where the repository is kept."),
    ("repository was archived", "Unarchive the repository, or give the one that took its place."),
    (
        r"remote: .*\b(saml|sso)\b",
        "Authorise the token for the organisation's single sign-on, in its settings.",
    ),
    (r"(tunnel failed, response|http code) 407", PROXY_LOGIN_HINT),
    (r"tunnel failed|from proxy after connect|could not resolve proxy", PROXY_HINT),
    ("could not resolve host", "There is no network, or the host's name is wrong."),
    ("dubious ownership", "Run: git config --global --add safe.directory PATH"),
    (r"permission denied \(publickey", "Load a key that may read and write into your ssh agent."),
    ("host key verification failed", "Add the host's key to ~/.ssh/known_hosts."),
    *RULE_HINTS,
    (
        r"gh006[^;\n]*refs/heads/promote/",
        "A rule protects the branches of promotions: exempt promote/** from it, or allow this account "
        "to push there.",
    ),
    (
        "gh006",
        "The branch is protected: allow this account to push there; where it is the base, "
        "deliver: pull-request needs no push to it.",
    ),
    (
        _MISSING,
        f"Check the URL; a private repository also needs a token that may read it{OWN_RUN}.",
    ),
    ("not found", "Check the URL; a private repository also needs a token that may read it."),
    ("does not appear to be a git repository", "Check the path: it holds no git repository."),
    (
        "returned error: 403",
        f"The token may not do this: it needs 'contents: write' there{OWN_RUN}.",
    ),
    (r"returned error: 429|rate limit", "The server's limit is reached: run again later."),
    (r"returned error: 5\d\d", "The server has a problem: running again is safe."),
    (
        "certificate|problem with the ssl ca cert",
        "Name your certificate authority in SSL_CERT_FILE.",
    ),
    (
        "connection refused|couldn't connect to server",
        "Nothing answers there: check host and port, and the proxy where one is set.",
    ),
    (
        r"corrupt|could not read [0-9a-f]{40}|unable to read tree|not a valid object name"
        r"|hash mismatch|not a tree|unable to stream|not something we can merge",
        DAMAGED,
    ),
)
