"""The token of a forge: which variable it comes from, and what cannot be one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from promoter.domain.errors import UsageError
from promoter.domain.placeholders import holds_placeholder

if TYPE_CHECKING:
    from promoter.forges.kinds import ForgeKind

OWN_VARIABLE = "PROMOTER_TOKEN"


def token_of(kind: ForgeKind, known: Mapping[str, str]) -> str | None:
    """Return the token of `PROMOTER_TOKEN`, else of the forge's first variable that is known.

    Raises `UsageError` for what is no token.
    """
    names = (OWN_VARIABLE, *kind.token_variables)
    return next((checked_token(known[name], name) for name in names if name in known), None)


def checked_token(text: str, variable: str) -> str:
    """Return a token without the blanks around it, or raise `UsageError` for what is no token.

    The message names the variable, and never the value.
    """
    token = text.strip()
    inner = token.strip("\"'")
    if holds_placeholder(token):
        said = "holds a placeholder that nothing has filled in"
    elif inner != token:
        said = "holds quotes around its value"
    elif not inner.strip("*") or not (token.isascii() and token.isprintable()) or " " in token:
        said = "does not hold a token, but blanks, '*', or characters that no token has"
    else:
        return token
    raise UsageError(f"{variable} {said}", f"Store the token alone in {variable}.")
