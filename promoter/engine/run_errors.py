"""Why a run ends before its work is done: a signal, its deadline, this machine, a bug of ours."""

from __future__ import annotations

import errno
import os

from promoter.domain.errors import (
    InterruptedRunError,
    PromoteError,
    RefusedError,
    RemoteError,
    UsageError,
    bounded_message,
)
from promoter.system.environment import variable

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence

# What somebody has to put right before it can go on; all else may be over the next time.
_WRONG_PLACE = (
    FileExistsError, FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError,
)  # fmt: skip
_WRONG_PATH = (errno.ENAMETOOLONG, errno.ELOOP)

RUN_AGAIN = "Run the same command again: it goes on there."


class Stopped(BaseException):
    """The run is over before its work is; what takes one app's failure for its own lets it pass."""

    latest: Stopped | None = None
    """What has stopped this run, which compiled code may have turned into an exception of its own."""

    def __init__(self, error: PromoteError) -> None:
        super().__init__(error.message)
        self.error = error

    def after(self, done: Sequence[str]) -> PromoteError:
        """Return why, with what was done before."""
        said = f"{self.error.message}: {'; '.join(done) or 'nothing was written'}"
        return type(self.error)(said, self.error.hint)


def error_after(reason: BaseException, done: Sequence[str]) -> PromoteError:
    """Return whatever ended the work as one of our errors, with what was done before."""
    if isinstance(reason, Stopped):
        return reason.after(done)
    error = error_of(reason)
    # A refusal is reported by its rules.
    if not done or isinstance(error, RefusedError):
        return error
    from copy import copy  # late: most runs do without

    # A copy, as several apps may have ended with the same error.
    reported = copy(error)
    reported.message = bounded_message(
        f"{error.message.rstrip('.')}; done before that: {'; '.join(done)}"
    )
    return reported


def error_of(reason: BaseException) -> PromoteError:
    """Return whatever ended the work as one of our errors, with its exit code and the way out."""
    if isinstance(reason, PromoteError):
        return reason
    if isinstance(reason, Stopped):
        return reason.error
    if isinstance(reason, KeyboardInterrupt):
        return InterruptedRunError("interrupted", RUN_AGAIN)
    if isinstance(reason, OSError):
        return _of_the_machine(reason)
    if isinstance(reason, MemoryError):
        return RemoteError("this machine is out of memory", "Give the run more, and run it again.")
    return Stopped.latest.error if Stopped.latest is not None else _bug(reason)


def _of_the_machine(error: OSError) -> PromoteError:
    """Return what this machine did not do, with the path that it is about."""
    reason = (error.strerror or type(error).__name__).lower()
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    if not isinstance(error, _WRONG_PLACE) and error.errno not in _WRONG_PATH:
        return RemoteError(f"{where}{reason}", "Once that is over, running again is safe.")
    if error.filename is None and not _has_working_directory():
        return UsageError("the current folder is no longer there", "Go to one that is.")
    return UsageError(f"{where}{reason}", "Check the path, and who may read and write there.")


def _has_working_directory() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - pathlib would cost more than --help may take
    except OSError:
        return False
    return True


def _bug(reason: BaseException) -> PromoteError:
    """Return an unexpected exception as an error that asks for a report, not for the user's help."""
    where = reason.__traceback__
    while where and where.tb_next:
        where = where.tb_next
    place = f" in {where.tb_frame.f_code.co_name}:{where.tb_lineno}" if where else ""
    error = PromoteError(
        f"an internal error: {type(reason).__name__}{place}",
        "Please report it with the command. PROMOTER_TRACEBACK=1 shows the whole trace.",
    )
    if variable("PROMOTER_TRACEBACK"):
        import traceback  # late: no run but this one needs it

        # It may quote anything, and as a hint it is shown without secrets.
        error.hint = "".join(traceback.format_exception(reason))
    return error
