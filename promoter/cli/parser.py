"""An argument parser whose complaints are ours, and which imports nothing that help does not need."""

from __future__ import annotations

import argparse
import os

from promoter.cli.options import OPTIONS
from promoter.domain.errors import UsageError

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn


_CHOOSES = "It takes the tag that the policy wants; for one tag: promote --app APP --tag TAG."
# What to write where a flag is one of another command's.
_ELSEWHERE = {
    ("promote auto", "tag"): _CHOOSES,
    ("promote auto", "image"): _CHOOSES,
    ("promote rollback", "tag"): "The tag to go back to is --to TAG.",
    ("promote", "to"): "The tag to promote is --tag TAG; to go back: promote rollback --to TAG.",
    ("promote", "reason"): "promote rollback, promote hold and promote unhold take one.",
    ("promote hold", "tag"): "A hold keeps what runs now; for a tag: promote --app APP --tag TAG.",
}
# What is meant by flags that other tools have.
_MEANT = {
    "--force": "Where a rule refuses: --allow RULE; to replace a branch: --take-over.",
    "--format": "The form of what is printed is --output json.",
    "--yes": "Nothing is asked: leave it out.",
}


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, found without the import of shutil that argparse makes."""

    def __init__(self, prog: str) -> None:
        try:
            width = os.get_terminal_size().columns - 2
        except OSError:
            width = 98
        super().__init__(prog, width=max(40, min(width, 98)))


class StoreSingle(argparse.Action):
    """Stores a value; a second one is an error, as it is not known which was meant."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's own signature
        option_string: str | None = None,
    ) -> None:
        """Store the value, or raise `UsageError`."""
        del parser
        before = getattr(namespace, self.dest)
        if before is not None:
            raise UsageError(
                f"{option_string} is given twice: {before!r} and {values!r}",
                "Give it once."
                + (" For several, run promote once for each." if self.dest == "env" else ""),
            )
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors of ours, with the nearest flag that there is."""

    commands: tuple[str, ...] = ()
    """The words that name commands, which stand before all flags."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Return what was given, or raise `UsageError`."""
        for word in args or ():
            if word == "--":
                break
            # argparse itself would take the value out of `--flag=--`.
            if word.startswith("--") and word.endswith("=--"):
                self.error(f"argument {word[:-3]}: '--' is no value")
            # Before what follows it is taken for an argument.
            if word.startswith("--") and word.partition("=")[0] not in self._flags:
                raise self._unknown_flag(word.partition("=")[0])
        if "--version" in (args or ()) and len(args) > 1:
            raise UsageError(
                "--version says which promote this is, and takes no value",
                "The tag of an image is --tag TAG.",
            )
        found, extra = self.parse_known_args(args, namespace)
        if not extra:
            return found
        unknown = next((one for one in extra if one.startswith("-") and one != "-"), None)
        if unknown is None:
            raise self._unknown_word(extra[0], found)
        raise self._unknown_flag(unknown.partition("=")[0])

    @property
    def _flags(self) -> list[str]:
        return [flag for action in self._actions for flag in action.option_strings]

    def _unknown_word(self, word: str, found: argparse.Namespace) -> UsageError:
        """Return the error for a word that no flag stands before: what is missing may be its flag."""
        hint = f"Is it a part of a value with a blank? Put that in quotes; see {self.prog} --help."
        missing = [
            flag
            for flag in ("app", "tag")
            if f"--{flag}" in self._flags and getattr(found, flag) is None
        ]
        if word in self.commands:
            hint = f"The command comes first: promote {word} ..."
        elif getattr(found, "allow", None) and _is_rule(word):
            hint = f"Each rule has a flag of its own: --allow {found.allow[-1]} --allow {word}."
        elif missing == ["tag"] and word.isalpha():
            hint = f"Several apps are --app {found.app[-1]} --app {word}; the tag is --tag TAG."
        elif missing:
            hint = f"Write --{missing[0]} {word}."
        return UsageError(f"{self.prog} takes no argument {word!r}", hint)

    def _unknown_flag(self, name: str) -> UsageError:
        """Return the error for a flag that this command has not: another's, or a misspelt one."""
        option = name.removeprefix("--")
        if name.startswith("--") and option in OPTIONS:
            hint = _ELSEWHERE.get((self.prog, option), f"See {self.prog} --help for those it has.")
            return UsageError(f"{self.prog} takes no {name}", hint)
        from promoter.domain.suggest import nearest

        hint = _MEANT.get(name) or nearest(name.replace("_", "-"), self._flags)
        return UsageError(f"{self.prog} has no flag {name!r}", hint)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        name, separator, rest = message.removeprefix("argument ").rpartition(
            ": expected one argument"
        )
        if separator and not rest:
            raise UsageError(
                f"{name.rpartition('/')[2]} has no value",
                f"Where a variable holds it, see whether that is empty; see {self.prog} --help.",
            )
        raise UsageError(message, f"See {self.prog} --help.")


def _is_rule(word: str) -> bool:
    """Return whether a word is a rule that may be allowed."""
    from promoter.gates import allowable

    return word in allowable()


def one_of(choices: Sequence[str], what: str) -> Callable[[str], str]:
    """Return what takes a value that is among the choices, and raises `UsageError` otherwise."""

    def take(text: str) -> str:
        if text in choices:
            return text
        from promoter.domain.suggest import nearest

        raise UsageError(f"{what} cannot be {text!r}", nearest(text, choices))

    return take


def pull_number(text: str) -> int:
    """Return the number of a pull request, or raise `UsageError`."""
    try:
        return int(text.removeprefix("#"))
    except ValueError:
        raise UsageError(
            f"{text!r} is not the number of a pull request", "See promote pulls, which lists them."
        ) from None
