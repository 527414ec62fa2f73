"""A machine that lacks what a run needs: it says so in our words, or manages, and the rerun is right."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.matrices import fault
from tests.matrices.deliveries import DELIVERIES, World
from tests.matrices.table import Row, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_MIB = 1 << 20
_OLD_GIT = "#!/bin/sh\necho git version 2.20.1\n"


@dataclass(frozen=True)
class Condition:
    """What is the matter with the machine, and which ends are right."""

    name: str
    codes: tuple[int, ...] = (0,)
    env: Mapping[str, str] = field(default_factory=dict)
    first: Callable[[], object] | None = None


def _limited(kind: int, most: int) -> Callable[[], object]:
    return partial(resource.setrlimit, kind, (most, most))


def conditions(home: Path) -> tuple[Condition, ...]:
    """Return all conditions; what they need is made in a folder."""
    old = home / "old"
    old.mkdir(parents=True)
    (old / "git").write_text(_OLD_GIT)
    (old / "git").chmod(0o755)
    (home / "none").mkdir()
    return (
        Condition("git is missing", (2,), {"PATH": str(home / "none")}),
        Condition("git 2.20", (2,), {"PATH": f"{old}:{os.environ['PATH']}"}),
        Condition("the temporary folder is not there", (0, 2, 5), {"TMPDIR": str(home / "gone")}),
        Condition("the temporary folder is read-only", (0, 2, 5), {"TMPDIR": "/proc"}),
        Condition("no file may be written", (2, 5), first=_limited(resource.RLIMIT_FSIZE, 0)),
        Condition(
            "files of 512 bytes at most", (0, 2, 5), first=_limited(resource.RLIMIT_FSIZE, 512)
        ),
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
    )


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for git over HTTP and one for a folder."""
    every = conditions(home / "machine")
    for number, name in enumerate(("pull by git, renewed", "folder: pull renewed")):
        delivery = next(one for one in DELIVERIES if one.name == name)
        row = Row("fault", f"the machine, {name}")
        with World(home / f"machine-{number}", delivery) as world:
            world.restore()
            assert world.start().end().code == 0
            wanted = world.state()
            for one in some(every, 3 if short else None, number):
                row.runs += 2
                row.check(every[one].name, *_under(every[one], world, wanted))
        yield row


def _under(condition: Condition, world: World, wanted: dict[str, object]) -> list[str]:
    world.restore()
    done = world.start(env=condition.env, first=condition.first).end()
    wrong = fault.judged(done)
    if done.code not in condition.codes:
        wrong.append(f"exits {done.code} and not {condition.codes}: {done.stderr[-500:]}")
    world.age()
    again = world.start().end()
    if again.code != 0:
        wrong.append(f"the rerun exits {again.code}: {again.stderr}")
    return wrong + fault.differences(world.state(), wanted) + world.wrong()
