"""What is read of a repository for one kustomization, within fixed limits, and what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError
from promoter.domain.image import split
from promoter.domain.model import PathKind, Tree
from promoter.domain.paths import KUSTOMIZATION_NAMES, resolved
from promoter.domain.trees import kind_of
from promoter.graph.documents import (
    Origin,
    Scalar,
    UnreadableDocumentError,
    Value,
    decode_document,
    documents,
    mapping_of,
    parse_document,
    sequence_of,
    shortened_line,
    text_of,
)
from promoter.graph.requirements import Access, Requirement, is_fetched

_FILES_LIMIT = 10_000
_BYTES_LIMIT = 4 * 1024 * 1024
_WARNINGS_LIMIT = 20
# What is not there and looks so is meant to be fetched.
_REMOTE = re.compile(r"[\w-]+(?:\.[\w-]+)+[:/].*[?/]|[\w.-]+:|.*[?&]ref=", re.IGNORECASE)
_CRD = re.compile(
    r"^kind:[ \t]*[\"']?CustomResourceDefinition[\"']?[ \t]*(?:#.*)?\r?$", re.MULTILINE
)


@dataclass(slots=True)
class Reading:
    """What has been read of a tree so far, what could not be, and what a build would need."""

    tree: Tree
    files: dict[PurePosixPath, None] = field(default_factory=dict)
    folders: dict[PurePosixPath, None] = field(default_factory=dict)
    warnings: dict[str, None] = field(default_factory=dict)
    requirements: dict[Access, Requirement] = field(default_factory=dict)
    complete: bool = True
    unread: dict[PurePosixPath | str, None] = field(default_factory=dict)
    """The files in which something is not known."""
    _documents: dict[PurePosixPath, list[Value]] = field(default_factory=dict)
    _parsed: int = 0

    def note(
        self,
        file: PurePosixPath | str,
        reason: str,
        at: Scalar | None = None,
        access: Access | None = None,
    ) -> None:
        """Remember that something is not known, why, and what a build would need for it."""
        self.complete = False
        self.unread[file] = None
        place = f"{at.file}:{at.line}:{at.column}" if at is not None and at.file else str(file)
        text = shortened_line(f"{place}: {reason}")
        if len(self.warnings) < _WARNINGS_LIMIT:
            self.warnings[text] = None
        if access is not None:
            self.requirements.setdefault(access, Requirement(access, text))

    def require(self, access: Access, reason: str) -> None:
        """Remember what a build would need, where all that matters to images is known."""
        self.requirements.setdefault(access, Requirement(access, shortened_line(reason)))

    def kind(self, path: PurePosixPath) -> PathKind | None:
        """Return what a path is, None where there is nothing."""
        return kind_of(self.tree, path)

    def path(self, file: PurePosixPath, value: Value) -> PurePosixPath | None:
        """Return the path that a scalar of a kustomization names, or None with a note why not."""
        text = text_of(value)
        path = resolved(file.parent, text)
        remote = is_fetched(text)
        if (
            not remote
            and path is not None
            and self.kind(path) in (PathKind.FILE, PathKind.DIRECTORY)
        ):
            return path
        access: Access | None = Access.FILES
        if remote or _REMOTE.match(text):
            reason, access = f"{shortened(text)} is remote and is not read", Access.NETWORK
        elif path is None:
            reason = f"{shortened(text)} leads out of the repository"
        elif (link := self._on_the_way(path, PathKind.SYMLINK)) is not None:
            reason = f"{shortened(text)} leads through the symbolic link {link}"
        elif (module := self._on_the_way(path, PathKind.SUBMODULE)) is not None:
            inside = "is a submodule" if module == path else f"is in {module}, a submodule,"
            reason = f"{shortened(text)} {inside} and is not read"
        else:
            reason, access = f"{shortened(text)} is not there", None
        self.note(file, reason, value if isinstance(value, Scalar) else None, access)
        return None

    def text(self, path: PurePosixPath) -> str | None:
        """Return a file's text, None with a note where it cannot be read."""
        if len(self.files) >= _FILES_LIMIT:
            self.note(path, "is not read: there are too many files", access=Access.FILES)
            return None
        self.files[path] = None
        try:
            return decode_document(self.tree.read(path))
        except UnreadableDocumentError as error:
            self.note(path, error.reason)
        except RefusedError as error:
            self.note(path, error.refusals[0].reason)
        except KeyError:
            self.note(path, "cannot be read")
        return None

    def has_room_for(self, text: str) -> bool:
        """Return whether a text may be parsed beside all that was; it counts from then on."""
        self._parsed += len(text)
        return self._parsed <= _BYTES_LIMIT

    def documents(self, path: PurePosixPath) -> list[Value]:
        """Return a file's documents; what cannot be read is noted and left out."""
        if path not in self._documents:
            self._documents[path] = list(self._read(path))
        return self._documents[path]

    def inline(self, file: PurePosixPath, value: Value | None) -> list[Value]:
        """Return the documents that a scalar of a kustomization holds as text."""
        if not isinstance(value, Scalar):
            return []
        try:
            # The lines of a block scalar begin on the line after its header.
            found = [
                parse_document(text, Origin(str(file), value.line + line))
                for line, text in documents(value.text)
            ]
        except UnreadableDocumentError as error:
            self.note(f"{file}:{error.line}", f"a text in it: {error.reason}")
            return []
        return [one for one in found if one is not None]

    def _read(self, path: PurePosixPath) -> Iterator[Value]:
        """Yield a file's documents; definitions of resources carry no image and are passed over."""
        for line, document in documents(self.text(path) or ""):
            if _CRD.search(document):
                continue
            if not self.has_room_for(document):
                self.note(f"{path}:{line + 1}", "is not read: the manifests are too large")
                return
            try:
                value = parse_document(document, Origin(str(path), line))
            except UnreadableDocumentError as error:
                self.note(f"{path}:{error.line}:{error.column}", error.reason)
                return
            if value is not None:
                yield value

    def _on_the_way(self, path: PurePosixPath, kind: PathKind) -> PurePosixPath | None:
        """Return the first of a path and its folders that is of a kind."""
        steps = [path, *path.parents][:-1]
        return next((one for one in reversed(steps) if self.kind(one) is kind), None)


def first_mention(tree: Tree, files: Iterable[PurePosixPath], image: str) -> str:
    """Return as `file:line` where the first field of some files has an image of a name; '' for none."""
    reading = Reading(tree)
    for file in files:
        if file.name in KUSTOMIZATION_NAMES:
            continue
        for document in reading.documents(file):
            for one in _images_below(document):
                if split(one.text)[0] == image:
                    return f"{one.file}:{one.line}"
    return ""


def _images_below(value: Value) -> Iterator[Scalar]:
    """Yield the scalars below a value whose keys say that they are images."""
    for child in sequence_of(value):
        yield from _images_below(child)
    for key, child in mapping_of(value).items():
        if isinstance(child, Scalar) and key.lower().endswith("image"):
            yield child
        yield from _images_below(child)


def shortened(text: str) -> str:
    """Return a text cut for a message."""
    return text if len(text) <= 120 else text[:119] + "…"
