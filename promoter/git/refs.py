"""What a remote repository says of its refs, and which of its branches is the base."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from promoter.domain.branch_name import BRANCH_PREFIX, HOLD_BRANCH_PREFIX
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import SelectionError
from promoter.domain.suggest import nearest

# The id of no object: where a ref is said to have none.
NOTHING = "0" * 40


@dataclass(frozen=True, slots=True)
class RemoteRefs:
    """The default branch's name and ref → object id."""

    head: str | None
    refs: Mapping[str, str]


def listed_refs(output: bytes) -> RemoteRefs:
    """Return what `git ls-remote --symref` printed."""
    head, refs = None, {}
    for line in output.decode("utf-8", "replace").splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: "):
            # A clone has a HEAD of its remote's too, which says nothing of its own branches.
            head = value.removeprefix("ref: refs/heads/") if name == "HEAD" else head
        else:
            # The line behind that of an annotated tag has the commit that it names.
            refs[name.removesuffix("^{}")] = value
    return RemoteRefs(head, refs)


# `packet:  fetch< OBJECT-ID HEAD symref-target:refs/heads/main`, as gitprotocol-v2(5) has ls-refs.
_TRACED = re.compile(
    rb"packet: +fetch< (?P<oid>[0-9a-f]{40}) (?P<ref>\S+)(?: symref-target:(?P<head>\S+))?"
)
# Git shows bytes that are not ASCII by octal numbers, of 32 bits; no ref holds a backslash.
_OCTAL = re.compile(rb"\\37777777([0-7]{3})")


def traced(file: Path) -> RemoteRefs:
    """Return what a server answered a fetch, from git's trace of the packets (GIT_TRACE_PACKET).

    `git fetch` itself does not say which branch is the default one, and another process would cost
    another connection. What the trace does not show is left out.
    """
    head, refs = None, {}
    with suppress(OSError), file.open("rb") as lines:
        for found in filter(None, map(_TRACED.search, lines)):
            ref = _plain(found["ref"])
            refs[ref] = found["oid"].decode("ascii")
            if ref == "HEAD" and found["head"]:
                head = _plain(found["head"]).removeprefix("refs/heads/")
    return RemoteRefs(head, refs)


def _plain(shown: bytes) -> str:
    raw = _OCTAL.sub(lambda octal: bytes([int(octal[1], 8) & 0xFF]), shown)
    return raw.decode("utf-8", "replace")


def base_branch(found: RemoteRefs, wanted: str | None, url: str) -> tuple[str, str]:
    """Return the base branch and its commit, or raise `SelectionError` saying what is there."""
    name = wanted or found.head
    commit = found.refs.get(f"refs/heads/{name}")
    if commit is None and name and wanted is None:
        commit = found.refs.get("HEAD")
    if name and commit:
        return name, commit
    if not found.refs and not found.head:
        if url.startswith("http"):
            # git takes a page of one line, such as a proxy's, for the list of refs of an old server.
            raise SelectionError(
                f"{url} names no branch: it has no commits, or what answers there is not git",
                "Check the URL; a repository needs a first commit.",
            )
        raise SelectionError(f"{url} has no commits", "Push a first commit to it.")
    known = _branches(found)
    if name is None:
        raise SelectionError(
            f"{url} has no default branch: its HEAD names no branch that exists",
            f"Give --base {known[0]}"
            if len(known) == 1
            else f"Name one with --base. {nearest('', known)}",
        )
    hint = f"Name another with --base. {nearest(name, known)}"
    if found.head and found.head != name:
        others = nearest("", known) if len(known) > 1 else ""
        hint = f"Did you mean {found.head!r}, its default branch? {others}".strip()
    if re.fullmatch(r"[0-9a-f]{7,40}", name):
        hint = f"It reads as a commit, and a base is a branch. {nearest(name, known)}"
    raise SelectionError(f"{url} has no branch {name!r}", hint)


def _branches(found: RemoteRefs) -> list[str]:
    """Return the branches that may be a base: all but those of promotions and of holds."""
    heads = [ref for ref in found.refs if ref.startswith("refs/heads/")]
    names = [ref.removeprefix("refs/heads/") for ref in heads]
    return sorted(one for one in names if not one.startswith((BRANCH_PREFIX, HOLD_BRANCH_PREFIX)))
