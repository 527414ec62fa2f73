"""An argument parser whose complaints are ours, and which imports nothing that help does not need."""

from __future__ import annotations

import argparse
import os

from promoter.domain.errors import UsageError

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
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

    commands: Mapping[str, Sequence[str]] = {}
    """The options of each command; hints name the commands that have a flag."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Return what was given, or raise `UsageError`."""
        self._words = tuple(args or ())
        before = ""
        for word in self._words:
            if word == "--":
                break
            is_letter = len(word) == 2 and word[0] == "-" and word[1].isalpha()
            if is_letter and not before.startswith("-") and word not in self.flags:
                raise self._unknown_flag(word)
            before = word
            # argparse itself would take the value out of `--flag=--`.
            if word.startswith("--") and word.endswith("=--"):
                self.error(f"argument {word[:-3]}: '--' is no value")
            # Before what follows it is taken for an argument.
            if word.startswith("--") and word.partition("=")[0] not in self.flags:
                raise self._unknown_flag(word.partition("=")[0])
        if "--version" in self._words and len(self._words) > 1:
            behind = "".join(self._words[self._words.index("--version") + 1 :][:1])
            said = "--version says which promote this is, and takes no value"
            if behind[:1].isalnum():
                raise UsageError(said, f"Did you mean --tag {behind}?")
            raise UsageError(said, "The tag of an image is --tag TAG.")
        found, extra = self.parse_known_args(args, namespace)
        if not extra:
            return found
        unknown = next((one for one in extra if one.startswith("-") and one != "-"), None)
        if unknown is not None:
            raise self._unknown_flag(unknown.partition("=")[0])
        from promoter.cli.hints import words as word_hints

        raise word_hints.unknown_word(self, self._words, extra[0])

    def format_help(self) -> str:
        """Return the help; that of `promote` says first that there are other commands, too."""
        text = super().format_help()
        others = "\n       promote COMMAND ...\n\n"
        return text.replace("\n\n", others, 1) if self.prog == "promote" else text

    @property
    def command(self) -> str:
        """The command's name, as the table of commands has it."""
        return self.prog.removeprefix("promote").strip() or "promote"

    @property
    def flags(self) -> list[str]:
        """The flags, those of what to do first."""
        flags = [flag for action in self._actions for flag in action.option_strings]
        return sorted(flags, key=lambda flag: flag in ("-h", "--help"))

    @property
    def many(self) -> list[str]:
        """The flags that may be given several times."""
        several = (one for one in self._actions if isinstance(one, argparse._AppendAction))  # noqa: SLF001
        return [flag for action in several for flag in action.option_strings]

    def _unknown_flag(self, name: str) -> UsageError:
        from promoter.cli.hints import flags as hints

        return hints.unknown_flag(self, name, self._words)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        from promoter.cli.hints import flags as hints

        flags, _, rest = message.removeprefix("argument ").partition(": ")
        flag = flags.rpartition("/")[2]
        if rest == "expected one argument":
            raise hints.without_value(flag, self._words, self.flags)
        if rest.startswith("ignored explicit argument "):
            raise hints.with_value(flag, rest.removeprefix("ignored explicit argument ")[1:-1])
        raise UsageError(message, f"See {self.prog} --help")


def one_of(choices: Sequence[str], wrong: str) -> Callable[[str], str]:
    """Return what takes a value that is among the choices, and raises `UsageError` otherwise.

    `wrong` is the message before the value, e.g. `--output cannot be`.
    """

    def take(text: str) -> str:
        if text in choices:
            return text
        from promoter.cli.hints.words import hint_for_choice

        raise UsageError(f"{wrong} {text!r}", hint_for_choice(text, choices))

    return take


def parse_pull_number(text: str) -> int:
    """Return the number of a pull request, or raise `UsageError`."""
    try:
        return int(text.removeprefix("#"))
    except ValueError:
        raise UsageError(
            f"{text!r} is not the number of a pull request", "They are listed by promote pulls"
        ) from None
