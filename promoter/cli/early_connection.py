"""The connection to the API, begun before the settings are read, which takes as long.

Where it goes is what the flags and variables say as they stand. A run whose settings say otherwise,
or are refused, has no use for it and lets it go: nothing is sent over it.
"""

from __future__ import annotations

from contextlib import suppress

from promoter.cli.options import variable_of
from promoter.domain.errors import PromoteError
from promoter.environment import authorities, variable, variables_of

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    import argparse


def begin_connection(parsed: argparse.Namespace) -> None:
    """Begin to connect to the API where a run certainly begins with a question to it."""

    def given(option: str) -> str | None:
        flag: str | None = getattr(parsed, option.replace("-", "_"), None)
        return flag or variable(variable_of(option))

    repo = given("repo")
    if given("transport") != "api" or not repo:
        return
    from promoter.domain.address import parse
    from promoter.forges.kinds import kind_of

    with suppress(PromoteError, ValueError):  # told where the settings are read
        address = parse(repo)
        kind = kind_of(address, given("forge"))
        if address.scheme == "https" and kind.connect and kind.api_url:
            implied = kind.api_url(address, variables_of(kind.api_variables))
            kind.connect(given("api-url") or implied, authorities())
