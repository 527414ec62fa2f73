"""The program that renders, run on content that is not trusted: bounded and confined."""

from __future__ import annotations

import logging
import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import redacted_message
from promoter.render import sandbox
from promoter.render.renderer import Renderer
from promoter.system.limits import limit
from promoter.system.temporary import RENDER

_LOG = logging.getLogger(__name__)
_OUTPUT = 48 * 1024 * 1024
# How a program of Go ends for want of memory; a new thread needs some as well.
_EXHAUSTED = re.compile(
    rb"^(?:fatal error: (?:runtime: )?(?:out of memory|cannot allocate|newosproc)"
    rb"|runtime/cgo: pthread_create failed|runtime: failed to create new OS thread)",
    re.MULTILINE,
)
_MESSAGE = 64 * 1024
_SAID = 600
# Warnings come first; kustomize's error begins so, and kubectl's so or as a line of its log.
_ERROR = re.compile(r"^(?:error: *|E\d{4} .*?\berr=)", re.IGNORECASE | re.MULTILINE)

# What a build was denied, as Go names it, and why it is not given.
_DENIED = re.compile(r"(fork/exec|dial \w+|\w+) (\S+): (?:connect: )?permission denied")


@dataclass(frozen=True, slots=True)
class BuildOutput:
    """What one build printed, or why it failed, or why there is no telling."""

    text: str = ""
    failure: str = ""
    """The program's own message."""
    unmade: str = ""
    """Why it says nothing: it did not start, did not end, or printed too much."""


def build_both(
    renderer: Renderer,
    folders: Sequence[Path],
    home: Path,
    may_be_mended: Callable[[str], bool] = lambda _: False,
) -> list[BuildOutput]:
    """Build folders side by side; once one fails, those behind it are not waited for.

    They are built nonetheless where they may mend what the first one fails with.
    """
    builds: list[_Build] = []
    seconds = renderer.seconds
    end = time.monotonic() + seconds
    try:
        builds.extend(_Build.started(renderer, folder, home) for folder in folders)
        _watch(builds, end)
    except OSError as error:
        return [BuildOutput(unmade=f"{renderer.name} cannot be run ({type(error).__name__})")]
    finally:
        for build in builds:
            build.end()
    # One that prints too much has ended the other.
    loud = [build for build in builds if build.is_excessive]
    found = [build.result(renderer, seconds) for build in loud or builds]
    if len(found) > 1 and may_be_mended(found[0].failure):
        return [found[0], *build_both(renderer, folders[1:], home)]
    return found


@dataclass(slots=True)
class _Build:
    """One build under way; all that it starts is ended with it."""

    process: subprocess.Popen[bytes]
    folder: Path
    home: Path
    """The folder of the render, in which it may read everything."""
    output: bytearray = field(default_factory=bytearray)
    message: bytearray = field(default_factory=bytearray)
    status: int | None = None
    is_confined: bool = False
    is_exhausted: bool = False
    """Whether it ended for want of memory."""

    @classmethod
    def started(cls, renderer: Renderer, folder: Path, home: Path) -> _Build:
        """Start a build in a session of its own, confined to its files where the system can."""

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(  # noqa: S603 - the caller's program, given one folder of ours
                renderer.command(folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=renderer.surroundings(home),
                cwd=home,
                start_new_session=True,
            )

        programs = renderer.confined_to
        process, is_confined = (
            sandbox.started(start, home, programs) if programs else (start(), False)
        )
        _LOG.debug("%s runs %s sandbox", renderer.name, "in its" if is_confined else "without a")
        limit(process.pid, renderer.memory)
        return cls(process, folder, home.resolve(), is_confined=is_confined)

    @property
    def is_excessive(self) -> bool:
        """Whether it printed more than is read."""
        return len(self.output) > _OUTPUT

    def take(self, data: bytes, *, is_output: bool) -> None:
        """Keep what was printed; of messages the last part."""
        if is_output:
            self.output += data
            return
        self.message += data
        self.is_exhausted = self.is_exhausted or _EXHAUSTED.search(self.message) is not None
        del self.message[:-_MESSAGE]

    def end(self) -> None:
        """End the program, if it still runs, and all that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def result(self, renderer: Renderer, seconds: float) -> BuildOutput:
        """Return what came of it."""
        if self.is_excessive:
            return BuildOutput(unmade=f"{renderer.name} printed more than {_OUTPUT >> 20} MB")
        if self.status is None:
            return BuildOutput(unmade=f"{renderer.name} was not done within {seconds:.0f} s")
        if self.status < 0:
            return BuildOutput(unmade=f"{renderer.name} was ended by signal {-self.status}")
        if self.status and self.is_exhausted:
            return BuildOutput(
                unmade=f"{renderer.name} needs more than {renderer.memory >> 20} MB of memory"
            )
        if self.status:
            message = redacted_message(bytes(self.message).decode("utf-8", "replace"))
            if self.is_confined and (use := denied_use(message, self.home)):
                return BuildOutput(unmade=f"{renderer.name} would {_said(use, self.folder)}")
            return BuildOutput(failure=_said(message, self.folder) or f"status {self.status}")
        return BuildOutput(bytes(self.output).decode("utf-8", "replace"))


def _watch(builds: Sequence[_Build], end: float) -> None:
    """Read what builds print until all are done, one fails or prints too much, or time is up."""
    with selectors.DefaultSelector() as selector:
        for build in builds:
            for stream in (build.process.stdout, build.process.stderr):
                assert stream is not None
                selector.register(stream, selectors.EVENT_READ, build)
        while selector.get_map():
            events = selector.select(max(0.0, end - time.monotonic()))
            if not events:
                return
            for key, _ in events:
                build = key.data
                data = os.read(key.fd, 1 << 16)
                build.take(data, is_output=key.fileobj is build.process.stdout)
                if not data:
                    selector.unregister(key.fileobj)
                    open_ones = {id(one.data) for one in selector.get_map().values()}
                    if id(build) not in open_ones and _is_over(build, end) and build is builds[0]:
                        return
                if build.is_excessive:
                    return


def _is_over(build: _Build, end: float) -> bool:
    """Take the status of a build that prints no more; say whether it failed."""
    with suppress(subprocess.TimeoutExpired):
        build.status = build.process.wait(max(0.0, end - time.monotonic()))
    return build.status != 0


def denied_use(message: str, home: Path) -> str | None:
    """Return what the sandbox denied a build, and why; None where its message tells of no such thing.

    Whatever is said of a file in the render's own folder, the sandbox has not denied that.
    """
    error = _ERROR.search(message)
    for found in _DENIED.finditer(message, error.end() if error else 0):
        kind, what = found[1].split()[0], found[2]
        if kind == "fork/exec":
            return f"run {what}, and a build is given no program but its own"
        if kind == "dial":
            return f"connect to {what}, and a build is given no network"
        path = Path(what)
        if path.is_absolute() and not path.resolve().is_relative_to(home):
            return f"read {what}, and a build is given the repository's files alone"
    return None


def _said(message: str, folder: Path) -> str:
    """Return a program's error as one line; of a long one its end, where the cause stands."""
    found = _ERROR.search(message)
    text = " ".join(message[found.end() if found else 0 :].split())
    if found:
        text = "Error: " + (text.strip('<>" ') if found[0].endswith("err=") else text)
    for root in (folder, *folder.parents):
        if root.name.startswith(RENDER):
            break
        text = text.replace(f"{root}/", "").replace(str(root), ".")
    return text if len(text) <= _SAID else "…" + text[-_SAID:]
