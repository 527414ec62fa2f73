"""The first fetch of a run: what it asks for, and one that is begun before the settings are read.

Git takes as long to a remote and back as the run's libraries to be imported. Hardly anything is
imported here, so that it can begin at once; `promoter.git.clone` ends it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from promoter.domain.branch_name import BRANCH_PREFIX, HOLD_BRANCH_PREFIX
from promoter.domain.dataclass import dataclass
from promoter.git.bare import write_repository
from promoter.git.isolation import FETCH, REMOTE, isolated, parameters
from promoter.system.environment import child_environment
from promoter.system.limits import limit
from promoter.system.temporary import clone_folder

BRANCHES = "refs/heads/promote*"
"""The branches of promotions and of holds, which the remote lists."""
LOOK_DEPTH = 2
"""So many commits come: a branch's tip, and the commit that it was made on."""
HISTORY_DEPTH = 200
"""So many come where the history of files is read for certain."""
RECENT_DEPTH = 500
"""So many come where only the newest versions of many files are read."""
# What so many apps need is fetched before it is asked for; a run over more reads it by levels.
_PREFETCH_LIMIT = 16
# Seconds until git has ended after it was told to.
_ENDING = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class FirstFetch:
    """A fetch into an empty clone, under way."""

    url: str
    settings: Mapping[str, str] = field(repr=False)
    """Git's settings for the remote: what is sent there, and who is trusted."""
    home: Path
    """The temporary folder that holds the clone."""
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """End git and remove the clone, whether or not a run has used it."""
        if self in _begun:
            _begun.remove(self)
        if self.process.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGTERM)
            # It would write into the folder again while that is removed.
            with suppress(subprocess.TimeoutExpired):
                self.process.communicate(timeout=_ENDING)
        shutil.rmtree(self.home, ignore_errors=True)


def prefetched(apps: Iterable[str]) -> tuple[str, ...]:
    """Return the apps whose branches and files come with the first fetch; none where they are many."""
    found = frozenset(apps)
    return tuple(sorted(found)) if len(found) <= _PREFETCH_LIMIT else ()


def likely_refs(apps: Iterable[str]) -> tuple[str, ...]:
    """Return the refs that the promotions and holds of apps usually have, as patterns."""
    prefixes = (BRANCH_PREFIX, HOLD_BRANCH_PREFIX)
    return tuple(f"refs/heads/{prefix}*/{app}" for app in apps for prefix in prefixes)


def proposed_refs(refs: Mapping[str, str]) -> dict[str, str]:
    """Return the refs of promotions and holds among others, with their commits."""
    prefixes = (f"refs/heads/{BRANCH_PREFIX}", f"refs/heads/{HOLD_BRANCH_PREFIX}")
    return {ref: tip for ref, tip in refs.items() if ref.startswith(prefixes)}


def base_ref(base: str | None) -> str:
    """Return the ref that a base branch is asked for by; None is the default one."""
    return f"refs/heads/{base}" if base else "HEAD"


def fetch_arguments(
    base: str | None, pattern: str, likely: Iterable[str], *, depth: int = LOOK_DEPTH
) -> tuple[str, ...]:
    """Return the command that fetches the base branch (None: the default one) and likely refs.

    Of each, so many commits come. The remote lists all refs of the pattern as well.
    """
    # No app is called `-`: the server lists all that is in the pattern, and none is fetched.
    fetched = (base_ref(base), *likely, f"{pattern}/-")
    specs = (f"+{ref}:refs/promoter/{ref.removeprefix('refs/')}" for ref in fetched)
    cut = (f"--depth={depth}", "--filter=blob:none")
    return ("fetch", *cut, *FETCH, REMOTE, *specs)


def fetched_tips(
    refs: Mapping[str, str], base: str | None, likely: Iterable[str]
) -> tuple[str, ...]:
    """Return the commits that the command has fetched, of the refs that the remote has listed."""
    wanted = [one.partition("*") for one in (base_ref(base), *likely)]
    return tuple(
        dict.fromkeys(
            tip
            for ref, tip in refs.items()
            for before, star, after in wanted
            if ref == before or (star and ref.startswith(before) and ref.endswith(after))
        )
    )


def trace_of(directory: Path) -> Path:
    """Return the file in a clone to which the first fetch writes what the remote lists."""
    return directory / "trace"


# At most one.
_begun: list[FirstFetch] = []


def begin_fetch(
    url: str,
    settings: Mapping[str, str],
    base: str | None,
    apps: Iterable[str],
    *,
    depth: int = LOOK_DEPTH,
) -> FirstFetch:
    """Begin the first fetch of a run, which the caller ends once the run is over.

    Raises `OSError` where there is no git or no room, and `UsageError` for a URL to which git 2.30
    cannot send a token.
    """
    home = clone_folder()
    directory = home / "clone.git"
    arguments = fetch_arguments(base, BRANCHES, likely_refs(prefetched(apps)), depth=depth)
    try:
        write_repository(directory, {"url": url})
        process = subprocess.Popen(  # noqa: S603 - git, its arguments are checked by the caller
            ["git", *arguments],  # noqa: S607 - found on PATH, as everywhere
            cwd=directory,
            env={
                **child_environment("git"),
                "LANGUAGE": "C",
                "LC_ALL": "C",
                "GIT_DIR": str(directory),
                "GIT_TRACE_PACKET": str(trace_of(directory)),
                **isolated(settings),
                # Which of the two git takes depends on its version, which is not known yet.
                **parameters(settings),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    limit(process.pid)
    begun = FirstFetch(url, settings, home, arguments, process)
    _begun[:] = [begun]
    return begun


def taken_fetch(url: str, settings: Mapping[str, str]) -> FirstFetch | None:
    """Return the fetch that was begun, one time, if it is of this URL with these settings."""
    begun = _begun.pop() if _begun else None
    if begun is None or (begun.url, begun.settings) == (url, settings):
        return begun
    begun.end()
    return None
