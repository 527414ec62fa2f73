"""Values that something else fills in before they are used, such as `${TAG}`."""

from __future__ import annotations

import re

# Signs that no image, tag, digest or token has in it.
PLACEHOLDER_SIGNS = ("${", "$(", "{{", "<%")
_INNER = r"\{(?:[^{}]|\{[^{}]*\})*\}"
# Of shells and Compose (with defaults, which nest), Make, Helm, ERB, Azure DevOps, Maven, Concourse.
_PLACEHOLDER = re.compile(
    rf"\$\{{(?:[^{{}}]|{_INNER})*\}}"
    r"|\$\([^()]*\)"
    r"|\$[A-Za-z_]\w*"
    r"|\{\{(?:(?!\{\{|\}\}).)*\}\}"
    r"|<%(?:(?!<%|%>).)*%>"
    r"|#\{[^{}]*\}#?"
    r"|@@[^@]*@@"
    r"|\(\([^()]*\)\)"
    r"|\[\[[^\[\]]*\]\]"
    r"|<[^<>]*>",
    re.ASCII,
)


def holds_placeholder(text: str) -> bool:
    """Return whether a text surely has a placeholder in it; others are known by what they are not."""
    return any(sign in text for sign in PLACEHOLDER_SIGNS)


def masked(text: str) -> str:
    """Return a text of the same length with a letter for each character of a placeholder.

    No sign in it parts anything: neither `:` nor `@`, `/` nor `=`.
    """
    return _PLACEHOLDER.sub(lambda match: "x" * len(match[0]), text)
