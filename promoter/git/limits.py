"""How large a file of a repository may be that is read into memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.errors import RefusedError
from promoter.domain.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import PurePosixPath

FILE_LIMIT = 64 * 1024 * 1024


def too_large(path: PurePosixPath | str, size: int) -> RefusedError:
    """Return the refusal of a file of so many bytes."""
    reason = f"the file has {size} bytes, and {FILE_LIMIT} is the most"
    return RefusedError([Refusal("size", reason, "Split it, or keep it elsewhere.", str(path))])
