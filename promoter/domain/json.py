"""JSON that others have written."""

from __future__ import annotations

import json
from typing import Any


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the value of a JSON text; raises `ValueError` for any text that has none.

    Nesting of many thousands would otherwise end in an error that nobody expects of a parser.
    """
    try:
        return json.loads(text)
    except RecursionError:
        msg = "it is nested too deep"
        raise ValueError(msg) from None


def mapping(value: object) -> dict[str, Any]:
    """Return a value that is a mapping, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}
