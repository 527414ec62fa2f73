"""Text from outside as it may be printed: without what would command a terminal or the runner."""

from __future__ import annotations

from typing import Any

from promoter.domain.errors import bounded_message

JOINER = "\u2060"
"""What nobody sees, and what parts a word so that it is no link, and no command to the runner."""


def printable(text: str) -> str:
    """Return text without the characters by which a file could command the terminal or the runner.

    What nobody sees in the text of pull requests, where it keeps words from being links, goes.
    """
    text = text.replace("\r\n", "\n").replace(JOINER, "")
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


def bounded_values(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return JSON in which every text is bounded: what a repository holds may be of any length."""
    if isinstance(value, str):
        return bounded_message(value)
    if isinstance(value, dict):
        return {key: bounded_values(one) for key, one in value.items()}
    return [bounded_values(one) for one in value] if isinstance(value, list) else value
