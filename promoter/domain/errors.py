"""Every way a run can end other than well, each with what happened, what to do, and an exit code.

PromoteError
├── UsageError        2  arguments, configuration, token or key malformed or missing
├── RefusedError      3  found, but refused: carries one or more refusals
├── SelectionError    4  zero or several where one is needed
│   └── NoPlaceError  4  a file lacks the place where a target looks for an image
├── RemoteError       5  git, forge or registry said no or failed; safe to run again
│   └── RaceLostError 5  somebody else wrote first; the loop observes and plans again
└── InterruptedRunError  130  SIGINT ended the run; it says what was and was not done
    └── TerminatedRunError 143  SIGTERM did
"""

from __future__ import annotations

from enum import IntEnum

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.refusal import Refusal


# A message may quote what somebody has given or answered, which may be of any length.
LONGEST_MESSAGE = 4_000


def bounded_message(text: str) -> str:
    """Return a text of at most `LONGEST_MESSAGE` characters: the middle of a longer one is left out."""
    if len(text) <= LONGEST_MESSAGE:
        return text
    end = LONGEST_MESSAGE // 4
    return f"{text[: LONGEST_MESSAGE - end - 3]} … {text[-end:]}"


class Exit(IntEnum):
    """The exit codes that scripts may rely on."""

    DONE = 0
    BUG = 1
    USAGE = 2
    REFUSED = 3
    SELECTION = 4
    REMOTE = 5
    PENDING = 10
    INTERRUPTED = 130
    TERMINATED = 143


class PromoteError(Exception):
    """A run that cannot go on: what happened, where, and what to do about it."""

    code: str = "error"
    exit: Exit = Exit.BUG

    def __init__(
        self,
        message: str,
        hint: str = "",
        *,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        message = bounded_message(message)
        super().__init__(message)
        self.message = message
        self.hint = bounded_message(hint)
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        """Return `file:line:column: message` with as much of the place as is known."""
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return f"{':'.join(place)}: {self.message}" if place else self.message


class UsageError(PromoteError):
    """Arguments, configuration, token or key are malformed or missing."""

    code = "usage"
    exit = Exit.USAGE


class RefusedError(PromoteError):
    """The work was found, and carrying it out would be wrong."""

    code = "refused"
    exit = Exit.REFUSED

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        first = refusals[0]
        super().__init__(
            first.reason, first.hint, file=first.file, line=first.line, column=first.column
        )
        self.refusals = tuple(refusals)


class SelectionError(PromoteError):
    """Zero or several were found where exactly one is needed."""

    code = "selection"
    exit = Exit.SELECTION


class NoPlaceError(SelectionError):
    """A file has no place where a target looks for an image."""


class RemoteError(PromoteError):
    """Git, the forge or the registry said no, or failed after retries; running again is safe."""

    code = "remote"
    exit = Exit.REMOTE


class NotFoundError(RemoteError):
    """A repository is not there, or not for this token: running again does not help."""

    code = "selection"
    exit = Exit.SELECTION


class RaceLostError(RemoteError):
    """Somebody else wrote first, so that all must be observed again; writes alone raise it."""

    code = "race"
    commit: str | None = None
    """The commit that the run had pushed before it lost, or that it may have pushed."""


class InterruptedRunError(PromoteError):
    """A signal ended the run; the message says what was and was not done."""

    code = "interrupted"
    exit = Exit.INTERRUPTED


class TerminatedRunError(InterruptedRunError):
    """The signal was SIGTERM or SIGHUP."""

    exit = Exit.TERMINATED
