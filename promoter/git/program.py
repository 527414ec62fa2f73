"""The git program, run in isolation (`isolation.py`) and within a deadline."""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import git
from git.exc import GitCommandError, GitCommandNotFound

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RemoteError, UsageError
from promoter.domain.redaction import redacted_message
from promoter.git.failures import DAMAGED, git_error
from promoter.git.isolation import isolated, parameters
from promoter.system.deadline import Deadline
from promoter.system.limits import FILE_LIMIT, TooMuchOutputError, limit, read_output, too_large

if TYPE_CHECKING:
    Process: TypeAlias = git.Git.AutoInterrupt | subprocess.Popen[bytes]

_LOG = logging.getLogger(__name__)
MINIMUM_VERSION = (2, 30)
# The first version that takes settings from GIT_CONFIG_COUNT and its like.
_COUNTS_SETTINGS = (2, 31)
# Seconds until git has ended after it was told to.
_ENDING = 1.0


@dataclass(frozen=True, slots=True)
class GitResult:
    """What one git command answered."""

    status: int
    stdout: bytes
    stderr: str
    authorized: bool = False
    """Whether git had a token to send."""


class Git:
    """The git program, bound to one git directory, a deadline and what it may send where."""

    def __init__(
        self,
        directory: Path,
        deadline: Deadline,
        *,
        configuration: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory
        self.deadline = deadline
        self.is_near = False
        """Whether its remote is a folder, of which nothing fails that passes by itself."""
        self._began: dict[int, tuple[float, tuple[str, ...]]] = {}
        self.program = git.Git(str(directory))
        self._running: set[Process] = set()
        self._adopted: tuple[tuple[str, ...], Process] | None = None
        self.configuration = dict(configuration or {})
        """Git's settings for the remote, beside those of every repository here."""
        self._is_configured = self._is_closed = False
        self._authorized = any(key.endswith(".extraHeader") for key in configuration or ())
        self.program.update_environment(
            GIT_DIR=str(directory),
            **isolated(self.configuration),
        )

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> str:
        """Run a git command and return what it printed, or raise `RemoteError` with git's reason."""
        result = self.attempt(*arguments, stdin=stdin)
        if result.status != 0:
            raise git_error(verb_of(arguments), result)
        return result.stdout.decode("utf-8", "replace").rstrip("\n")

    def attempt(self, *arguments: str, stdin: bytes | None = None) -> GitResult:
        """Run a git command and return its answer whatever its status; the deadline ends it."""
        process = self._begun_with(arguments) or self.start(*arguments, talking=stdin is not None)
        return self.finish(process, verb_of(arguments), stdin)

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Limit what is run meanwhile to so many seconds: the run can do without it."""
        whole = self.deadline
        self.deadline = Deadline(min(seconds, whole.remaining()))
        try:
            yield
        finally:
            self.deadline = whole

    def start(self, *arguments: str, talking: bool = True) -> git.Git.AutoInterrupt:
        """Start a git command, which is sent more if `talking`; `finish` ends it."""
        self._configure()
        try:
            process = self.program.execute(
                [self.program.GIT_PYTHON_GIT_EXECUTABLE, *arguments],
                istream=subprocess.PIPE if talking else None,
                as_process=True,
                start_new_session=True,
            )
        except (GitCommandNotFound, OSError) as error:
            raise _not_started(self.program, error) from error
        if self._is_closed:
            _end(process)
            raise RemoteError("git was ended with the run", "Run it again.")
        limit(process.pid)
        self._began[process.pid] = time.monotonic(), arguments
        self._running.add(process)
        return process

    def adopt(self, process: Process, arguments: tuple[str, ...]) -> None:
        """Take a process that was started before for the next command, if it is the same command."""
        self._adopted = arguments, process
        self._began[process.pid] = time.monotonic(), arguments
        self._running.add(process)

    def _begun_with(self, arguments: tuple[str, ...]) -> Process | None:
        """Return the process that was adopted; one of another command is ended instead."""
        adopted, self._adopted = self._adopted, None
        if adopted is None or adopted[0] == arguments:
            return adopted[1] if adopted else None
        self._running.discard(adopted[1])
        _end(adopted[1])
        with suppress(subprocess.TimeoutExpired):  # it writes into the same folder
            adopted[1].communicate(timeout=_ENDING)
        return None

    def _configure(self) -> None:
        """Hand git its settings in the way that its version knows."""
        if not self._is_configured:
            if version_of(self) < _COUNTS_SETTINGS:
                self.program.update_environment(**parameters(self.configuration))
            self._is_configured = True

    def finish(self, process: Process, verb: str, stdin: bytes | None = None) -> GitResult:
        """Return the answer of a git command, told no more than `stdin`; the deadline ends it."""
        try:
            # GitPython's own `wait` would raise for a status.
            plain = process if isinstance(process, subprocess.Popen) else process.proc
            assert plain is not None
            out, err = read_output(plain, stdin, self.deadline.remaining() or 0.001)
        except subprocess.TimeoutExpired as error:
            _end(process)
            raise RemoteError(
                f"git {verb} had no answer within the run's {self.deadline.seconds:g} s",
                "Check the network, or give more time with --timeout.",
            ) from error
        except TooMuchOutputError as error:
            _end(process)
            raise RemoteError(
                f"git {verb} printed more than any repository makes it print",
                "Check what answers at the URL, and what its commits say.",
            ) from error
        except BaseException:
            _end(process)
            raise
        finally:
            self._running.discard(process)
        self._log(process)
        # What a server says stands there, and it may echo what it was sent.
        said = redacted_message(err.decode("utf-8", "replace"))
        return GitResult(process.returncode, out, said, self._authorized)

    def _log(self, process: Process) -> None:
        begin, arguments = self._began.pop(process.pid)
        if _LOG.isEnabledFor(logging.DEBUG):
            ended = f", exit {process.returncode}" if process.returncode else ""
            if arguments[0] == "config" and process.returncode == 1:
                ended = ", not set"
            command, seconds = shlex.join(arguments)[:300], time.monotonic() - begin
            _LOG.debug("+ git %s (%.2f s%s)", command, seconds, ended)

    def data(self, oid: str) -> bytes:
        """Return the bytes of an object, or raise `RemoteError` in git's own words.

        Raises `RefusedError` for one of more bytes than `FILE_LIMIT`, without holding them.
        """
        found = self.find_data(oid)
        if found is None:
            raise self._unreadable(oid)
        return found

    def find_data(self, oid: str) -> bytes | None:
        """Return what `data` does, or None where git says that there is no such object.

        Git says so of some that are damaged, too.
        """
        try:
            _, kind, size, stream = self.program.stream_object_data(oid)
        except BrokenPipeError as error:
            raise self._unreadable(oid) from error
        except ValueError as error:
            if "missing" in str(error):
                return None
            raise self._unreadable(oid) from error
        if size > FILE_LIMIT:
            while stream.read(1 << 20):
                """Pass over it piece by piece: the program goes on with the next object."""
            raise too_large(oid, size)
        data = bytes(stream.read(size))
        # GitPython declares a text, and gives the bytes that git printed.
        if object_id(cast("bytes", kind), data) != oid:
            # The stream would read on where there is nothing more.
            del stream
            raise self._unreadable(oid)
        return data

    def _unreadable(self, oid: str) -> RemoteError:
        """Return why git did not give an object; the program that was asked may be gone."""
        self.program.clear_cache()
        said = self.attempt("cat-file", "-p", oid)
        if said.status != 0:
            return git_error("cat-file", said)
        reason = f"git cat-file failed: the content of object {oid} does not match its id"
        return RemoteError(reason, DAMAGED)

    def close(self) -> None:
        """End the processes that were kept for reading objects, and what another thread has started.

        None is started any more.
        """
        self._is_closed = True
        for process in tuple(self._running):
            _end(process)
        self.program.clear_cache()


def object_id(kind: bytes, data: bytes) -> str:
    """Return the id that git gives an object, which proves its bytes."""
    return sha1(b"%b %d\0%b" % (kind, len(data), data), usedforsecurity=False).hexdigest()


def verb_of(arguments: Sequence[str]) -> str:
    """Return the word that says what git shall do, before which settings (`-c …`) may stand."""
    words = iter(arguments)
    for word in words:
        if word == "-c":
            next(words)
        elif not word.startswith("-"):
            return word
    return ""


def _not_started(program: git.Git, error: Exception) -> PromoteError:
    """Return the error where git did not start: there is none, or the machine had no room for it."""
    if shutil.which(str(program.GIT_PYTHON_GIT_EXECUTABLE)) is None:
        return UsageError("the git program is not on PATH", "Install git 2.30 or newer.")
    cause = error.__cause__ if isinstance(error, GitCommandNotFound) else error
    reason = getattr(cause, "strerror", None) or "it is not known why"
    return RemoteError(f"git could not be started: {reason}", "Run again.")


def _end(process: Process) -> None:
    """End git with the helpers that it started, such as the one that speaks HTTP."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)


# The version of each git program that was asked for it, by its path: a process asks once.
_VERSIONS: dict[str, tuple[int, ...]] = {}


def check_version(program: Git) -> None:
    """Raise `UsageError` where the git program does not start, or is older than 2.30."""
    found = version_of(program)
    if found < MINIMUM_VERSION:
        raise UsageError(
            f"git {'.'.join(map(str, found))} is too old", "Install git 2.30 or newer."
        )


def version_of(program: Git) -> tuple[int, ...]:
    """Return the git program's version, which is asked for once; `UsageError` where it does not start."""
    name = str(program.program.GIT_PYTHON_GIT_EXECUTABLE)
    path = shutil.which(name) or name
    try:
        found = _VERSIONS.get(path) or tuple(program.program.version_info[:2])
    except (GitCommandNotFound, OSError) as error:
        raise _not_started(program.program, error) from error
    except GitCommandError as error:
        # Git reads its configuration when it starts.
        said = str(error.stderr).strip().removeprefix("stderr: ").strip("'")
        raise UsageError(
            f"git does not start: {redacted_message(said)[:300] or f'it ended with {error.status}'}",
            "Fix git's configuration, or install git again.",
        ) from None
    _VERSIONS[path] = found
    return found
