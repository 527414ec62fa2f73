"""What to write instead, for each kind of mistake on the command line; imported when there is one."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING, Protocol

from promoter.cli.options import OPTIONS, setting_of
from promoter.cli.spellings import COMMANDS_MEANT, ELSEWHERE, FLAGS_EXPLAINED, FLAGS_MEANT
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping, Sequence

    from promoter.cli.options import Option

# How alike a word must be to a command to be taken for it.
_ALIKE = 0.75
# What word processors make of the dashes of a flag.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
# The commands whose argument is one alone.
_SINGLE = {
    "promote pulls": "Name one pull request at a time.",
    "promote demo": "It takes one folder: promote demo DIR",
}
_TAG = re.compile(r"v?[0-9][A-Za-z0-9_.-]*")
# Names that environments usually have: a bare one of them is no app.
_ENVIRONMENTS = ("dev", "development", "test", "qa", "stage", "staging", "prod", "production")
_EXAMPLES = {
    "APP": "aurora", "TAG": "1.4.2", "IMAGE": "ghcr.io/owner/app=1.4.2", "ENV": "prod",
    "SHA": "0a1b2c3d", "DURATION": "5m", "RULE": "downgrade", "GROUP": "storefront",
    "TEXT": '"1.4.3 loses orders"', "TIME": "24h", "N": "3", "I/N": "2/4",
    "REPO": "https://github.com/owner/gitops", "BRANCH": "main", "KIND": "github",
    "URL": "https://github.example.com/api/v3", "FILE": "promoter.yaml",
    "KEY": "~/.ssh/id_ed25519", "DIR": "~/.cache/promote",
}  # fmt: skip


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


def unknown_command(word: str, rest: Sequence[str], commands: Iterable[str]) -> UsageError:
    """Return the error for a first word that is no command: what is meant may be flags."""
    plain, message = word.lower(), f"there is no command {shown(word)}"
    bare, flags = _apart([word, *rest])
    if word[:1] in _DASHES:
        return _other_dash(word)
    if get_close_matches(plain, ["promote"], cutoff=_ALIKE) and plain not in commands:
        line = shlex.join([*bare[1:], *flags]) or "--app APP --tag TAG"
        said = "promote is the command itself" if word == "promote" else message
        return UsageError(said, f"Write it once: promote {line}")
    if plain in ("merge", "close"):
        number = next((one.lstrip("#") for one in rest if one.lstrip("#").isdecimal()), "1")
        return UsageError(message, f"Write promote pulls {plain} {number}")
    meant = COMMANDS_MEANT.get(" ".join(bare[:2]).lower()) or COMMANDS_MEANT.get(plain)
    if meant:
        return UsageError(message, meant)
    close = get_close_matches(plain, commands, n=1, cutoff=_ALIKE)
    # `promote auto` would promote all that is newer, where one app may be meant.
    if close and not (close == ["auto"] and rest):
        return UsageError(message, f"Did you mean promote {close[0]}?")
    if "--app" in flags and plain not in OPTIONS:
        return UsageError(message, f"Leave it out; the commands are {', '.join(commands)}.")
    line = _line(bare, flags)
    return UsageError(f"promote takes no {shown(word)}: apps and tags are flags", f"Write {line}")


def unknown_word(
    parser: Grammar, words: Sequence[str], word: str, given: argparse.Namespace
) -> UsageError:
    """Return the error for a word that no flag stands before: what is missing may be its flag."""
    prog, flags = parser.prog, parser.flags
    if word[:1] in _DASHES:
        return _other_dash(word)
    message = f"{prog} takes no argument {shown(word)}"
    before = ["", "", *words[: _position(words, word)]][-2:]
    name, sign, value = _split(word)
    if word == "help":
        return UsageError(message, f"Write {prog} --help")
    if sign and f"--{name}" in flags:
        return UsageError(message, f"Write --{name} {shlex.quote(value)}")
    if f"--{word}" in flags:
        return UsageError(message, f"Write --{word} with two '-' before it.")
    if prog in _SINGLE:
        return UsageError(message, _SINGLE[prog])
    option = _option(before[1])
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
    if (kind := _kind(word)) in missing and (kind != "app" or before[0] != "--app"):
        return UsageError(message, f"Write --{kind} {shlex.quote(word)}")
    return UsageError(message, _after(before[0], before[1], words, parser.many))


def _after(flag: str, value: str, words: Sequence[str], many: Sequence[str]) -> str:
    """Return what to write where a word follows a flag's value."""
    option, at = _option(flag), words.index(value) if value in words else 0
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


def unknown_flag(parser: Grammar, name: str) -> UsageError:
    """Return the error for a flag that a command has not: another's, another tool's, or misspelt."""
    prog, flags = parser.prog, parser.flags
    option, message = name.removeprefix("--"), f"{prog} has no flag {shown(name)}"
    if name.startswith("--") and option in OPTIONS:
        return UsageError(f"{prog} takes no {name}", _elsewhere(prog, option, parser.commands))
    plain = f"--{option.lstrip('-').lower().replace('_', '-')}" if len(name) > 2 else name
    if plain in flags:
        return UsageError(message, f"Did you mean {plain}?")
    explained = FLAGS_EXPLAINED.get(plain)
    if plain in ("--all", "-A", "--all-apps") and prog.endswith(("status", "history", "pulls")):
        explained = "It shows all: leave it out."
    meant = FLAGS_MEANT.get(plain)
    if meant and meant in flags:
        return UsageError(message, f"Did you mean {meant}?")
    if explained is None and (key := _key(plain.removeprefix("--"))):
        explained = f"It is a key of promoter.yaml, as in {key}."
    if explained is not None:
        return UsageError(message, explained)
    close = closest(plain, flags)
    shortened = ", ".join(flags[:6])
    return UsageError(
        message,
        f"Did you mean {close}?" if close else f"It has {shortened} and others: {prog} --help",
    )


def _elsewhere(prog: str, option: str, commands: Mapping[str, Sequence[str]]) -> str:
    """Return what to write where a flag is one of other commands."""
    command = prog.removeprefix("promote").strip() or "promote"
    hint = ELSEWHERE.get((command, option)) or ELSEWHERE.get((command, ""))
    if hint:
        return hint
    having = [
        f"promote {name}" if name != "promote" else name
        for name, options in commands.items()
        if option in options
    ]
    return f"It is a flag of {', '.join(having[:3])}; leave it out here."


def late_command(prog: str, words: Sequence[str], word: str, options: Sequence[str]) -> UsageError:
    """Return the error for a command that does not come first."""
    _, flags = _apart(words, options)
    line = shlex.join(["promote", word, *flags])
    return UsageError(f"{prog} takes no argument {shown(word)}", f"The command comes first: {line}")


def without_value(flag: str, words: Sequence[str], flags: Sequence[str]) -> UsageError:
    """Return the error for a flag at the end, or before another one, that needs a value."""
    option = _option(flag)
    example = "VALUE"
    if option is not None:
        example = _EXAMPLES.get(option.metavar) or (option.choices or ("VALUE",))[0]
    at = next((n for n, word in enumerate(words) if word in (flag, f"-{flag[2:3]}")), len(words))
    following = "".join(words[at + 1 : at + 2])
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


def _other_dash(word: str) -> UsageError:
    """Return the error for a dash that a word processor has made of two."""
    return UsageError(
        f"{shown(word)} begins with another dash than '-'",
        f"Type it anew: --{word.lstrip(_DASHES + '-').partition('=')[0]}",
    )


def _line(bare: Sequence[str], flags: Sequence[str]) -> str:
    """Return a command line of bare words with the flags that are probably meant."""
    found: dict[str, str] = {}
    words = list(bare)
    while words:
        word = words.pop(0)
        name, _, value = _split(word)
        if name in OPTIONS:
            found[name] = value or ("" if OPTIONS[name].switch or not words else words.pop(0))
        elif value:
            found |= {"app": name.rpartition("/")[2], "tag": value}
        else:
            kind = _kind(word)
            found.setdefault("tag" if kind in found else kind, word)
    parts = [] if "--app" in flags else ["--app", found.pop("app", "APP")]
    for name, value in found.items():
        parts += [f"--{name}", *filter(None, [value])]
    if "tag" not in found and not {"--tag", "--image", "--from"} & set(flags):
        parts += ["--tag", "TAG"]
    return shlex.join(["promote", *parts, *flags])


def _kind(word: str) -> str:
    """Return the flag that a bare word probably wants."""
    return "env" if word in _ENVIRONMENTS else "tag" if _TAG.fullmatch(word) else "app"


def _split(word: str) -> tuple[str, str, str]:
    """Return what stands before and after a word's `=`, `@` or `:`."""
    found = re.fullmatch(r"([\w./-]+)([=:@])([^=:@]+)", word)
    return (found[1], found[2], found[3]) if found else (word, "", "")


def _option(flag: str) -> Option | None:
    """Return the option of a flag, long or short; None for any other word."""
    if flag.startswith("--"):
        return OPTIONS.get(flag[2:].partition("=")[0])
    return next((one for one in OPTIONS.values() if one.short and one.short == flag), None)


def _apart(
    words: Sequence[str], options: Iterable[str] = tuple(OPTIONS)
) -> tuple[list[str], list[str]]:
    """Return the bare words, and the flags of some options with their values.

    What follows another flag is left out: it may be a secret.
    """
    bare: list[str] = []
    flags: list[str] = []
    taken = [OPTIONS[one] for one in options if one in OPTIONS]
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("-"):
            bare.append(word)
            continue
        option = _option(word)
        has_value = "=" not in word and not (option is not None and option.switch)
        value = [next(waiting, "")] if has_value else []
        if option in taken:
            flags += [word, *value]
    return bare, flags


def _position(words: Sequence[str], word: str) -> int:
    """Return where a word stands that is no flag's value."""
    for at, one in enumerate(words):
        option = _option(words[at - 1]) if at else None
        if one == word and (option is None or option.switch):
            return at
    return words.index(word)


def _key(name: str) -> str:
    """Return a line of promoter.yaml for a key that an environment, an app or the file has."""
    from promoter.config.examples import example_of

    return example_of(name)
