"""The pull request that a commit of a base came with, as its message says."""

from __future__ import annotations

import re

_MERGE = re.compile(r"Merge pull request #(?P<number>[0-9]{1,9}) from ")
# As the local forge, Azure DevOps, Bitbucket and GitLab write it.
_OTHERS = re.compile(
    r"^(?:Merge pull |Merged PR )(?P<before>[0-9]{1,9}): |\(pull request #(?P<behind>[0-9]{1,9})\)$"
    r"|^See merge request [^\s!]*!(?P<request>[0-9]{1,9})$",
    re.MULTILINE,
)
_SQUASH = re.compile(r" ?\(#(?P<number>[0-9]{1,9})\)$")


def merged_pull(message: str) -> int | None:
    """Return the number of the pull request that a commit is the merge of, or None."""
    found = _MERGE.match(message)
    return int(found["number"]) if found else None


def split_number(title: str) -> tuple[str, int | None]:
    """Return a commit's title without the number of its pull request at the end, and the number."""
    found = _SQUASH.search(title)
    return (title[: found.start()], int(found["number"])) if found else (title, None)


def pull_number(message: str) -> int | None:
    """Return the number of the pull request that a message names as where the commit came from."""
    named = merged_pull(message) or split_number(message.partition("\n")[0].rstrip())[1]
    if named is None and (found := _OTHERS.search(message)):
        return int(found["before"] or found["behind"] or found["request"])
    return named
