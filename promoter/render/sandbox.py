"""A program confined to one folder, where the Linux kernel has Landlock.

Whatever it is asked to do, it reads and writes files below its folder alone, runs no other program
than those that are named, with the libraries of the system, connects by TCP to nothing, and signals
nobody outside. What it starts is confined as it is.

Landlock binds a thread and what that thread starts, so a thread of its own starts the program.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promoter.system.threads import in_background

if TYPE_CHECKING:
    import ctypes
    import subprocess

# The system calls, which have these numbers on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION, _BENEATH_PATH = 1, 1
_NO_NEW_PRIVILEGES = 38
# Rights to files, as bits.
_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _DEVICE = 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _DEVICE
# How many of them a kernel knows, by the version of its Landlock; later ones know more.
_KNOWN = {1: 13, 2: 14, 3: 15, 4: 15}
_KNOWN_LATER = 16
_TCP, _TCP_SINCE = 0b11, 4
_OUTSIDE, _OUTSIDE_SINCE = 0b11, 6
# What a dynamically linked program needs to start.
_LIBRARIES = (
    "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/local/lib",
    "/nix/store", "/gnu/store", "/etc/ld.so.cache", "/etc/ld.so.preload",
)  # fmt: skip
_EXECUTABLE = b"\x7fELF"


def started(
    start: Callable[[], subprocess.Popen[bytes]], folder: Path, programs: Sequence[str]
) -> tuple[subprocess.Popen[bytes], bool]:
    """Return the process that `start` starts, and whether it is confined to the folder and programs.

    It is not where the kernel has no Landlock or a filter forbids it, and where a program is a
    script or needs another one to start, for nobody knows what that reads. Raises what `start` does,
    and `OSError` where no thread can be started.
    """
    if sys.platform != "linux" or not all(map(_is_executable, programs)):
        return start(), False
    answer: Future[tuple[subprocess.Popen[bytes], bool]] = Future()

    def confined() -> tuple[subprocess.Popen[bytes], bool]:
        is_confined = _confine_thread(folder, programs)
        return start(), is_confined

    try:
        return in_background(confined, answer).result()
    except PermissionError:
        # It cannot start there, and has read nothing yet.
        return start(), False
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, str(error)) from error
    except BaseException:
        # A signal ends the wait, at any moment: nobody takes what is started then.
        answer.add_done_callback(_kill)
        raise


def _kill(answer: Future[tuple[subprocess.Popen[bytes], bool]]) -> None:
    """End the program that was started, if it was."""
    if answer.exception() is None:
        answer.result()[0].kill()


def _is_executable(program: str) -> bool:
    """Return whether a program is machine code; what a script reads is not known."""
    try:
        with open(program, "rb") as file:  # noqa: PTH123 - a path would be made for four bytes
            return file.read(len(_EXECUTABLE)) == _EXECUTABLE
    except OSError:
        return False


def _confine_thread(folder: Path, programs: Sequence[str]) -> bool:
    """Confine the calling thread and all that it starts from now on; False where that cannot be."""
    try:
        version = _call(_CREATE_RULESET, None, 0, _VERSION)
        known = (1 << _KNOWN.get(version, _KNOWN_LATER)) - 1
        tcp = _TCP if version >= _TCP_SINCE else 0
        outside = _OUTSIDE if version >= _OUTSIDE_SINCE else 0
        # Older kernels take what they do not know as long as it is 0.
        handled = struct.pack("=QQQ", known, tcp, outside)
        ruleset = _call(_CREATE_RULESET, handled, len(handled), 0)
        try:
            for path, rights in _allowed(folder, programs):
                _allow(ruleset, path, rights & known)
            if _libc().prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
                return False
            _call(_RESTRICT_SELF, ruleset, 0)
        finally:
            os.close(ruleset)
    except (OSError, ImportError):  # not every Python has ctypes
        return False
    return True


def _allowed(folder: Path, programs: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield what may be used, with the rights to it and all below it."""
    yield str(folder), ~_EXECUTE
    yield os.devnull, _READ | _WRITE
    for path in (*programs, *_LIBRARIES):
        yield path, _READ | _LIST | _EXECUTE


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Add rights to a ruleset; what is not there needs none."""
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _OF_FILES
        _call(_ADD_RULE, ruleset, _BENEATH_PATH, struct.pack("=Qi", rights, place), 0)
    finally:
        os.close(place)


def _call(*arguments: bytes | int | None) -> int:
    """Make a system call, or raise `OSError`."""
    import ctypes  # It takes 2 ms, which only a render has to spend.

    given = (ctypes.c_long(one) if isinstance(one, int) else one for one in arguments)
    result: int = _libc().syscall(*given)
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


@cache
def _libc() -> Any:  # noqa: ANN401 - its functions are known by their names alone
    import ctypes

    libc: ctypes.CDLL = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc
