"""A machine that lacks what a run needs: it says so in our words, or manages, and the rerun is right."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.matrices import fault
from tests.matrices.deliveries import DELIVERIES, World
from tests.matrices.table import Row, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MIB = 1 << 20
_TOO_OLD = "#!/bin/sh\necho git version 2.20.1\n"
# The folder in which the package of an old git is unpacked: the oldest that is promised to do.
_OLD_GIT = os.environ.get("PROMOTER_TEST_OLD_GIT", "")
_OLD = '#!/bin/sh\nexport GIT_EXEC_PATH={0}/usr/lib/git-core\nexec {0}/usr/bin/git "$@"\n'
_YEAR = 31_557_600.0


@dataclass(frozen=True)
class Condition:
    """What is the matter with the machine, and which ends are right."""

    name: str
    codes: tuple[int, ...] = (0,)
    env: Mapping[str, str] = field(default_factory=dict)
    first: Callable[[], object] | None = None
    words: tuple[str, ...] = ()
    """More words of the command line."""
    shell: str = ""
    """A line of the shell that becomes the command `"$@"`."""


def _limited(kind: int, most: int) -> Callable[[], object]:
    return partial(resource.setrlimit, kind, (most, most))


def _small_files() -> None:
    """Have no file grow beyond 512 bytes, for which Python would leave its compiled files cut."""
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))


def _clock(years: int) -> None:
    """Have this process take another time for the present; the disk's and git's stay."""
    ours = time.time
    time.time = lambda: ours() + years * _YEAR


def conditions(home: Path) -> tuple[Condition, ...]:
    """Return all conditions; what they need is made in a folder."""
    too_old = _program(home / "too-old", "git", _TOO_OLD)
    (home / "none").mkdir()
    (home / "small").mkdir()
    return (
        Condition("git is missing", (2,), {"PATH": str(home / "none")}),
        Condition("git 2.20", (2,), {"PATH": too_old}),
        Condition("the temporary folder is not there", (0, 2, 5), {"TMPDIR": str(home / "gone")}),
        Condition("the temporary folder is read-only", (0, 2, 5), {"TMPDIR": "/proc"}),
        Condition("files of 512 bytes at most", (0, 2, 5), first=_small_files),
        Condition("16 open files", (0, 2, 5), first=_limited(resource.RLIMIT_NOFILE, 16)),
        Condition("28 open files", (0, 2, 5), first=_limited(resource.RLIMIT_NOFILE, 28)),
        Condition("little memory", (0, 2, 5), first=_limited(resource.RLIMIT_AS, 260 * _MIB)),
        Condition("umask 777", (0, 2, 5), first=partial(os.umask, 0o777)),
        Condition("umask 0", first=partial(os.umask, 0)),
        Condition("a locale that is not there", env={"LC_ALL": "tr_TR.UTF-8", "LANG": "xx_XX"}),
        Condition("locale C", env={"LC_ALL": "C"}),
        Condition("no home", env={"HOME": str(home / "gone")}),
        Condition("a time zone that is not there", env={"TZ": "Mars/Olympus"}),
        Condition("a time zone far away", env={"TZ": "XXX-14"}),
        Condition("a cache that cannot be written", words=("--cache", "/proc/none")),
        Condition("no stdin", shell='exec "$@" <&-'),
        Condition("no stdout", shell='exec "$@" >&-'),
        Condition("no stderr", shell='exec "$@" 2>&-'),
        Condition("no stream", shell='exec "$@" <&- >&- 2>&-'),
        Condition("a full stdout", (5,), shell='exec "$@" >/dev/full'),
        Condition("a clock behind by 40 years", first=partial(_clock, -40)),
        Condition("a clock ahead by 70 years", first=partial(_clock, 70)),
    )


def _of_disks(full: Path, small: Path) -> tuple[Condition, ...]:
    """Return the conditions of disks without space, and with little."""
    return (
        Condition("a full disk for temporary files", (0, 2, 5), {"TMPDIR": str(full)}),
        Condition("128 KiB for temporary files", (0, 2, 5), {"TMPDIR": str(small)}),
        Condition("a full disk under the cache", words=("--cache", str(full))),
        Condition("8 KiB under the cache", words=("--cache", str(small / "cache"))),
    )


@contextmanager
def _disk(folder: Path, size: int) -> Iterator[Path | None]:
    """Have a disk of some KiB, which is full where it is 0; None where nothing may be mounted."""
    folder.mkdir(parents=True)
    option = f"size={size or 64}k"
    command = ["mount", "-t", "tmpfs", "-o", option, "tmpfs", str(folder)]
    if (
        not shutil.which("mount")
        or subprocess.run(command, capture_output=True, check=False).returncode
    ):
        yield None
        return
    try:
        if not size:
            with suppress(OSError), (folder / "full").open("wb", buffering=0) as file:
                while file.write(bytes(4096)):
                    """Until nothing is left."""
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _program(folder: Path, name: str, text: str) -> str:
    """Write a program, and return the PATH on which it is found first."""
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for git over HTTP and one for a folder, and one for the oldest git."""
    every = conditions(home / "machine")
    with _disk(home / "full", 0) as full, _disk(home / "little", 128) as little:
        if full and little:
            every += _of_disks(full, little)
        for number, name in enumerate(("pull by git, renewed", "folder: pull renewed")):
            delivery = next(one for one in DELIVERIES if one.name == name)
            row = Row("fault", f"the machine, {name}")
            row.note = "" if full else "without disks: nothing may be mounted"
            with World(home / f"machine-{number}", delivery) as world:
                world.restore()
                assert world.start().end().code == 0
                wanted = world.state()
                for one in some(every, 3 if short else None, number):
                    row.runs += 2
                    row.check(every[one].name, *_under(every[one], world, wanted))
            yield row
    if _OLD_GIT:
        yield _old_git(home / "old-git", short=short)


def _old_git(home: Path, *, short: bool) -> Row:
    """Let every delivery be done by an old git."""
    path = _program(home, "git", _OLD.format(_OLD_GIT))
    said = subprocess.run([home / "git", "--version"], capture_output=True, text=True, check=True)
    row = Row("fault", said.stdout.strip(), note="" if short else "every delivery")
    for number in some(DELIVERIES, 1 if short else None):
        with World(home / str(number), DELIVERIES[number]) as world:
            world.restore()
            assert world.start().end().code == 0
            wanted = world.state()
            condition = Condition(DELIVERIES[number].name, env={"PATH": path})
            row.runs += 3
            row.check(condition.name, *_under(condition, world, wanted))
    return row


def _under(condition: Condition, world: World, wanted: dict[str, object]) -> list[str]:
    world.restore()
    if condition.shell:
        done = world.run_by_shell(condition.shell, *condition.words, env=condition.env)
    else:
        env, first = condition.env, condition.first
        done = world.start(*condition.words, env=env, first=first).end()
    wrong = fault.judged(done)
    if done.code not in condition.codes:
        wrong.append(f"exits {done.code} and not {condition.codes}: {done.stderr[-500:]}")
    world.age()
    again = world.start().end()
    if again.code != 0:
        wrong.append(f"the rerun exits {again.code}: {again.stderr}")
    return wrong + fault.differences(world.state(), wanted) + world.wrong()
