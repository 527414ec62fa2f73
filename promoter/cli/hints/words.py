"""What to write instead of a word that is no command, or no value; imported when there is one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from promoter.cli.hints.command_lines import ENVIRONMENTS, CommandLine, kind_of_word
from promoter.cli.hints.flags import DASHES, OFF, late_command, other_dash
from promoter.cli.hints.other_tools import OBJECTS, OF_OTHER_COMMANDS, OTHER_COMMANDS, TOOLS
from promoter.cli.options import OPTIONS, long_name
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest, named_by_others, nearest

if TYPE_CHECKING:
    from promoter.cli.parser import Parser

# Bare words beside a command that name neither an app nor an image.
_NO_NAMES = frozenset((*OTHER_COMMANDS, *OPTIONS, *TOOLS, *OBJECTS))
# What a hint names that answers a question, and words that ask one.
_READING = ("{status}", "{history}")
_QUESTIONS = ("list", "ls", "get", "show", "view", "describe", "inspect", "log", "logs")
# The commands whose line may have a tag.
_TAKING_TAGS = ("{promote}", "{rollback}", "{set-image}")
# What others write behind a switch.
_ON_OFF = ("true", "yes", "1", "on", "client", "server", *OFF)
_VERBS_MEANT = {"close": "abandon delete reject end", "merge": "accept land", "list": "all status"}
# The commands whose argument is one alone.
_SINGLE = {
    "pulls": "Name one pull request at a time.",
    "demo": "It takes one folder: promote demo DIR",
}


def unknown_command(
    word: str, rest: Sequence[str], commands: Mapping[str, Sequence[str]]
) -> UsageError:
    """Return the error for a first word that is no command: what is meant may be flags.

    `commands` has the options of each command.
    """
    if word[:1] in DASHES:
        return other_dash(word)
    first, message = shown(word), f"there is no command {shown(word)}"
    while word.lower() in TOOLS and rest and not rest[0].startswith("-"):
        word, *rest = rest
    names = [one for one in commands if one != "promote"]
    while closest(word.lower(), ["promote"]) and rest and rest[0] in commands:
        word, *rest = rest
    given, plain = CommandLine([*word.split(), *rest], commands), word.lower()
    if word in names:
        return UsageError(message, f"Did you mean {given.line(word, given.bare[1:])}?")
    if closest(plain, ["promote"]):
        message = "promote is the command itself" if word == "promote" else message
        return UsageError(message, f"Write it once: {given.line('promote', given.bare[1:])}")
    verb = next((one for one in given.bare[:2] if one in ("merge", "close")), None)
    if verb is not None and given.bare[0] in (verb, "pr", "mr", "pull"):
        numbers = [one.lstrip("#") for one in given.bare if one.lstrip("#").isdecimal()]
        return UsageError(message, f"Write promote pulls {verb} {[*numbers, '1'][0]}")
    if hint := _of_other_commands(given):
        return UsageError(message, hint)
    close = closest(plain, names)
    # An app may be called as a command begins, and `promote auto` would promote all that is newer.
    longer = close and plain.startswith(close) and len(plain) > len(close) + 1
    if close and not longer and not (close == "auto" and (rest or plain != close)):
        line = given.line(close, given.bare[1:]) if rest else f"promote {close}"
        return UsageError(message, f"Did you mean {line}?")
    message = f"promote takes no {first}: apps and tags are flags"
    return UsageError(message, f"Write {given.line('promote')}")


def _of_other_commands(given: CommandLine) -> str:
    """Return what to write where one of the bare words is a command, here or elsewhere; else ''."""
    words = [word.lower() for word in given.bare]
    # A command of ours leads, whatever another tool has before it, and so does a question.
    ours = [at for at in range(1, len(words)) if "app" in given.commands.get(words[at], ())]
    of_pulls = "promote pulls" in OTHER_COMMANDS.get(words[0], "") if words else False
    asking = [at for at, word in enumerate(words[:2]) if word in _QUESTIONS and not of_pulls]
    # Two words that are one command say more than each of them.
    two = [at for at in range(len(words) - 1) if " ".join(words[at : at + 2]) in OTHER_COMMANDS]
    for at in dict.fromkeys((*two, *ours, *asking, *range(len(words)))):
        word = words[at]
        hint = OTHER_COMMANDS.get(" ".join(words[at : at + 2])) or OTHER_COMMANDS.get(word)
        if at and word in given.commands and word != "promote":
            hint = f"Did you mean {{{word}}}"
        # An environment may be called as another tool's command is.
        if not hint or (at and word in ENVIRONMENTS):
            continue
        around = [*given.bare[:at], *given.bare[at + 1 :]]
        names = [one for one in around if one.lower() not in {*_NO_NAMES, *given.commands}]
        # So may an app: beside a tag and no other name, it is no command that takes no tag.
        is_app = {kind_of_word(one) for one in names} in ({"tag"}, {"tag", "env"})
        if not is_app or any(one in hint for one in _TAKING_TAGS):
            return given.filled(hint, names)
    return ""


def hint_for_choice(text: str, choices: Sequence[str]) -> str:
    """Return what to write in place of a word that is none of a flag's, or of `promote pulls`'s."""
    if "merge" not in choices:
        return nearest(text, choices)
    plain = text.lower()
    if text.isdecimal() or "{status}" in OTHER_COMMANDS.get(plain, ""):
        return "Did you mean promote pulls list?"
    hint = OTHER_COMMANDS.get(f"pr {plain}", "").format(promote="promote --app APP --tag TAG")
    if hint or plain in ("approve", "review", "comment"):
        return hint or OTHER_COMMANDS[plain]
    verbs = named_by_others(plain, _VERBS_MEANT)
    return f"Did you mean promote pulls {verbs[0]}?" if verbs else nearest(text, choices)


def unknown_word(parser: Parser, words: Sequence[str], word: str) -> UsageError:
    """Return the error for a word that no flag stands before: what is missing may be its flag."""
    given = CommandLine(words, parser.commands)
    if word in parser.commands:
        return late_command(parser, word, given)
    if word[:1] in DASHES:
        return other_dash(word)
    return UsageError(
        f"{parser.prog} takes no argument {shown(word)}", _hint_for_word(parser, word, given)
    )


def _hint_for_word(parser: Parser, word: str, given: CommandLine) -> str:
    command = parser.command
    if word == "help":
        return f"Write {parser.prog} --help"
    if command in _SINGLE:
        return _SINGLE[command]
    run = given.behind[word]
    option = OPTIONS.get(long_name(run[0]))
    is_image = run[0] == "--image" and "=" in word
    is_text = option is not None and option.metavar == "TEXT"
    is_of_switch = option is not None and option.switch and word.lower() in _ON_OFF
    if is_image or is_text or is_of_switch:
        return _of_several(run, parser.many)
    names_app = "app" in dict(given.options(command))
    if command == "promote" and not names_app and (hint := _of_other_commands(given)):
        return hint
    plain = word.lower()
    hint = OTHER_COMMANDS.get(f"{command} {plain}") or OTHER_COMMANDS.get(plain, "")
    if counted := OF_OTHER_COMMANDS.get(f"{command} count", ""):
        rest = [one for one in given.bare if kind_of_word(one) != "count"]
        if len(rest) < len(given.bare):
            return given.filled(counted, rest)
    if not run[0] and hint:
        # A question is answered by what reads; what only repeats the command is no name.
        given.bare.remove(word)
        return given.filled(
            hint if any(one in hint for one in _READING) else f"Write {{{command}}}"
        )
    line, is_name = given.line(command), f"--{word}" in parser.flags
    at = given.bare.index(word)
    if line != given.line(command, [*given.bare[:at], *given.bare[at + 1 + is_name :]]):
        return f"Write {line}"
    if is_name:
        return f"Write --{word} with two '-' before it."
    return _of_several(run, parser.many) or f"Write {line}"


def _of_several(run: Sequence[str], many: Sequence[str]) -> str:
    """Return what to write for a flag with several words behind it; '' where it has no value."""
    flag, *values = run
    option, quoted = OPTIONS.get(long_name(flag)), [shlex.quote(one) for one in values]
    if option is None:
        return ""
    if option.switch:
        leave, what = (flag, "it") if values[0].lower() in OFF else (shown(values[0]), flag)
        return f"Leave out {leave}: {what} takes no value."
    if option.metavar == "TEXT":
        return f"Put the text in quotes: {flag} {shlex.quote(' '.join(values))}"
    if flag in many:
        return f"Write {flag} before each: {' '.join(f'{flag} {one}' for one in quoted)}"
    if flag == "--env":
        return "Run promote once for each: --env takes one value."
    return f"Leave {shown(values[1])} out: {flag} takes one value."
