"""An argument parser whose complaints are ours, and which imports nothing that help does not need."""

from __future__ import annotations

import argparse
import os

from promoter.domain.errors import UsageError

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from typing import Any, NoReturn


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

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Return what was given, or raise `UsageError`."""
        for word in args or ():
            if word == "--":
                break
            # argparse itself would take the value out of `--flag=--`.
            if word.startswith("--") and word.endswith("=--"):
                self.error(f"argument {word[:-3]}: '--' is no value")
        found, extra = self.parse_known_args(args, namespace)
        if not extra:
            return found
        from promoter.domain.suggest import nearest

        flags = [flag for action in self._actions for flag in action.option_strings]
        unknown = next((one for one in extra if one.startswith("-") and one != "-"), None)
        if unknown is None:
            raise UsageError(
                f"{self.prog} takes no argument {extra[0]!r}",
                f"Name what it is for, as in --app aurora --tag 1.4.2; see {self.prog} --help.",
            )
        name = unknown.partition("=")[0]
        hint = nearest(name.replace("_", "-"), flags)
        raise UsageError(f"{self.prog} has no flag {name!r}", hint)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        raise UsageError(message, f"See {self.prog} --help.")
