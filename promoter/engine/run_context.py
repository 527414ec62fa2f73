"""The real things of one run, opened once and closed with it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.first_answer import FirstAnswer
from promoter.domain.model import Tree
from promoter.engine.wiring import (
    Wiring,
    api_repository,
    open_forge,
    open_registry,
    open_renderer,
    open_repository,
)
from promoter.forges import Forge
from promoter.git import Repository
from promoter.git.first_fetch import LOOK_DEPTH
from promoter.system.budget import EVIDENCE, EVIDENCE_OF_ALL, FIRST_ANSWER, REGISTRY_ANSWER
from promoter.system.threads import in_background

if TYPE_CHECKING:
    from promoter.domain.file_versions import FileVersion
    from promoter.registry.client import Registry
    from promoter.render import Renderer


@dataclass(slots=True)
class RunContext:
    """What a run observes and writes, opened once and used for every app and every retry."""

    wiring: Wiring
    repository: Repository
    progress: list[str]
    now: int
    """When the run began, in seconds since the epoch."""
    patience: float = REGISTRY_ANSWER.seconds
    """How long a registry may take for one answer, in seconds."""
    _forge: Forge | None = None
    _opening: Future[Forge] | None = None
    _api: Repository | None = None
    _registry: Registry | None = None
    _renderers: tuple[Renderer | None, ...] = ()
    """The program that renders, or None without one; empty until it was looked for."""
    _spent: float = 0.0
    """The seconds that evidence has taken."""
    _expected: tuple[PurePosixPath, ...] = ()
    """The files of several apps of which git is asked together, once one of them is asked for."""
    _arrivals: Mapping[PurePosixPath, Iterable[FileVersion]] = field(default_factory=dict)
    """What git has answered of them."""
    looked: float = 0.0
    """When the last look at the base began, by the monotonic clock."""

    def forge(self) -> Forge:
        """Return the forge, opened on first use: a direct push needs none."""
        if self._forge is None:
            opening, self._opening = self._opening, None
            self._forge = opening.result() if opening else open_forge(self.wiring)
        return self._forge

    def expect_forge(self, opening: Future[Forge]) -> None:
        """Take the forge that is being opened, and what its first answer tells of the repository."""
        self._opening = opening
        self.repository.take(self._first_answer)

    def _first_answer(self) -> FirstAnswer | None:
        """Return the forge's first answer, where that is there in time."""
        with suppress(PromoteError, TimeoutError):  # raised where the forge is needed
            if self._opening is not None:
                return self._opening.result(FIRST_ANSWER.seconds).first_answer(FIRST_ANSWER.seconds)
        return None

    def repository_for(self, transport: str) -> Repository:
        """Return the repository as it is written through a transport."""
        if transport == self.wiring.transport:
            return self.repository
        # A run that reads through the API writes through it: what says so is above any environment.
        if self._api is None:
            self._api = api_repository(self.wiring, self.forge())
        return self._api

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Bound what is asked meanwhile for the text of a pull: it holds no promotion up.

        What is not answered in time fails, and is not known.
        """
        deadline = self.wiring.deadline
        of_all = max(0.0, deadline.seconds * EVIDENCE_OF_ALL - self._spent)
        left = min(EVIDENCE.of(deadline.remaining()), of_all)
        begin = time.monotonic()
        try:
            with deadline.within(left):
                yield
        finally:
            self._spent += time.monotonic() - begin

    def arrivals(
        self, base: Tree, paths: list[PurePosixPath]
    ) -> Mapping[PurePosixPath, Iterable[FileVersion]]:
        """Return when files of the base became what they were: their newest versions.

        The forge is asked where git would have to fetch old commits with all their directories.
        """
        if self.has_history_from_forge(base):
            return self.repository_for("api").arrivals(base, paths)
        expected, self._expected = self._expected, ()
        if expected:
            with suppress(PromoteError):  # then each app asks for its own
                self._arrivals = self.repository.arrivals(base, list(expected))
        if all(path in self._arrivals for path in paths):
            return self._arrivals
        return self.repository.arrivals(base, paths)

    def expect_arrivals(self, paths: Iterable[PurePosixPath]) -> None:
        """Have git asked for the arrivals of these files at once, when some of them are asked for."""
        self._expected, self._arrivals = tuple(paths), {}

    def has_history_from_forge(self, base: Tree) -> bool:
        """Return whether the forge is asked for the history of the base's files."""
        return self.wiring.kind.repository is not None and not self.repository.has_history(base)

    def registry(self) -> Registry:
        """Return the registries, opened on first use."""
        if self._registry is None:
            self._registry = open_registry(self.wiring, patience=self.patience)
        return self._registry

    def renderer(self) -> Renderer | None:
        """Return the program that renders, None where there is none; it is looked for once a run."""
        if not self._renderers:
            self._renderers = (open_renderer(self.wiring),)
        return self._renderers[0]

    def requests_made(self) -> tuple[str, ...]:
        """Return what the run has asked of the forge, where it asked anything."""
        made = self._forge.requests_made() if self._forge else ""
        return (made,) if made else ()

    def close(self) -> None:
        """End the connections and processes of what was opened on the way."""
        for one in (self._forge, self._registry):
            if one is not None:
                one.disconnect()


@dataclass(frozen=True, slots=True)
class Expected:
    """What a run will certainly ask first, so that it can be begun at once."""

    apps: Sequence[str] = ()
    """The apps of which the repository is asked."""
    pulls_of: Sequence[str] | None = None
    """The apps of whose pulls the forge is asked; None where it may not be asked at all."""
    depth: int = LOOK_DEPTH
    """So many commits of the base: more where the history of files is read."""


@contextmanager
def open_run(
    wiring: Wiring,
    progress: list[str],
    expected: Expected = Expected(),  # noqa: B008 - it is frozen
    *,
    patience: float = REGISTRY_ANSWER.seconds,
) -> Iterator[RunContext]:
    """Give what a run observes and writes; `progress` gets what it has written.

    Where the repository is far, what is expected to be asked of it and its forge is begun at once.
    """
    apps, pulls_of = expected.apps, expected.pulls_of
    forge, opening = None, None
    if wiring.transport == "api":
        # Reading through the API uses the same forge, so that one count has all requests.
        forge = open_forge(wiring, apps)
    elif pulls_of is not None and wiring.kind.api_url is not None:
        # Before git, whose library takes as long to be loaded as the forge to answer.
        opening = in_background(lambda: open_forge(wiring, pulls_of))
    with open_repository(wiring, forge, apps, expected.depth) as repository:
        context = RunContext(wiring, repository, progress, wiring.now, patience, forge)
        if opening is not None:
            context.expect_forge(opening)
        try:
            yield context
        finally:
            context.close()
