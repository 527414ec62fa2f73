"""The grammar of git's own names: what can be a branch or a part of one, and what a commit."""

from __future__ import annotations

import re
from functools import lru_cache

from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown

# What `git check-ref-format` refuses: a part that begins with '.', or ends so or in '.lock'; and
# a name that holds one of these, or ends in '/'.
_PART = re.compile(r"(?!\.)[^\x00-\x20\x7f~^:?*\[\\/]+(?<!\.)(?<!\.lock)")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
# A part of a ref is the name of a file, which may have 255 bytes with what git adds to it.
_LONGEST_NAME = 200


def is_branch(name: str) -> bool:
    """Return whether git can have a branch of this name."""
    parts = name.split("/")
    whole = not name.startswith("-") and name != "HEAD"
    return whole and ".." not in name and "@{" not in name and all(map(_PART.fullmatch, parts))


def check_ref_name(text: str) -> str:
    """Return a name of an app or environment, or raise `ValueError`; it becomes part of a ref."""
    if not _NAME.fullmatch(text):
        msg = "must begin with a letter or digit and hold only letters, digits, '.', '_' and '-'"
        raise ValueError(msg)
    if len(text) > _LONGEST_NAME:
        raise ValueError(f"must have at most {_LONGEST_NAME} characters")
    if ".." in text or text.endswith((".", ".lock")):
        raise ValueError("must not hold '..' nor end in '.' or '.lock': git allows no such branch")
    return text


@lru_cache(maxsize=4096)
def is_name(text: str) -> bool:
    """Return whether a text is a name of an app or environment."""
    try:
        check_ref_name(text)
    except ValueError:
        return False
    return True


def commit_id(text: str) -> str:
    """Return a commit's id, or enough of one to find it, or raise `UsageError`."""
    if _COMMIT.fullmatch(text.lower()):
        return text.lower()
    raise UsageError(
        f"the source revision {shown(text)} is not a commit's id",
        "It is 7 to 64 hex digits, as git rev-parse prints it; git tags are named by source-tag in "
        "promoter.yaml.",
    )
