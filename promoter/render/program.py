"""The program that renders, run on content that is not trusted: bounded, and kept from the network."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.redaction import redacted
from promoter.limits import limit
from promoter.temporary import RENDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_TIME = 30.0
_OUTPUT = 48 * 1024 * 1024
# What a build may hold in memory: 100 times what the manifests of a large app take as text.
_MEMORY = 768 * 1024 * 1024
# How a program of Go ends for want of memory; a new thread needs some as well.
_EXHAUSTED = re.compile(
    rb"^(?:fatal error: (?:runtime: )?(?:out of memory|cannot allocate|newosproc)"
    rb"|runtime/cgo: pthread_create failed|runtime: failed to create new OS thread)",
    re.MULTILINE,
)
_MESSAGE = 64 * 1024
_SAID = 600
_NETWORK, _HELM, _EXEC = "network", "helm", "exec"
# What a build may take from the caller's environment, where it may use the network.
_ROUTES = (
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOWHERE = "http://127.0.0.1:9"
# Warnings come first; kustomize's error begins so, and kubectl's so or as a line of its log.
_ERROR = re.compile(r"^(?:error: *|E\d{4} .*?\berr=)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Renderer:
    """The program that renders, and what the caller lets it use."""

    program: str
    allowed: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    remaining: Callable[[], float] = lambda: 2 * _TIME
    """The seconds that the run has left; a build takes no more than half of them."""

    reads_outside: bool = False
    """Whether a kustomization may name files outside of its folder, as Flux lets it."""

    @property
    def name(self) -> str:
        """The program's name, for messages."""
        return Path(self.program).name

    @property
    def is_kubectl(self) -> bool:
        """Whether it is kubectl, which renders too but runs no programs."""
        return self.name.startswith("kubectl")

    @property
    def access(self) -> frozenset[str]:
        """What a build may use beside files."""
        return self.allowed - {_EXEC} if self.is_kubectl else self.allowed

    def command(self, folder: Path) -> list[str]:
        """Return the command that renders a folder."""
        command = [self.program, "kustomize" if self.is_kubectl else "build", str(folder)]
        if self.reads_outside:
            command += ["--load-restrictor", "LoadRestrictionsNone"]
        if _HELM in self.access:
            command.append("--enable-helm")
        if _EXEC in self.access:
            command += ["--enable-alpha-plugins", "--enable-exec"]
        return command

    def surroundings(self, home: Path) -> dict[str, str]:
        """Return the environment of a build: its own, with a way out only where one is allowed."""
        path = self.environment.get("PATH", os.defpath) if self.access else os.defpath
        own = {"PATH": path, "HOME": str(home), "TMPDIR": str(home), "GIT_TERMINAL_PROMPT": "0"}
        # Go collects its garbage in time, so that only what is in use meets the limit.
        own["GOMEMLIMIT"] = str(_MEMORY * 3 // 4)
        # A build is over before collecting it often would pay: this takes a fifth of its time off.
        own["GOGC"] = "400"
        if _NETWORK in self.access:
            ways = {key: self.environment[key] for key in _ROUTES if key in self.environment}
            # No repository of this machine is the network's.
            return own | ways | {"GIT_ALLOW_PROTOCOL": "git:http:https:ssh"}
        return own | dict.fromkeys(_PROXIES, _NOWHERE) | {"GIT_ALLOW_PROTOCOL": "none"}


@dataclass(frozen=True, slots=True)
class BuildOutput:
    """What one build printed, or why it failed, or why there is no telling."""

    text: str = ""
    failure: str = ""
    """The program's own message."""
    unmade: str = ""
    """Why it says nothing: it did not start, did not end, or printed too much."""


def find(
    given: str | None,
    allowed: Iterable[str],
    environment: Mapping[str, str],
    remaining: Callable[[], float],
) -> Renderer | None:
    """Return the renderer that the caller names, else the first on PATH, None without one.

    Raises `UsageError` where the one that is named is not there.
    """
    found = next(
        filter(None, map(shutil.which, (given,) if given else ("kustomize", "kubectl"))), None
    )
    if found:
        return Renderer(found, frozenset(allowed), environment, remaining)
    if given:
        raise UsageError(
            f"PROMOTER_RENDERER {given} is not a program", "Give the path of kustomize or kubectl."
        )
    return None


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
    seconds = min(_TIME, renderer.remaining() / 2)
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
    output: bytearray = field(default_factory=bytearray)
    message: bytearray = field(default_factory=bytearray)
    status: int | None = None
    is_exhausted: bool = False
    """Whether it ended for want of memory."""

    @classmethod
    def started(cls, renderer: Renderer, folder: Path, home: Path) -> _Build:
        """Start a build in a session of its own."""
        process = subprocess.Popen(  # noqa: S603 - the caller's program, given one folder of ours
            renderer.command(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=renderer.surroundings(home),
            cwd=home,
            start_new_session=True,
        )
        limit(process.pid, _MEMORY)
        return cls(process, folder)

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
                unmade=f"{renderer.name} needs more than {_MEMORY >> 20} MB of memory"
            )
        if self.status:
            said = redacted(bytes(self.message).decode("utf-8", "replace"))
            return BuildOutput(failure=_said(said, self.folder) or f"status {self.status}")
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
