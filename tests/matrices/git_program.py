"""A git on PATH that stands before the real one: each process of it is a point."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path

# The command is the parent of each git that it starts; what git starts itself is not asked here.
_SCRIPT = """#!/bin/sh
printf x >>{home}/count
printf '%s\\n' "$(printf '%s' "$*" | tr '\\n' ' ')" >>{home}/log
n=$(wc -c <{home}/count)
at= moment= signal=
[ -f {home}/act ] && read -r at moment signal <{home}/act
if [ "$((n))" = "$at" ] && [ "$moment" = before ]; then
    kill -"$signal" "$PPID"
    exit 1
fi
if [ "$((n))" = "$at" ]; then
    {git} "$@"
    code=$?
    kill -"$signal" "$PPID"
    exit "$code"
fi
exec {git} "$@"
"""
_OPTIONS_WITH_VALUE = ("-c", "-C", "--git-dir")


class GitProgram:
    """The git that runs see; `path` is what their PATH is to be."""

    def __init__(self, home: Path) -> None:
        self._home = home
        home.mkdir()
        program = home / "git"
        real = shlex.quote(str(shutil.which("git")))
        program.write_text(_SCRIPT.format(home=shlex.quote(str(home)), git=real))
        program.chmod(0o755)
        self.path = f"{home}:{os.environ['PATH']}"

    def begin(self, at: int | None = None, moment: str = "before", signal: str = "KILL") -> None:
        """Count from the beginning; at a process of this number, send the command a signal."""
        for name in ("count", "log", "act"):
            (self._home / name).unlink(missing_ok=True)
        if at is not None:
            (self._home / "act").write_text(f"{at + 1} {moment} {signal}\n")

    def log(self) -> str:
        """Return the arguments of all processes, one a line."""
        log = self._home / "log"
        return log.read_text(errors="replace") if log.exists() else ""

    def reached(self) -> list[str]:
        """Return what each process was for, in order."""
        return [f"git process: {_verb(line.split())}" for line in self.log().splitlines()]


def _verb(words: list[str]) -> str:
    """Return git's own word of a command line."""
    while words and words[0].startswith("-"):
        words = words[2:] if words[0] in _OPTIONS_WITH_VALUE else words[1:]
    return words[0] if words else "version"
