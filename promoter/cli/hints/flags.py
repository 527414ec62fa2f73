"""What to write instead of a flag that is not there, or is malformed; imported when there is one."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from promoter.cli.hints.command_lines import (
    CommandLine,
    kind_of_word,
    may_be,
    option_meant,
    plain_name,
    with_hour,
)
from promoter.cli.hints.other_tools import FLAGS, OF_OTHER_COMMANDS, OTHER_COMMANDS, RENAMED
from promoter.cli.options import OPTIONS, long_name, prog_of, setting_of
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.rules import ALLOWABLE
from promoter.domain.suggest import closest
from promoter.settings.errors import EXAMPLES
from promoter.settings.other_names import options_meant

if TYPE_CHECKING:
    from promoter.cli.parser import Parser

# What word processors make of the dashes of a flag.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
OFF = ("false", "no", "0", "off", "none")
"""What people write behind a switch to have it off."""
# What is repeated of a value: no address with a login, no text of a program.
# What chooses by labels, and a label that names an app.
_SELECTORS = ("l", "selector", "label", "labels", "label-selector", "filter")
_OF_AN_APP = re.compile(r"(?:[\w.-]+/)?(?:app|name|instance)=([\w.-]+)", re.ASCII)
_PLAIN = re.compile(r"[\w.:@/*^~+=-]{1,100}", re.ASCII)


def unknown_flag(parser: Parser, name: str, words: Sequence[str]) -> UsageError:
    """Return the error for a flag that a command has not: another's, another tool's, or misspelt.

    `words` is all that the command was given, with the flag.
    """
    given = CommandLine(words, parser.commands)
    late = next((one for one in given.bare if one in parser.commands and one != "promote"), None)
    if parser.prog == "promote" and late is not None:
        return late_command(parser, late, given)
    if name == "--":
        return UsageError(f"{parser.prog} takes nothing behind '--'", "Leave '--' out.")
    value = next((its for flag, its in given.flags if flag == name), "")
    plain = plain_name(name)
    letter = f"-{plain}" if len(plain) == 1 else name
    is_others = any(may_be(one, value) for one in options_meant(letter[1:]))
    option = "" if is_others else long_name(letter)
    if parser.command in ("pulls", "demo"):
        # Its words are verbs and numbers, and none is an app.
        given.bare = []
    if option:
        message = f"{parser.prog} takes no {name}"
        hint = _of_other_commands(parser, option, value, given)
    else:
        message = f"{parser.prog} has no flag {shown(name)}"
        hint = _of_other_tools(parser, name, value, given)
        foreign = [flag for flag, _ in given.flags if not long_name(flag)]
        if hint.startswith("Did you mean --") and len(foreign) > 1:
            hint = f"Did you mean {{{parser.command}}}"
    tag = (
        value if kind_of_word(value) in ("tag", "count") else dict(given.flags).get("--tag", "TAG")
    )
    return UsageError(message, given.filled(hint.replace("{value}", tag)))


def late_command(parser: Parser, name: str, given: CommandLine) -> UsageError:
    """Return the error for a command that does not come first."""
    line = given.line(name, [one for one in given.bare if one != name])
    return UsageError(
        f"{parser.prog} takes no argument {shown(name)}", f"The command comes first: {line}"
    )


def _of_other_commands(parser: Parser, option: str, value: str, given: CommandLine) -> str:
    command = parser.command
    if option == "to" and kind_of_word(value) == "env" and "--env" in parser.flags:
        return _did_you_mean(parser, "env", value, given)
    if hint := OF_OTHER_COMMANDS.get(f"{command} {option}"):
        return hint
    if renamed := RENAMED.get(f"{command} {option}"):
        return _did_you_mean(parser, renamed, value, given)
    if hint := OF_OTHER_COMMANDS.get(command):
        return hint
    having = [name for name, options in parser.commands.items() if option in options]
    names = ", ".join(map(prog_of, having[:3]))
    is_whole = len(having) == 1 and (value or OPTIONS[option].switch)
    end = f", as in {{{having[0]}}}" if is_whole else "; leave it out here."
    return f"It is --{option} of {names}{end}"


def _of_other_tools(parser: Parser, name: str, value: str, given: CommandLine) -> str:
    """Return the hint for a flag that no command has: what is meant, what to do instead, or its like."""
    plain, options = plain_name(name), [one[2:] for one in parser.flags]
    if plain in options:
        return f"Did you mean --{plain}?"
    if meant := _by_form(plain, value, options):
        return f"Did you mean {meant}?"
    hint = OF_OTHER_COMMANDS.get(f"{parser.command} {plain}")
    if hint and kind_of_word(value) != "tag":
        given.flags = [one for one in given.flags if one[0] != name]
        return hint
    if meant := option_meant(name, value, options):
        return _did_you_mean(parser, meant, value, given)
    if kind_of_word(value) == "tag" and "tag" in options_meant(plain):
        return _of_other_commands(parser, "tag", value, given)
    if hint := _rule(parser, plain) or _instead(parser, plain):
        return hint
    if other := next((one for one in options_meant(plain) if one in OPTIONS), ""):
        return _of_other_commands(parser, other, value, given)
    if hint := _key(plain) or OTHER_COMMANDS.get(plain, ""):
        # To what promotes by no promoter.yaml, its keys say nothing.
        return OF_OTHER_COMMANDS.get(parser.command, hint)
    close = closest(f"--{plain}", parser.flags) if len(name) > 2 else None
    # A flag of other words is another one: --app-version is no --app.
    if close and (close.count("-") == plain.count("-") + 2 or close.startswith(f"--{plain}")):
        return f"Did you mean {close}?"
    return f"It has {', '.join(parser.flags[:6])} and others: {parser.prog} --help"


def _by_form(plain: str, value: str, options: Sequence[str]) -> str:
    """Return the option that `-5` or a label such as `app=web` stands for; '' for neither."""
    if "number" in options and plain.isdecimal():
        return f"--number {plain}"
    app = _OF_AN_APP.fullmatch(value) if plain in _SELECTORS and "app" in options else None
    return f"--app {shlex.quote(app[1])}" if app else ""


def _did_you_mean(parser: Parser, option: str, value: str, given: CommandLine) -> str:
    known = OPTIONS.get(option)
    if f"--{option}" in dict(given.flags) and f"--{option}" not in parser.many:
        return f"Leave it out: --{option} is given."
    if known is not None and known.choices and value not in known.choices:
        return f"Did you mean {' or '.join(f'--{option} {one}' for one in known.choices)}?"
    if not value and known is not None and known.metavar == "DURATION":
        value = EXAMPLES[setting_of(option)]
    value = with_hour(option, value)
    if f"--{option}" in parser.many and "," in value and _PLAIN.fullmatch(value.replace(",", "")):
        several = (f"--{option} {one}" for one in value.split(",") if one)
        return f"Did you mean {' '.join(several)}?"
    # An address may hold a login.
    is_told = not (option == "repo" and "@" in value) and not (known is not None and known.switch)
    if is_told and may_be(option, value) and _PLAIN.fullmatch(value):
        return f"Did you mean --{option} {shlex.quote(value)}?"
    return f"Did you mean --{option}?"


def _rule(parser: Parser, plain: str) -> str:
    """Return the hint for a flag that names a rule to go on in spite of; '' for any other."""
    verb = re.match(r"(?:allow|skip|ignore|disable|without|no|override|bypass)-", plain)
    rule = plain[verb.end() if verb else 0 :]
    if "--allow" not in parser.flags or rule not in ALLOWABLE:
        return ""
    is_other = verb is None and (rule in parser.commands or _key(rule))
    return "" if is_other else f"Did you mean --allow {rule}?"


def _instead(parser: Parser, plain: str) -> str:
    """Return what to do instead of another tool's flag; '' for one that nobody knows."""
    if parser.command == "demo":
        return OF_OTHER_COMMANDS["demo"]
    hint = FLAGS.get(plain, "")
    if hint == FLAGS["all"]:
        hint = OF_OTHER_COMMANDS.get(f"{parser.command} all", hint)
    if hint:
        return hint if _is_for(hint, parser) else "It is of no use here: leave it out."
    if plain.startswith("no-") and f"--{plain[3:]}" in parser.flags:
        return f"Without --{plain[3:]} it is off: leave it out."
    if plain in parser.commands and plain != "promote":
        return f"It is a command: {{{plain}}}"
    from promoter.settings import Settings

    setting = plain.replace("-", "_")
    if setting in Settings.model_fields and not Settings.model_fields[setting].validation_alias:
        return f"It is no flag, but the variable PROMOTER_{setting.upper()}."
    return ""


def _is_for(hint: str, parser: Parser) -> bool:
    """Return whether a command has the flags that a hint names, those of command lines apart."""
    plain = re.sub(r"promote (?:[a-z-]+ )?--[a-z]+", "", hint)
    return all(flag in parser.flags for flag in re.findall(r"(?<!\S)--[a-z-]+", plain))


def _key(name: str) -> str:
    """Return the hint for a flag that is a key of promoter.yaml, here or elsewhere; '' for none."""
    from promoter.config.config import Config
    from promoter.config.mistakes.known_keys import line_for
    from promoter.config.sections import Environment

    line = line_for(Config, name)
    own = {field.alias for field in Environment.model_fields.values()}
    where = "an environment in " if line.partition(":")[0] in own else ""
    return line and f"It is a key of {where}promoter.yaml, as in {line}."


def without_value(flag: str, words: Sequence[str], flags: Sequence[str]) -> UsageError:
    """Return the error for a flag at the end, or before another one, that needs a value."""
    example = EXAMPLES.get(flag[2:].replace("-", "_"), "VALUE")
    at = next((n for n, word in enumerate(words) if word in (flag, f"-{flag[2:3]}")), len(words))
    following = "".join(words[at + 1 : at + 2])
    bare = following.lstrip("-")
    if flag in ("--tag", "--to") and bare != following and kind_of_word(bare) in ("tag", "count"):
        said = f"{flag}: the tag {shown(following)} begins with '-'"
        return UsageError(said, f"Did you mean {flag} {bare}?")
    if following and following.partition("=")[0] not in flags:
        return UsageError(
            f"{flag} has no value: what follows begins with '-'",
            f"Write {flag}={shlex.quote(following)}",
        )
    return UsageError(
        f"{flag} has no value",
        f"Is the variable that holds it empty? Write it as in {flag} {example}",
    )


def with_value(flag: str, value: str) -> UsageError:
    """Return the error for a switch that was given a value."""
    write = f"Leave {flag} out." if value.lower() in OFF else f"Write {flag} alone."
    return UsageError(f"{flag} takes no value, and {shown(value)} is given", write)


def other_dash(word: str) -> UsageError:
    """Return the error for a dash that a word processor has made of two."""
    return UsageError(
        f"{shown(word)} begins with another dash than '-'",
        f"Type it anew: --{word.lstrip(DASHES + '-').partition('=')[0]}",
    )
