"""Commits, trees and refs of a bare repository."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.github.ancestry import Ancestry
from tests.servers.github.git_process import GitProcess
from tests.servers.github.objects import Objects
from tests.servers.refs import read_ref, read_refs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WEB_FLOW = ("GitHub", "noreply@github.com")
ZERO = "0" * 40
_SETTLED = frozenset({"diff-tree", "ls-tree", "merge-tree"})
_DIFFERENCES = ("-r", "-z", "--no-renames", "--full-index", "--raw", "--numstat")
_ID = re.compile(r"[0-9a-f]{40}")
# Not a real signature: the server knows by itself which commits it signed.
_SIGNATURE = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n web-flow\n -----END PGP SIGNATURE-----\n"


@dataclass(frozen=True)
class Person:
    """Who made a commit, and when."""

    name: str
    email: str
    date: str


@dataclass(frozen=True)
class Commit:
    """A commit as git keeps it."""

    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Person
    committer: Person
    message: str
    signature: str | None
    payload: str


class Store:
    """One bare repository; a git command that fails raises `subprocess.CalledProcessError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.objects = Objects(path)
        self.ancestry = Ancestry(self.objects)
        self._refs = GitProcess(path, "update-ref", "--stdin")
        self._differences = GitProcess(path, "diff-tree", "--stdin", *_DIFFERENCES)
        self._answers: dict[tuple[str, ...], subprocess.CompletedProcess[bytes]] = {}
        self._files: dict[tuple[str, str], list[tuple[str, str, str, str, str]]] = {}

    def close(self) -> None:
        """End git's processes; the next question starts others."""
        for one in (self.objects, self._refs, self._differences):
            one.close()

    def git(self, *arguments: str, stdin: bytes | None = None, **env: str) -> bytes:
        """Run git there and return what it printed."""
        done = self._run(arguments, stdin, env)
        done.check_returncode()
        return done.stdout

    def _run(
        self,
        arguments: tuple[str, ...],
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git there; what it says of commits that are named by their ids is asked once."""
        if arguments in self._answers:
            return self._answers[arguments]
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, capture_output=True, check=False,
            env={**os.environ, **(env or {})},
        )  # fmt: skip
        if done.returncode in (0, 1) and _is_settled(arguments):
            self._answers[arguments] = done
        return done

    def text(self, *arguments: str, stdin: bytes | None = None, **env: str) -> str:
        """Run git there and return its text."""
        return self.git(*arguments, stdin=stdin, **env).decode(errors="replace").strip()

    def asks(self, *arguments: str) -> bool:
        """Say whether git says yes."""
        return self._run(arguments).returncode == 0

    def refs(self, prefix: str = "refs/heads/") -> dict[str, str]:
        """Return ref → commit: almost every answer needs them."""
        return {ref: oid for ref, oid in read_refs(self.path).items() if _is_below(ref, prefix)}

    def ref(self, ref: str) -> str | None:
        """Return the commit of one ref."""
        return read_ref(self.path, ref)

    def sha(self, name: str, kind: str = "commit") -> str | None:
        """Return the object that a branch, a tag or an id names."""
        if not name:
            return None
        refs = () if _ID.fullmatch(name) else (f"refs/heads/{name}^{{{kind}}}",)
        names = (*refs, f"{name}^{{{kind}}}")
        return next((found.oid for found in map(self.objects.get, names) if found), None)

    def default_branch(self) -> str:
        """Return the branch that HEAD names."""
        head = (self.path / "HEAD").read_text(encoding="utf-8")
        return head.removeprefix("ref: refs/heads/").strip()

    def is_ancestor(self, old: str, new: str) -> bool:
        """Say whether a commit is the other or in its history."""
        return old == new or self.ancestry.is_ancestor(old, new)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return where two histories part."""
        return self.ancestry.merge_base(one, other)

    def between(self, base: str, head: str) -> list[str]:
        """Return the commits that a base lacks of a head, newest first."""
        return list(self.ancestry.listed(head, without=base))

    def read(self, shas: Sequence[str]) -> list[Commit]:
        """Return commits by their ids."""
        found = []
        for sha in shas:
            one = self.objects.get(sha)
            assert one is not None, f"there is no commit {sha}"
            found.append(_commit(sha, one.data.decode(errors="replace")))
        return found

    def blob(self, oid: str) -> bytes:
        """Return what a file holds."""
        found = self.objects.get(oid)
        assert found is not None, f"there is no blob {oid}"
        return found.data

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """Return the tree of a merge, or None where it conflicts."""
        done = self._run(("merge-tree", "--write-tree", ours, theirs))
        return done.stdout.decode().split()[0] if done.returncode == 0 else None

    def commit(
        self, tree: str, parents: Sequence[str], message: str, author: tuple[str, str]
    ) -> str:
        """Write a commit as the web interface does: committed by GitHub, and signed."""
        date = f"{int(datetime.now(UTC).timestamp())} +0000"
        lines = [f"tree {tree}", *(f"parent {one}" for one in parents)]
        lines += [f"author {author[0]} <{author[1]}> {date}"]
        lines += [f"committer {WEB_FLOW[0]} <{WEB_FLOW[1]}> {date}"]
        whole = "\n".join(lines) + "\n" + _SIGNATURE + "\n" + message.rstrip("\n") + "\n"
        return self.objects.put("commit", whole.encode())

    def changed_tree(self, onto: str, files: dict[str, bytes], gone: Sequence[str]) -> str:
        """Return a commit's tree with some files replaced and others removed."""
        changes = {**dict.fromkeys(gone), **files}
        return self.objects.changed_tree(f"{onto}^{{tree}}", changes) or self.objects.put(
            "tree", b""
        )

    def move(self, *updates: tuple[str, str | None, str | None]) -> bool:
        """Move (ref, from, to) all at once, each only from what was said; say whether it was done."""
        lines = [f"update {r} {after or ZERO} {before or ZERO}\n" for r, before, after in updates]
        with self._refs.asked("".join(["start\n", *lines, "commit\n"])) as answer:
            is_done = [answer.readline(), answer.readline()][1] == b"commit: ok\n"
        if not is_done:
            # Git ends with the first of them that cannot be done.
            self._refs.close()
        return is_done

    def files(self, before: str, after: str) -> list[tuple[str, str, str, str, str]]:
        """Return (status letter, path, blob, additions, deletions) of each file of two commits."""
        if (before, after) not in self._files:
            self._files[before, after] = self._changed(before, after)
        return self._files[before, after]

    def _changed(self, before: str, after: str) -> list[tuple[str, str, str, str, str]]:
        """Have git compare two commits."""
        end = f"that was {before} {after}\n".encode()
        told = b""
        # Git says again what is no commit.
        with self._differences.asked(f"{after} {before}\n{end.decode()}") as answer:
            while not told.endswith(end):
                line = answer.readline()
                assert line, f"git does not compare {before} and {after}"
                told += line
        # The first says which commit it is.
        fields = told.removesuffix(end).decode(errors="replace").split("\0")[1:-1]
        # Of three fields a file, two are before the counts of all.
        raw, counts = fields[: len(fields) // 3 * 2], fields[len(fields) // 3 * 2 :]
        found = []
        for head, path, count in zip(raw[::2], raw[1::2], counts, strict=True):
            _, _, old, new, letter = head.split()
            added, removed, _ = count.replace("-\t", "0\t").split("\t", 2)
            found.append((letter, path, old if letter == "D" else new, added, removed))
        return found

    def renames(self, before: str, after: str) -> dict[str, str]:
        """Return new name → old name of each file that was renamed."""
        options = ("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status")
        fields = self.text(*options, before, after).split("\0")
        return dict(zip(fields[2::3], fields[1::3], strict=False))


def _is_settled(arguments: tuple[str, ...]) -> bool:
    """Say whether git will always answer this so: it is about commits, each named by its id."""
    before_paths = arguments[1 : arguments.index("--") if "--" in arguments else None]
    names = [one for one in before_paths if not one.startswith("-")]
    return arguments[0] in _SETTLED and all(map(_ID.fullmatch, names))


def _is_below(ref: str, prefix: str) -> bool:
    """Say whether a prefix, as git takes it, names a ref or a folder that it is in."""
    return ref == prefix or ref.startswith(prefix.rstrip("/") + "/")


def _commit(sha: str, text: str) -> Commit:
    """Return a commit from git's text of it."""
    head, _, message = text.partition("\n\n")
    signature = re.search(r"^gpgsig (.*(?:\n .*)*)\n?", head, re.MULTILINE)
    lines = [line.split(" ", 1) for line in head.splitlines() if not line.startswith(" ")]
    people = {name: _person(value) for name, value in lines if name in ("author", "committer")}
    return Commit(
        sha=sha,
        tree=next(value for name, value in lines if name == "tree"),
        parents=tuple(value for name, value in lines if name == "parent"),
        author=people["author"],
        committer=people["committer"],
        message=message.rstrip("\n"),
        signature=signature[1].replace("\n ", "\n") if signature else None,
        payload=text.replace(signature[0], "") if signature else text,
    )


def _person(text: str) -> Person:
    found = re.fullmatch(r"(.*) <(.*)> (\d+) [+-]\d{4}", text)
    assert found, text
    when = datetime.fromtimestamp(int(found[3]), UTC)
    return Person(found[1], found[2], when.strftime("%Y-%m-%dT%H:%M:%SZ"))
