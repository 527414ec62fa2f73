"""Objects of a bare repository: read by one git process that stays, and written as files."""

from __future__ import annotations

import hashlib
import re
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.github.git_process import GitProcess
from tests.servers.refs import read_ref

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FOLDER = "40000"
# Names that stand for the same object for ever.
_SETTLED = re.compile(r"[0-9a-f]{40}(?:\^\{\w+\})?")


@dataclass(frozen=True)
class Object:
    """A commit, a tree, a blob or a tag."""

    oid: str
    kind: str
    data: bytes

    def entries(self) -> Iterator[tuple[str, str, str]]:
        """Yield (mode, object, name) of a tree's entries."""
        at = 0
        while at < len(self.data):
            end = self.data.index(b"\0", at)
            mode, _, name = self.data[at:end].partition(b" ")
            at = end + 21
            yield mode.decode(), self.data[end + 1 : at].hex(), name.decode()


class Objects:
    """Those of one repository; `git cat-file --batch` runs from the first question until it is closed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._batch = GitProcess(path, "cat-file", "--batch")
        self._known: dict[str, Object] = {}
        self._entries: dict[str, dict[str, str]] = {}

    def get(self, name: str) -> Object | None:
        """Return what a name or an expression stands for, or None where it stands for nothing."""
        revision, colon, place = name.partition(":")
        if colon and not place.startswith((".", "/")):
            return self._at(revision, place)
        found = self._known.get(name) or self._ask(name)
        if found is not None and _SETTLED.fullmatch(name):
            self._known[name] = found
        return found

    def _at(self, revision: str, place: str) -> Object | None:
        """Return what is at a path of a commit or tree; git would have to be asked for each path."""
        found = self.get(f"{self._commit(revision)}^{{tree}}")
        for name in place.removesuffix("/").split("/") if place else ():
            if found is None or found.kind != "tree":
                return None
            if found.oid not in self._entries:
                self._entries[found.oid] = {one: oid for _, oid, one in found.entries()}
            found = self.get(self._entries[found.oid].get(name, ""))
        return None if place.endswith("/") and found and found.kind != "tree" else found

    def _commit(self, revision: str) -> str:
        """Return the commit of a ref that is named in full; anything else as it is."""
        if revision == "HEAD":
            revision = (self._path / "HEAD").read_text("utf-8").strip().removeprefix("ref: ")
        is_ref = revision.startswith("refs/")
        return (is_ref and read_ref(self._path, revision)) or revision

    def _ask(self, name: str) -> Object | None:
        """Return what git has by a name."""
        if not name or "\n" in name:
            return None
        with self._batch.asked(f"{name}\n") as answer:
            line = answer.readline().decode()
            if line.endswith((" missing\n", " ambiguous\n", " submodule\n")):
                return None
            oid, kind, size = line.split()
            data = answer.read(int(size))
            answer.read(1)
            return Object(oid, kind, data)

    def put(self, kind: str, data: bytes) -> str:
        """Write an object as git keeps a single one, and return its id."""
        whole = f"{kind} {len(data)}\0".encode() + data
        oid = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        place = self._path / "objects" / oid[:2] / oid[2:]
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as file:
                file.write(zlib.compress(whole, 1))
            Path(file.name).replace(place)
        return oid

    def changed_tree(self, tree: str | None, files: Mapping[str, bytes | None]) -> str | None:
        """Write a tree with some files replaced, or removed by None; return its id, None if empty."""
        old = self.get(tree) if tree else None
        entries = {name: (mode, oid) for mode, oid, name in (old.entries() if old else ())}
        below: dict[str, dict[str, bytes | None]] = {}
        for path, data in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                below.setdefault(name, {})[rest] = data
            elif data is None:
                del entries[name]
            else:
                entries[name] = (entries.get(name, ("100644",))[0], self.put("blob", data))
        for name, changes in below.items():
            mode, oid = entries.pop(name, ("", ""))
            if changed := self.changed_tree(oid if mode == _FOLDER else None, changes):
                entries[name] = (_FOLDER, changed)
        if not entries:
            return None
        # Git sorts a folder as if its name ended in a slash.
        ordered = sorted(entries.items(), key=lambda one: one[0] + "/" * (one[1][0] == _FOLDER))
        lines = (f"{m} {name}\0".encode() + bytes.fromhex(oid) for name, (m, oid) in ordered)
        return self.put("tree", b"".join(lines))

    def git(self, *arguments: str) -> str:
        """Return what a git command prints."""
        done = subprocess.run(["git", *arguments], cwd=self._path, check=True, capture_output=True)
        return done.stdout.decode()

    def close(self) -> None:
        """End the process; the next question starts another."""
        self._batch.close()
