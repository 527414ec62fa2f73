"""Addresses of a repository's web pages: commits, comparisons, pull requests, lines of files."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from promoter.domain.urls import SCP, host_of

_REVISION = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]*")


def web_address(repository: str | None) -> str | None:
    """Return a repository's web page from the address that git takes; None for a folder."""
    if not repository:
        return None
    if "://" not in repository:
        found = SCP.fullmatch(repository)
        return found and _clean(f"https://{found['host']}/{found['path'].lstrip('/')}")
    parts = urlsplit(repository)
    if parts.scheme == "ssh":
        return _clean(f"https://{host_of(repository).partition(':')[0]}{parts.path}")
    if parts.scheme not in ("https", "http") or not parts.netloc or "@" in parts.netloc:
        return None
    return _clean(repository)


def commit_page(web: str | None, revision: str) -> str | None:
    """Return the page of a commit, where the repository has pages."""
    return f"{web}/commit/{revision}" if web and _REVISION.fullmatch(revision) else None


def compare_page(web: str | None, base: str | None, head: str | None) -> str | None:
    """Return the page that lists what `head` has and `base` does not."""
    if not (web and base and head and _REVISION.fullmatch(base) and _REVISION.fullmatch(head)):
        return None
    return f"{web}/compare/{base}...{head}"


def pull_page(web: str | None, number: int) -> str | None:
    """Return the page of a pull request."""
    return f"{web}/pull/{number}" if web else None


def line_page(web: str | None, revision: str | None, path: str, line: int) -> str | None:
    """Return the page of a file as a commit has it, at a line."""
    if not (web and revision and _REVISION.fullmatch(revision)):
        return None
    return f"{web}/blob/{revision}/{quote(path, safe='/')}#L{line}"


def _clean(address: str) -> str:
    """Return an address without what git alone needs."""
    return address.removesuffix("/").removesuffix(".git")
