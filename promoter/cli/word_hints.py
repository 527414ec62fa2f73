"""What to write instead of a word that is no command, or no value; imported when there is one."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING

from promoter.cli.hints import DASHES, option_of, other_dash
from promoter.cli.options import OPTIONS, setting_of
from promoter.cli.spellings import COMMANDS_MEANT, COMMANDS_OWN
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence

    from promoter.cli.hints import Grammar

# The commands whose argument is one alone.
_SINGLE = {
    "promote pulls": "Name one pull request at a time.",
    "promote demo": "It takes one folder: promote demo DIR",
}
_TAG = re.compile(r"v?[0-9][A-Za-z0-9_.-]*")
# Names that environments usually have: a bare one of them is no app.
_ENVIRONMENTS = ("dev", "development", "test", "qa", "stage", "staging", "prod", "production")


def unknown_command(word: str, rest: Sequence[str], commands: Iterable[str]) -> UsageError:
    """Return the error for a first word that is no command: what is meant may be flags."""
    plain, message = word.lower(), f"there is no command {shown(word)}"
    bare, flags = _apart([word, *rest])
    if word[:1] in DASHES:
        return other_dash(word)
    if closest(plain, ["promote"]) and plain not in commands:
        line = shlex.join([*bare[1:], *flags]) or "--app APP --tag TAG"
        said = "promote is the command itself" if word == "promote" else message
        return UsageError(said, f"Write it once: promote {line}")
    if plain in ("merge", "close"):
        number = next((one.lstrip("#") for one in rest if one.lstrip("#").isdecimal()), "1")
        return UsageError(message, f"Write promote pulls {plain} {number}")
    if meant := _command_meant(bare, flags, commands):
        return UsageError(message, meant)
    close = closest(plain, list(commands))
    # An app may be called as a command begins, and `promote auto` would promote all that is newer.
    if close and not plain.startswith(close) and not (close == "auto" and rest):
        return UsageError(message, f"Did you mean promote {close}?")
    if "--app" in flags and plain not in OPTIONS:
        return UsageError(message, f"Leave it out; the commands are {', '.join(commands)}.")
    line = _line(bare, flags)
    return UsageError(f"promote takes no {shown(word)}: apps and tags are flags", f"Write {line}")


def _command_meant(bare: Sequence[str], flags: Sequence[str], commands: Iterable[str]) -> str:
    """Return what to write where one of some bare words is a command, here or elsewhere; else ''."""
    words = [word.lower() for word in bare]
    for at, word in enumerate(words):
        meant = COMMANDS_MEANT.get(" ".join(words[at : at + 2])) or COMMANDS_MEANT.get(word)
        if at and word in commands:
            meant = COMMANDS_OWN.get(word, f"Did you mean promote {word} --app APP")
        # An environment may be called as another tool's command is.
        if meant and not (at and word in _ENVIRONMENTS):
            return _filled(meant, [*bare[:at], *bare[at + 1 :]], flags)
    return ""


def _promotion_meant(words: Sequence[str]) -> str:
    """Return what to write for bare words among the flags of a promotion: none where one is alone."""
    bare, flags = _apart(words)
    if "--app" in flags:
        return ""
    meant = _command_meant(bare, flags, ())
    return meant or (f"Write {_line(bare, flags)}" if len(bare) > 1 else "")


def _filled(hint: str, bare: Sequence[str], flags: Sequence[str]) -> str:
    """Return a hint with the app, the tag and the image that bare words or flags name."""
    names = [one for one in bare if one.lower() not in (*COMMANDS_MEANT, *OPTIONS)]
    said = [(name, value) for name, sign, value in map(_split, names) if sign]
    plain = [one for one in names if not _split(one)[1] and _kind(one) == "app"]
    tags = [value for _, value in said] + [one for one in names if _kind(one) == "tag"]
    given = dict(pairwise(flags))
    apps = [one.rpartition("/")[2] for one in (*plain, *(name for name, _ in said))]
    filled = {
        "APP": given.get("--app") or next(iter(apps), "APP"),
        "TAG": given.get("--tag") or next(iter(tags), "TAG"),
        "NAME": next(iter([*(name for name, _ in said), *plain]), "NAME"),
    }
    return re.sub(r"\b(APP|TAG|NAME)\b", lambda one: shlex.quote(filled[one[0]]), hint)


def unknown_word(
    parser: Grammar, words: Sequence[str], word: str, given: argparse.Namespace
) -> UsageError:
    """Return the error for a word that no flag stands before: what is missing may be its flag."""
    prog, flags = parser.prog, parser.flags
    if word[:1] in DASHES:
        return other_dash(word)
    message = f"{prog} takes no argument {shown(word)}"
    if prog == "promote" and (meant := _promotion_meant(words)):
        return UsageError(message, meant)
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
    if (kind := _kind(word)) in missing and (kind != "app" or before[0] != "--app"):
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
    _, flags = _apart(words, options)
    line = shlex.join(["promote", word, *flags])
    return UsageError(f"{prog} takes no argument {shown(word)}", f"The command comes first: {line}")


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
        option = option_of(word)
        has_value = "=" not in word and not (option is not None and option.switch)
        value = [next(waiting, "")] if has_value else []
        if option in taken:
            flags += [word, *value]
    return bare, flags


def _position(words: Sequence[str], word: str) -> int:
    """Return where a word stands that is no flag's value."""
    for at, one in enumerate(words):
        option = option_of(words[at - 1]) if at else None
        if one == word and (option is None or option.switch):
            return at
    return words.index(word)
