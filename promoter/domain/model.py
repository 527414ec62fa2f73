"""The values that every part shares; frozen, without behaviour beyond reading themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Protocol

from promoter.domain.dataclass import dataclass
from promoter.domain.image import Digest, Ref, Tag, split


class PathKind(StrEnum):
    """What a path of a tree is."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    SUBMODULE = "submodule"


class Tree(Protocol):
    """A read-only view of one commit's files; every reading is remembered for the run."""

    @property
    def commit(self) -> str:
        """The commit's id, or '' where the files come from no commit."""

    def entries(self, directory: PurePosixPath) -> Mapping[str, PathKind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Fetch many files at once, so that reading them later costs no round trip each."""

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory at once, before many of its folders are looked into."""

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Read the names in many directories at once, whether or not they are there."""

    def is_listed(self, directory: PurePosixPath) -> bool:
        """Return whether the names in a directory are read without a request."""

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
        """Return those files whose contents are read without a request."""

    def at(self, commit: str) -> Tree:
        """Return another commit's files. Raises `KeyError` without a repository, or `RemoteError`."""

    def prefetch_at(self, files: Mapping[str, Iterable[PurePosixPath]]) -> None:
        """Fetch files of other commits, by the commits' ids, in few round trips; raises as `at`."""

    def has_ancestor(self, commit: str) -> bool:
        """Return whether a commit is this one, or in the history that led to it."""


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What was asked for one image: a tag, a digest, or both."""

    name: str
    tag: Tag | None = None
    digest: Digest | None = None
    known_as: Tag | None = field(default=None, compare=False)
    """The tag that was asked for, where its digest alone is written."""

    @property
    def ref(self) -> Ref:
        """The tag and the digest that are asked for."""
        return Ref(self.tag, self.digest, self.known_as)

    @property
    def reference(self) -> str:
        """What a registry is asked for: the digest, else the tag."""
        return str(self.digest or self.tag)

    def __str__(self) -> str:
        """Return the form of `--image`: `NAME=TAG`, `NAME@DIGEST` or `NAME=TAG@DIGEST`."""
        tag = f"={self.tag}" if self.tag else ""
        return f"{self.name}{tag}{f'@{self.digest}' if self.digest else ''}"


LINKED = "linked"
"""The field of a string that moves along with an image."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of one image in one file, before and after; line and column count from 1."""

    path: PurePosixPath
    line: int
    column: int
    field: str
    image: str
    old: str | None
    new: str | None

    @property
    def is_linked(self) -> bool:
        """Whether it moves a string along with an image, and sets no image itself."""
        return self.field == LINKED


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file's bytes before and after, and the changes that make the difference."""

    path: PurePosixPath
    before: bytes
    after: bytes
    changes: tuple[FieldChange, ...]
    warnings: tuple[str, ...] = field(default=())
    added: bool = False
    """Whether there was no such file before."""
    removed: bool = False
    """Whether there is no such file afterwards."""

    @property
    def images(self) -> list[str]:
        """The names of the images that it sets, each one time."""
        return list(dict.fromkeys(one.image for one in self.changes if not one.is_linked))

    @property
    def content(self) -> bytes | None:
        """What a commit writes there; None where the file goes."""
        return None if self.removed else self.after

    def is_in(self, tree: Tree) -> bool:
        """Whether a tree has the file as this edit leaves it."""
        try:
            return tree.read(self.path) == self.after and not self.removed
        except KeyError:
            return self.removed


class SetBy(StrEnum):
    """Which of an environment's files says something of an image."""

    OWN = "own"
    """One of the files that are edited for the app."""
    BASE = "base"
    """What its kustomization is built from."""
    OVERRIDE = "override"
    """A file of its folder that counts in place of those: a kustomization over them, or Argo CD's."""


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """Where a file says something of an image: its tag, its digest, both, or its name alone."""

    path: PurePosixPath
    line: int
    """From 1."""
    ref: Ref
    set_by: SetBy = SetBy.OWN

    def __str__(self) -> str:
        """Return it as `file:line`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class RunningImage:
    """One image as an environment has it."""

    name: str
    tag: str | None = None
    digest: str | None = None
    new_name: str | None = None
    """The name that an entry or an override puts in its place."""
    listed: bool = field(default=False, compare=False)
    """Whether the configuration's target names it, and not only the file."""
    elsewhere: tuple[Ref, ...] = ()
    """What stands at its other places, where that is another tag."""
    places: tuple[ImagePlace, ...] = field(default=(), compare=False)
    """Where it is set, as far as files show it: what counts stands last."""

    @property
    def set_by(self) -> SetBy:
        """Which file says what counts."""
        return self.places[-1].set_by if self.places else SetBy.OWN

    @property
    def places_of_tags(self) -> Mapping[str, ImagePlace]:
        """The first place of each tag; '' stands for none."""
        found: dict[str, ImagePlace] = {}
        for one in self.places:
            found.setdefault(one.ref.tag or "", one)
        return found

    def first_place(self, set_by: SetBy) -> ImagePlace | None:
        """Return the first of its places of a kind; None where it has none."""
        return next((one for one in self.places if one.set_by is set_by), None)

    @property
    def refs(self) -> tuple[Ref, ...]:
        """What stands at its places, each different one a single time."""
        return (self.ref, *self.elsewhere)

    @property
    def tags(self) -> tuple[str, ...]:
        """Each tag that it stands at; a digest where it has no tag."""
        found = (one.tag_or_digest for one in self.refs)
        return tuple(dict.fromkeys(one for one in found if one))

    @property
    def ref(self) -> Ref:
        """The tag and the digest that it has."""
        return Ref(self.tag, self.digest)

    @property
    def repository(self) -> str:
        """The name under which it is pulled."""
        return self.new_name or split(self.name)[0]

    def request(self, name: str | None = None) -> ImageRequest:
        """Return the request for it as it is, under this name if any.

        Raises `UsageError` for what is no tag or digest.
        """
        tag = Tag.parse(self.tag) if self.tag else None
        digest = Digest.parse(self.digest) if self.digest else None
        return ImageRequest(name or self.name, tag, digest)


@dataclass(frozen=True, slots=True)
class ImageMove:
    """One image of a promotion, from what it was to what it shall be."""

    name: str
    before: Ref
    after: Ref
    pulled: str | None = None
    """The name under which it is pulled, where an entry gives it another one."""
    app: str = ""
    """The app that it is of, where it is one of a promotion's."""
    elsewhere: tuple[Ref, ...] = ()
    """What stands at the image's other places, where that is another tag."""
