"""The order in which people sort texts with numbers in them: `build-9` before `build-10`."""

from __future__ import annotations

import re
from typing import Any

_DIGITS = re.compile(r"([0-9]+)")


def natural(text: str) -> list[Any]:
    """Return what texts are ordered by as people do: digits as the numbers that they make."""
    parts: list[Any] = _DIGITS.split(text)
    parts[1::2] = map(int, parts[1::2])
    return parts
