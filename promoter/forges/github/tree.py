"""One commit's files through GitHub's API: each object is asked for once, and proved by its id."""

from __future__ import annotations

import base64
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from promoter.domain.errors import RemoteError
from promoter.domain.model import Kind
from promoter.forges.github import folders
from promoter.forges.github.client import FAILURES
from promoter.forges.github.failures import GitHubError
from promoter.forges.github.folders import Listing, listing, oid, texts
from promoter.forges.github.queries import query
from promoter.git.tree import ROOT, checked, kind_of, unfolded

if TYPE_CHECKING:
    from promoter.forges.github.client import Client

T = TypeVar("T")

_BLOBS_AT_ONCE = 50
_FOLDERS_AT_ONCE = 100


class GitHubTree:
    """A `promoter.domain.model.Tree` over one commit, read object by object as it is needed."""

    def __init__(self, reader: Reader, commit: str) -> None:
        self._reader = reader
        self.commit = commit
        self._listings: dict[PurePosixPath, dict[str, tuple[str, int]]] = {}
        self._unfolded: set[PurePosixPath] = set()

    def entries(self, directory: PurePosixPath) -> Mapping[str, Kind]:
        """Return the names in a directory with their kinds; empty where there is no directory."""
        return _Entries(self, directory)

    def is_folder(self, path: PurePosixPath) -> bool | None:
        """Return whether a path is a folder (False: nothing is there), where that is known already."""
        if (self.commit, path) in self._reader.absent:
            return False
        known = self._listings.get(path) or self._reader.folders.get((self.commit, path))
        return True if known else None

    def read(self, path: PurePosixPath) -> bytes:
        """Return a file's bytes; for a symlink its target. Raises `KeyError` where there is none."""
        oid, mode = self.listing(path.parent)[path.name]
        if stat.S_ISDIR(mode) or not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise KeyError(str(path))
        return self._reader.blob(oid)

    def prefetch(self, paths: Iterable[PurePosixPath]) -> None:
        """Fetch many files in few requests; names that are no file are passed over."""
        paths = list(paths)
        folders = (path.parent for path in paths)
        self._reader.read_folders(self.commit, [one for one in folders if not self._is_absent(one)])
        found = (self.listing(path.parent).get(path.name) for path in paths)
        self._reader.blobs([entry[0] for entry in found if entry and stat.S_ISREG(entry[1])])

    def look_into(self, directories: Iterable[PurePosixPath]) -> None:
        """Read the names in many directories in few requests."""
        unknown = (one for one in directories if one not in self._listings)
        self._reader.read_folders(self.commit, [one for one in unknown if not self._is_absent(one)])

    def at_hand(self, paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:  # noqa: ARG002 - as others
        """Return none: what of them has come is not known."""
        return []

    def unfold(self, directory: PurePosixPath) -> None:
        """Read all names below a directory in one request, where GitHub does not cut the answer."""
        place = self.listing(directory.parent).get(directory.name) if directory.name else None
        oid = place[0] if place else self._reader.commit(self.commit).tree
        if directory in self._unfolded or (directory.name and place is None):
            return
        self._listings |= unfolded(self._reader.below(oid), directory)
        self._unfolded.add(directory)

    def at(self, commit: str) -> GitHubTree:
        """Return the files of another commit, read as they are needed."""
        return GitHubTree(self._reader, commit)

    def has_ancestor(self, commit: str) -> bool:
        """Return whether a commit led to this one; it is asked for once."""
        return self._reader.is_ancestor(commit, self.commit)

    def listing(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        """Return name → (object id, mode) of a directory; empty where there is none."""
        if directory not in self._listings:
            self._listings[directory] = checked(self._list(directory), directory)
        return self._listings[directory]

    def _is_absent(self, directory: PurePosixPath) -> bool:
        """Return whether the nearest folder above that is known holds no folder that leads there."""
        for parent in directory.parents:
            known = self._listings.get(parent, self._reader.folders.get((self.commit, parent)))
            if known is not None:
                entry = known.get(directory.relative_to(parent).parts[0])
                return entry is None or not stat.S_ISDIR(entry[1])
        return False

    def _list(self, directory: PurePosixPath) -> dict[str, tuple[str, int]]:
        if self._is_absent(directory):
            return {}
        self._reader.read_folders(self.commit, [directory])
        known = self._reader.folders.get((self.commit, directory))
        if known is not None:
            return known
        if directory == ROOT:
            return self._reader.tree(self._reader.commit(self.commit).tree)
        entry = self.listing(directory.parent).get(directory.name)
        if entry is None or not stat.S_ISDIR(entry[1]):
            return {}
        return self._reader.tree(entry[0])


class _Entries(Mapping[str, Kind]):
    """The names in a folder; the folder is listed once more is asked than what is known below it."""

    def __init__(self, tree: GitHubTree, directory: PurePosixPath) -> None:
        self._tree, self._directory = tree, directory

    def __getitem__(self, name: str) -> Kind:
        if self._tree.is_folder(self._directory) is None:
            known = self._tree.is_folder(self._directory / name)
            if known:
                return Kind.DIRECTORY
            if known is False:
                raise KeyError(name)
        return kind_of(self._tree.listing(self._directory)[name][1])

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree.listing(self._directory))

    def __len__(self) -> int:
        return len(self._tree.listing(self._directory))


class Commit(NamedTuple):
    """A commit as git keeps it: the ids of its tree and of its parents, and its message."""

    tree: str
    parents: tuple[str, ...]
    message: str


class Reader:
    """Git objects through the API, each asked for once in a run."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._objects: dict[tuple[str, str, bool], Any] = {}
        self._blobs: dict[str, bytes] = {}
        self.folders: dict[tuple[str, PurePosixPath], Listing] = {}
        """The folders that came by GraphQL, by commit and path; {} for a path that is none."""
        self.absent: set[tuple[str, PurePosixPath]] = set()
        """The paths at which a commit has nothing."""
        self._ancestors: dict[tuple[str, str], bool] = {}
        """Whether the first of two commits led to the second, as far as it is known."""

    def read_folders(self, commit: str, paths: Iterable[PurePosixPath]) -> None:
        """Fetch folders with their files' texts, many in one query; without GraphQL nothing comes."""
        self.read_folders_of((commit, one) for one in paths)

    def read_folders_of(self, wanted: Iterable[tuple[str, PurePosixPath]]) -> None:
        """Fetch folders of several commits likewise."""
        missing = [one for one in dict.fromkeys(wanted) if one not in self.folders]
        for start in range(0, len(missing), _FOLDERS_AT_ONCE):
            part = missing[start : start + _FOLDERS_AT_ONCE]
            try:
                found = self._client.query(folders.query(part))
                for n, (commit, path) in enumerate(part):
                    self.keep_folder(commit, path, found[f"f{n}"])
            except FAILURES:
                return

    def keep_text(self, shown: Any) -> None:  # noqa: ANN401 - JSON
        """Keep a file's text as GraphQL showed it with its id."""
        self._blobs |= dict(texts({"entries": [shown]}))

    def keep_folder(self, commit: str, path: PurePosixPath, shown: Any) -> None:  # noqa: ANN401 - JSON
        """Keep a folder as GraphQL showed it; one that was cut off is read alone later."""
        found = listing(shown)
        if shown is None:
            self.absent.add((commit, path))
        if found is not None:
            self.folders[commit, path] = found
            self._blobs |= dict(texts(shown))

    def commit(self, sha: str) -> Commit:
        """Return a commit."""
        return self._object("commits", sha, _commit)

    def is_ancestor(self, sha: str, of: str) -> bool:
        """Return whether a commit is another, or led to it."""

        def ask() -> bool:
            try:
                shown = self._client.ask("GET", f"/compare/{of}...{sha}")
            except GitHubError as error:
                # There is no such commit, or the two have none in common.
                if error.status == 404:
                    return False
                raise
            return shown["status"] in ("behind", "identical")

        key = sha, of
        if key not in self._ancestors:
            self._ancestors[key] = sha == of or self._client.read(f"read commit {sha[:9]}", ask)
        return self._ancestors[key]

    def keep_ancestors(self, of: str, shas: Iterable[str]) -> None:
        """Keep that some commits led to another."""
        self._ancestors |= {(sha, of): True for sha in shas}

    def tree(self, sha: str) -> dict[str, tuple[str, int]]:
        """Return one directory: name → (object id, mode)."""
        return {name: (oid, mode) for name, oid, mode in self._object("trees", sha, _entries)}

    def below(self, sha: str) -> list[tuple[str, str, int]]:
        """Return path, id and mode of all below a directory; nothing where GitHub cuts the answer."""
        return self._object("trees", sha, _whole, {"recursive": "1"})

    def blob(self, sha: str) -> bytes:
        """Return a file's bytes, proved by their id."""
        if sha not in self._blobs:
            self._keep(sha, self._object("blobs", sha, _content))
        return self._blobs[sha]

    def blobs(self, shas: list[str]) -> None:
        """Fetch many files in few requests; what does not come as text is read one by one later."""
        missing = [sha for sha in dict.fromkeys(shas) if sha not in self._blobs]
        for start in range(0, len(missing), _BLOBS_AT_ONCE):
            part = missing[start : start + _BLOBS_AT_ONCE]
            shown = (
                f'b{n}: object(oid: "{sha}") {{ ... on Blob {{ text }} }}'
                for n, sha in enumerate(part)
            )
            try:
                found = self._client.query(query("Blobs", shown))
                read = [(found[f"b{n}"] or {}).get("text") for n, _ in enumerate(part)]
            except FAILURES:
                return
            for sha, text in zip(part, read, strict=True):
                if isinstance(text, str) and oid(text.encode()) == sha:
                    self._blobs[sha] = text.encode()

    def _keep(self, sha: str, data: bytes) -> None:
        if oid(data) != sha:
            raise RemoteError(f"the API gave other bytes than those of {sha[:9]}", "Run again.")
        self._blobs[sha] = data

    def _object(
        self,
        kind: str,
        sha: str,
        parsed: Callable[[Any], T],
        parameters: Mapping[str, str] | None = None,
    ) -> T:
        """Return what the answer about an object is parsed to; it is asked for once."""
        key = kind, sha, parameters is None
        if key not in self._objects:
            self._objects[key] = self._client.read(
                f"read {kind} {sha[:9]}",
                lambda: parsed(
                    self._client.ask("GET", f"/git/{kind}/{sha}", parameters=parameters)
                ),
                new=True,
            )
        found: T = self._objects[key]
        return found


def _commit(shown: Any) -> Commit:  # noqa: ANN401 - JSON
    parents = tuple(str(one["sha"]) for one in shown["parents"])
    return Commit(str(shown["tree"]["sha"]), parents, str(shown["message"]))


def _entries(shown: Any) -> list[tuple[str, str, int]]:  # noqa: ANN401 - JSON
    return [(str(one["path"]), str(one["sha"]), int(one["mode"], 8)) for one in shown["tree"]]


def _whole(shown: Any) -> list[tuple[str, str, int]]:  # noqa: ANN401 - JSON
    return [] if shown.get("truncated") else _entries(shown)


def _content(shown: Any) -> bytes:  # noqa: ANN401 - JSON
    return base64.b64decode(shown["content"] or "")
