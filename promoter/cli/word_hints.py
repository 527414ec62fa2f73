"""What to write instead of a word that is no command, or no value; imported when there is one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from promoter.cli.command_lines import ENVIRONMENTS, apart, kind_of, meant_line, split_word
from promoter.cli.hints import DASHES, filled, other_dash
from promoter.cli.options import OPTIONS, option_of, setting_of
from promoter.cli.spellings import COMMANDS_MEANT, KINDS_OF_OBJECTS, OTHER_TOOLS
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from promoter.cli.hints import Grammar

# Bare words beside a command that name neither an app nor an image.
_NO_NAMES = frozenset((*COMMANDS_MEANT, *OPTIONS, *OTHER_TOOLS, *KINDS_OF_OBJECTS))
# The commands whose line may have a tag.
_TAKING_TAGS = ("promote", "rollback", "set-image")
# The commands whose argument is one alone.
_SINGLE = {
    "promote pulls": "Name one pull request at a time.",
    "promote demo": "It takes one folder: promote demo DIR",
}


def unknown_command(
    word: str, rest: Sequence[str], commands: Mapping[str, Sequence[str]]
) -> UsageError:
    """Return the error for a first word that is no command: what is meant may be flags.

    `commands` has the options of each command.
    """
    names = [one for one in commands if one != "promote"]
    plain, message = word.lower(), f"there is no command {shown(word)}"
    bare, flags = apart([*word.split(), *rest])
    if word[:1] in DASHES:
        return other_dash(word)
    if closest(plain, ["promote"]):
        line = meant_line("promote", commands["promote"], bare[1:], flags)
        said = "promote is the command itself" if word == "promote" else message
        return UsageError(said, f"Write it once: {line}")
    if plain in OTHER_TOOLS and rest and not rest[0].startswith("-"):
        found = unknown_command(rest[0], rest[1:], commands)
        if rest[0] in names:
            line = meant_line(rest[0], commands[rest[0]], apart(rest[1:])[0], flags)
            found = UsageError("", f"Did you mean {line}?")
        return UsageError(message, found.hint)
    if plain in ("pr", "mr", "pull", "pulls") and rest and rest[0] in ("merge", "close"):
        return unknown_command(rest[0], rest[1:], commands)
    if plain in ("merge", "close"):
        number = next((one.lstrip("#") for one in rest if one.lstrip("#").isdecimal()), "1")
        return UsageError(message, f"Write promote pulls {plain} {number}")
    if meant := _command_meant(bare, flags, commands):
        return UsageError(message, meant)
    close = closest(plain, names)
    # An app may be called as a command begins, and `promote auto` would promote all that is newer.
    longer = close and plain.startswith(close) and len(plain) > len(close) + 1
    if close and not longer and not (close == "auto" and (rest or plain != close)):
        line = meant_line(close, commands[close], bare[1:], flags) if rest else f"promote {close}"
        return UsageError(message, f"Did you mean {line}?")
    if "--app" in flags and plain not in OPTIONS:
        return UsageError(message, f"Leave it out; the commands are {', '.join(names)}.")
    line = meant_line("promote", commands["promote"], bare, flags)
    return UsageError(f"promote takes no {shown(word)}: apps and tags are flags", f"Write {line}")


def _command_meant(
    bare: Sequence[str], flags: Sequence[str], commands: Mapping[str, Sequence[str]]
) -> str:
    """Return what to write where one of some bare words is a command, here or elsewhere; else ''."""
    words = [word.lower() for word in bare]
    for at, word in enumerate(words):
        meant = COMMANDS_MEANT.get(" ".join(words[at : at + 2])) or COMMANDS_MEANT.get(word)
        if at and word in commands and word != "promote":
            meant = f"Did you mean {{{word}}}"
        # An environment may be called as another tool's command is.
        if not meant or (at and word in ENVIRONMENTS):
            continue
        names = [one for one in (*bare[:at], *bare[at + 1 :]) if one.lower() not in _NO_NAMES]
        # So may an app: beside a tag and no other name, it is no command that takes no tag.
        kinds = {"count" if one.isdecimal() and len(one) < 3 else kind_of(one) for one in names}
        if kinds in ({"tag"}, {"tag", "env"}) and not any(
            f"{{{one}}}" in meant for one in _TAKING_TAGS
        ):
            continue
        return filled(meant, [*names, *flags], commands)
    return ""


def _line_meant(parser: Grammar, words: Sequence[str]) -> str:
    """Return the line to write for bare words among flags; '' where it is about one word alone."""
    bare, flags = apart(words)
    command = parser.prog.removeprefix("promote").strip() or "promote"
    if "--app" in flags or "app" not in parser.commands[command]:
        return ""
    if command == "promote" and (meant := _command_meant(bare, flags, parser.commands)):
        return meant
    is_first = not words[0].startswith("-") and command != "promote"
    if len(bare) < 2 and not is_first:
        return ""
    return f"Write {meant_line(command, parser.commands[command], bare, flags)}"


def unknown_word(
    parser: Grammar, words: Sequence[str], word: str, given: argparse.Namespace
) -> UsageError:
    """Return the error for a word that no flag stands before: what is missing may be its flag."""
    prog, flags = parser.prog, parser.flags
    if word[:1] in DASHES:
        return other_dash(word)
    message = f"{prog} takes no argument {shown(word)}"
    before = ["", "", *words[: _position(words, word)]][-2:]
    name, sign, value = split_word(word)
    if word == "help":
        return UsageError(message, f"Write {prog} --help")
    if meant := _line_meant(parser, words):
        return UsageError(message, meant)
    if sign and f"--{name}" in flags:
        return UsageError(message, f"Write --{name} {shlex.quote(value)}")
    if f"--{word}" in flags:
        return UsageError(message, f"Write --{word} with two '-' before it.")
    if prog in _SINGLE:
        return UsageError(message, _SINGLE[prog])
    option = option_of(before[1])
    if option is not None and option.switch:
        off = word.lower() in ("false", "no", "0", "off", "none")
        leave = before[1] if off else shown(word)
        return UsageError(
            message, f"Leave out {leave}: {'it' if off else before[1]} takes no value."
        )
    missing = [
        one
        for one in ("tag", "env", "app")
        if f"--{one}" in flags and not getattr(given, setting_of(one), None)
    ]
    if (kind := kind_of(word)) in missing and (kind != "app" or before[0] != "--app"):
        return UsageError(message, f"Write --{kind} {shlex.quote(word)}")
    return UsageError(message, _after(before[0], before[1], words, parser.many))


def _after(flag: str, value: str, words: Sequence[str], many: Sequence[str]) -> str:
    """Return what to write where a word follows a flag's value."""
    option, at = option_of(flag), words.index(value) if value in words else 0
    following = [value]
    for one in words[at + 1 :]:
        if one.startswith("-"):
            break
        following.append(one)
    if option is None or option.switch or len(following) < 2:
        return "Is it a part of a value with a blank? Put that value in quotes."
    if option.metavar == "TEXT":
        return f"Put the text in quotes: {flag} {shlex.quote(' '.join(following))}"
    if flag in many:
        each = " ".join(f"{flag} {shlex.quote(one)}" for one in following)
        return f"Write {flag} before each: {each}"
    if flag == "--env":
        return "Run promote once for each: --env takes one value."
    return f"Leave {shown(following[1])} out: {flag} takes one value."


def late_command(prog: str, words: Sequence[str], word: str, options: Sequence[str]) -> UsageError:
    """Return the error for a command that does not come first."""
    bare, flags = apart(words)
    line = meant_line(word, options, [one for one in bare if one != word], flags)
    return UsageError(f"{prog} takes no argument {shown(word)}", f"The command comes first: {line}")


def _position(words: Sequence[str], word: str) -> int:
    """Return where a word stands that is no flag's value."""
    for at, one in enumerate(words):
        option = option_of(words[at - 1]) if at else None
        if one == word and (option is None or option.switch):
            return at
    return words.index(word)
