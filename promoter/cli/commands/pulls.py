"""`promote pulls`: what is open, and the two ways to end a pull of the local forge."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict

from promoter.cli.requests import wired_to_read
from promoter.domain.branch_name import BRANCH_PREFIX
from promoter.domain.errors import UsageError, bounded_message
from promoter.domain.pull import Pull, PullState
from promoter.engine import wiring
from promoter.forges import Forge, MergingForge
from promoter.output.envelope import SCHEMA
from promoter.output.result import CommandResult
from promoter.output.table import TextTable
from promoter.output.text import AnyPiece, Piece, PieceKind
from promoter.pull_request import is_ours
from promoter.settings import Settings


def run(settings: Settings, arguments: argparse.Namespace, _: list[str]) -> CommandResult:
    """List the pulls of promotions, or end one; merging and closing are the local forge's."""
    forge = wiring.open_forge(wired_to_read(settings))
    try:
        return _done(forge, arguments.verb, arguments.number)
    finally:
        forge.disconnect()


def _done(forge: Forge, verb: str, number: int | None) -> CommandResult:
    if verb == "list":
        if number is not None:
            raise UsageError(
                "promote pulls list takes no number",
                f"To end it: promote pulls merge {number}, or promote pulls close {number}",
            )
        return _listed(forge.all())
    if number is None:
        raise UsageError(
            f"promote pulls {verb} needs the number of a pull request",
            "The numbers are listed by promote pulls",
        )
    return _end(forge, verb, number)


def _end(forge: Forge, verb: str, number: int) -> CommandResult:
    if not isinstance(forge, MergingForge):
        raise UsageError(
            f"promote pulls {verb} works on the local forge only",
            "Merge or close the pull request where its reviewers are.",
        )
    before = forge.read(number)
    # What is closed is not merged, while what is merged needs no closing.
    if before.state is PullState.MERGED or (verb == "close" and before.state is PullState.CLOSED):
        ended, done = before, f"nothing to do: pull request {number} is {before.state} already"
    else:
        ended = forge.close(before) if verb == "close" else forge.merge(number)
        done = f"{ended.state} pull request {ended.number}: {ended.title}"
    return _result((ended,), Piece(PieceKind.PLAIN, f"{done}\n  {ended.url}\n"))


def _listed(pulls: tuple[Pull, ...]) -> CommandResult:
    ours = [one for one in pulls if one.branch.startswith(BRANCH_PREFIX) or is_ours(one.body)]
    if not ours:
        return _result(ours, Piece(PieceKind.PLAIN, "no pull requests\n"))
    table = TextTable(
        ("PR", "state", "title", "branch", "base", "address"),
        tuple(
            (
                f"#{p.number}",
                p.state,
                bounded_message(p.title),
                p.branch,
                p.base,
                bounded_message(p.url),
            )
            for p in ours
        ),
        expendable=("address", "base", "branch"),
    )
    return _result(ours, table)


def _result(pulls: Sequence[Pull], piece: AnyPiece) -> CommandResult:
    shown = [{**asdict(pull), "state": pull.state.value} for pull in pulls]
    return CommandResult(
        document={"schema": SCHEMA, "pulls": shown, "exit_code": 0},
        pieces=(piece,),
    )
