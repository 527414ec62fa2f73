"""What to write instead of a flag that is not there, or is malformed; imported when there is one."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Protocol

from promoter.cli.command_lines import apart, kind_of, meant_line
from promoter.cli.options import OPTIONS, option_of
from promoter.cli.other_tools_flags import FLAGS_EXPLAINED, FLAGS_MEANT
from promoter.cli.spellings import COMMANDS_MEANT, ELSEWHERE
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest
from promoter.settings.other_names import options_meant

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


# What word processors make of the dashes of a flag.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_EXAMPLES = {
    "APP": "aurora", "TAG": "1.4.2", "IMAGE": "ghcr.io/owner/app=1.4.2", "ENV": "prod",
    "SHA": "0a1b2c3d", "DURATION": "5m", "RULE": "downgrade", "GROUP": "storefront",
    "TEXT": '"1.4.3 loses orders"', "TIME": "24h", "N": "3", "I/N": "2/4",
    "REPO": "https://github.com/owner/gitops", "BRANCH": "main", "KIND": "github",
    "URL": "https://github.example.com/api/v3", "FILE": "promoter.yaml",
    "KEY": "~/.ssh/id_ed25519", "DIR": "~/.cache/promote",
}  # fmt: skip
# What is repeated of a value: no address with a login, no text of a program.
_PLAIN = re.compile(r"[\w.:@/*^~+-]{1,100}", re.ASCII)
_FORMS = {
    "TAG": re.compile(r"v?[0-9][\w.-]{0,99}", re.ASCII),
    "N": re.compile(r"[0-9]{1,3}", re.ASCII),
    "DIGEST": re.compile(r"sha256:[0-9a-f]{64}"),
}
_EACH = "Name each app: --app A --app B"
_TAG = re.compile(r"-+v?[0-9][A-Za-z0-9_.-]*", re.ASCII)


class Grammar(Protocol):
    """What the hints ask of a command's parser."""

    prog: str
    commands: Mapping[str, Sequence[str]]
    """The options of each command."""

    @property
    def flags(self) -> Sequence[str]:
        """The command's flags, those of its help first."""

    @property
    def many(self) -> Sequence[str]:
        """Those that may be given several times."""


def unknown_flag(parser: Grammar, name: str, words: Sequence[str]) -> UsageError:
    """Return the error for a flag that a command has not: another's, another tool's, or misspelt.

    `words` is all that the command was given, with the flag.
    """
    prog, option = parser.prog, name.removeprefix("--")
    value = _value_of(name, words)
    if late := _late(parser, words):
        return UsageError(f"{prog} has no command behind flags", f"The command comes first: {late}")
    if len(name) == 2 and name not in FLAGS_MEANT and option_of(name) is not None:
        option = next(long for long, one in OPTIONS.items() if one.short == name)
        name = f"--{option}"
    if name == "--":
        return UsageError(f"{prog} takes nothing behind '--'", "Leave '--' out.")
    if name.startswith("--") and option in OPTIONS:
        hint = _elsewhere(prog, option, value, parser.commands)
        return UsageError(f"{prog} takes no {name}", filled(hint, words, parser.commands, value))
    plain = f"--{option.lstrip('-').lower().replace('_', '-')}" if len(name) > 2 else name
    hint = (
        _other_flag(parser, plain, value, words)
        or _rule(parser, plain)
        or _explained(parser, plain)
    )
    foreign = [one for one in words if one.startswith("-") and option_of(one) is None]
    if hint.startswith("Did you mean --") and len(foreign) > 1:
        hint = f"Did you mean {{{prog.removeprefix('promote').strip() or 'promote'}}}"
    if not hint:
        close = closest(plain, parser.flags)
        # A flag of other words is another one: --app-version is no --app.
        if close and close.count("-") != plain.count("-") and not close.startswith(plain):
            close = None
        listed = f"It has {', '.join(parser.flags[:6])} and others: {prog} --help"
        hint = f"Did you mean {close}?" if close else listed
    return UsageError(
        f"{prog} has no flag {shown(name)}", filled(hint, words, parser.commands, value)
    )


def _late(parser: Grammar, words: Sequence[str]) -> str:
    """Return the line of a command that stands behind flags of `promote`; '' where none does."""
    bare, flags = apart(words)
    names = [one for one in bare if one in parser.commands and one != "promote"]
    if parser.prog != "promote" or len(names) != 1 or not words[0].startswith("-"):
        return ""
    rest = [one for one in bare if one != names[0]]
    return meant_line(names[0], parser.commands[names[0]], rest, flags)


def _other_flag(parser: Grammar, plain: str, value: str, words: Sequence[str]) -> str:
    """Return the hint for a flag that stands for one which the command has; '' for any other."""
    if plain in parser.flags:
        return f"Did you mean {plain}?"
    if "--number" in parser.flags and plain.lstrip("-").isdecimal():
        return f"Did you mean --number {plain.lstrip('-')}?"
    names = FLAGS_MEANT[plain].split() if plain in FLAGS_MEANT else options_meant(plain[2:])
    known = [one for one in names if f"--{one}" in parser.flags]
    if not known:
        return ""
    meant = next((one for one in known if _may_be(one, value)), known[0])
    option = OPTIONS.get(meant)
    given = {one.partition("=")[0] for one in words}
    if f"--{meant}" in given and f"--{meant}" not in parser.many:
        return f"Leave it out: --{meant} is given."
    if value and option is not None and option.choices and value not in option.choices:
        return f"Did you mean {' or '.join(f'--{meant} {one}' for one in option.choices)}?"
    # An address may hold a login.
    may_show = not (option is not None and option.switch) and meant != "repo"
    if not value and option is not None and option.metavar == "DURATION":
        value = _EXAMPLES["DURATION"]
    shows = may_show and _may_be(meant, value) and _PLAIN.fullmatch(value)
    return f"Did you mean --{meant}{f' {shlex.quote(value)}' if shows else ''}?"


def _may_be(option: str, value: str) -> bool:
    """Say whether a value may be one of an option, as far as its form says it."""
    if option in ("steps", "number"):
        return value.isdecimal()
    return not (option == "until" and value.isdecimal())


def _rule(parser: Grammar, plain: str) -> str:
    """Return the hint for a flag that names a rule to go on in spite of; '' for any other."""
    from promoter.gates import allowable

    verb = re.match(r"--(?:allow|skip|ignore|disable|without|no|override|bypass)-", plain)
    rule = plain[verb.end() if verb else 2 :]
    known = "--allow" in parser.flags and rule in allowable()
    if verb is None and (rule in parser.commands or _key(rule)):
        return ""
    return f"Did you mean --allow {rule}?" if known else ""


def _explained(parser: Grammar, plain: str) -> str:
    """Return the hint for another tool's flag that has no counterpart; '' for one that is unknown."""
    prog, name = parser.prog, plain.lstrip("-")
    if prog == "promote demo":
        return ELSEWHERE["demo", ""]
    if plain in ("--all", "-A", "--all-apps", "--all-namespaces", "--all-environments"):
        if prog.endswith(("status", "history", "pulls")):
            return "It shows all: leave it out."
        if prog != "promote":
            return "It takes all: leave it out." if prog.endswith("auto") else _EACH
    if plain.startswith("--no-") and f"--{plain[5:]}" in parser.flags:
        return f"Without --{plain[5:]} it is off: leave it out."
    if (text := FLAGS_EXPLAINED.get(plain)) is not None:
        return text if _is_for(text, parser) else "It is of no use here: leave it out."
    if name in parser.commands and name != "promote":
        return f"It is a command: {{{name}}}"
    if variable := _variable(name):
        return f"It is no flag, but the variable {variable}."
    if key := _key(name):
        return f"It is a key of {_section(name)}, as in {key}."
    return COMMANDS_MEANT.get(name, "") if plain.startswith("--") else ""


def _is_for(text: str, parser: Grammar) -> bool:
    """Say whether a command has the flags that a text names, those of command lines apart."""
    plain = re.sub(r"promote [a-z-]+ --[a-z]+", "", text)
    return all(flag in parser.flags for flag in re.findall(r"(?<!\S)--[a-z-]+", plain))


def _variable(name: str) -> str:
    """Return the variable of ours by which a setting is given that has no flag; '' for none."""
    from promoter.settings import Settings

    setting = name.replace("-", "_")
    return f"PROMOTER_{setting.upper()}" if setting in Settings.model_fields else ""


def _value_of(name: str, words: Sequence[str]) -> str:
    """Return what a flag was given, behind a `=` or as the next word; '' for nothing."""
    for at, word in enumerate(words):
        if word.startswith(f"{name}="):
            return word.partition("=")[2]
        if word == name:
            return next((one for one in words[at + 1 : at + 2] if not one.startswith("-")), "")
    return ""


def filled(
    hint: str, words: Sequence[str], commands: Mapping[str, Sequence[str]], value: str = ""
) -> str:
    """Return a hint of `spellings` with the command lines and the value that it names.

    `words` is what was given, `commands` has the options of each command, and `value` is that of the
    flag which the hint is about.
    """
    bare, flags = apart(words)

    def line(found: re.Match[str]) -> str:
        if found[1] not in commands:
            return found[0]
        return meant_line(found[1], commands[found[1]], bare, flags)

    last = value.rpartition("=")[2]
    hint = re.sub(r"\{value:([A-Z]+)\}", lambda one: _or_placeholder(one[1], last), hint)
    return re.sub(r"\{([a-z-]+)\}", line, hint)


def _or_placeholder(placeholder: str, value: str) -> str:
    """Return a value as it is written in a command line, or what stands for it where it is no such."""
    form = _FORMS.get(placeholder, _PLAIN)
    return shlex.quote(value) if form.fullmatch(value) else placeholder


def _elsewhere(prog: str, option: str, value: str, commands: Mapping[str, Sequence[str]]) -> str:
    """Return what to write where a flag is one of other commands."""
    command = prog.removeprefix("promote").strip() or "promote"
    kinds = (f"{option} {'tag' if not value or kind_of(value) == 'tag' else 'env'}", option, "")
    hint = next((ELSEWHERE[command, one] for one in kinds if (command, one) in ELSEWHERE), None)
    if hint:
        return hint
    having = [
        f"promote {name}" if name != "promote" else name
        for name, options in commands.items()
        if option in options
    ]
    return f"It is a flag of {', '.join(having[:3])}; leave it out here."


def without_value(flag: str, words: Sequence[str], flags: Sequence[str]) -> UsageError:
    """Return the error for a flag at the end, or before another one, that needs a value."""
    option = option_of(flag)
    example = "VALUE"
    if option is not None:
        example = _EXAMPLES.get(option.metavar) or (option.choices or ("VALUE",))[0]
    at = next((n for n, word in enumerate(words) if word in (flag, f"-{flag[2:3]}")), len(words))
    following = "".join(words[at + 1 : at + 2])
    if flag in ("--tag", "--to") and _TAG.fullmatch(following):
        said = f"{flag}: the tag {shown(following)} begins with '-'"
        return UsageError(said, f"Did you mean {flag} {following.lstrip('-')}?")
    if following and following.partition("=")[0] not in flags:
        return UsageError(
            f"{flag} has no value: what follows begins with '-'",
            f"Write {flag}={shlex.quote(following)}",
        )
    return UsageError(
        f"{flag} has no value",
        f"Is a variable empty that holds it? Write it as in {flag} {example}",
    )


def with_value(flag: str, value: str) -> UsageError:
    """Return the error for a switch that was given a value."""
    off = value.lower() in ("false", "no", "0", "off", "none")
    write = f"Leave {flag} out." if off else f"Write {flag} alone."
    return UsageError(f"{flag} takes no value, and {shown(value)} is given", write)


def other_dash(word: str) -> UsageError:
    """Return the error for a dash that a word processor has made of two."""
    return UsageError(
        f"{shown(word)} begins with another dash than '-'",
        f"Type it anew: --{word.lstrip(DASHES + '-').partition('=')[0]}",
    )


def _section(name: str) -> str:
    """Return the part of promoter.yaml that a key belongs to, in words."""
    from promoter.config.sections import Environment

    keys = {field.alias for field in Environment.model_fields.values()}
    own = {name, f"{name}s", name.removesuffix("s")} & keys
    return f"{'an environment in ' if own else ''}promoter.yaml"


def _key(name: str) -> str:
    """Return a line of promoter.yaml for a key that an environment, an app or the file has."""
    from promoter.config.examples import example_of

    return example_of(name)
