"""What to write instead of a flag that is not there, or is malformed; imported when there is one."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Protocol

from promoter.cli.options import OPTIONS
from promoter.cli.spellings import ELSEWHERE, FLAGS_EXPLAINED, FLAGS_MEANT
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from promoter.cli.options import Option

# What word processors make of the dashes of a flag.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2212"
_WITH_REPOSITORY = "auto|rollback|hold|unhold|status|history|pulls(?: \\w+ \\d+)?"
_EXAMPLES = {
    "APP": "aurora", "TAG": "1.4.2", "IMAGE": "ghcr.io/owner/app=1.4.2", "ENV": "prod",
    "SHA": "0a1b2c3d", "DURATION": "5m", "RULE": "downgrade", "GROUP": "storefront",
    "TEXT": '"1.4.3 loses orders"', "TIME": "24h", "N": "3", "I/N": "2/4",
    "REPO": "https://github.com/owner/gitops", "BRANCH": "main", "KIND": "github",
    "URL": "https://github.example.com/api/v3", "FILE": "promoter.yaml",
    "KEY": "~/.ssh/id_ed25519", "DIR": "~/.cache/promote",
}  # fmt: skip
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


def unknown_flag(parser: Grammar, name: str) -> UsageError:
    """Return the error for a flag that a command has not: another's, another tool's, or misspelt."""
    prog, flags = parser.prog, parser.flags
    option, message = name.removeprefix("--"), f"{prog} has no flag {shown(name)}"
    if name.startswith("--") and option in OPTIONS:
        return UsageError(f"{prog} takes no {name}", _elsewhere(prog, option, parser.commands))
    plain = f"--{option.lstrip('-').lower().replace('_', '-')}" if len(name) > 2 else name
    if plain in flags:
        return UsageError(message, f"Did you mean {plain}?")
    if prog == "promote demo":
        return UsageError(message, ELSEWHERE["demo", ""])
    explained = FLAGS_EXPLAINED.get(plain)
    if plain in ("--all", "-A", "--all-apps") and prog.endswith(("status", "history", "pulls")):
        explained = "It shows all: leave it out."
    meant = next((one for one in FLAGS_MEANT.get(plain, "").split() if one in flags), None)
    if meant:
        return UsageError(message, f"Did you mean {meant}?")
    if plain.startswith("--no-") and f"--{plain[5:]}" in flags:
        explained = f"Without --{plain[5:]} it is off: leave it out."
    if explained is None and (key := _key(plain.removeprefix("--"))):
        explained = f"It is a key of promoter.yaml, as in {key}."
    if explained is not None:
        return UsageError(message, explained)
    close = closest(plain, flags)
    # A flag of other words is another one: --app-version is no --app.
    if close and close.count("-") != plain.count("-") and not close.startswith(plain):
        close = None
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


def option_of(flag: str) -> Option | None:
    """Return the option of a flag, long or short; None for any other word."""
    if flag.startswith("--"):
        return OPTIONS.get(flag[2:].partition("=")[0])
    return next((one for one in OPTIONS.values() if one.short and one.short == flag), None)


def _key(name: str) -> str:
    """Return a line of promoter.yaml for a key that an environment, an app or the file has."""
    from promoter.config.examples import example_of

    return example_of(name)


def with_repository(hint: str, repo: str) -> str:
    """Return a hint whose commands name the repository, so that they work when they are copied.

    A command that names one is left as it is.
    """
    valued = "|".join(name for name, one in OPTIONS.items() if not one.switch)
    switches = "|".join(name for name, one in OPTIONS.items() if one.switch)
    value = r"""(?:"[^"]*"|'[^']*'|[^\s;,"']*[^\s;,.?:"'])"""
    flags = rf"(?: --(?:{valued})[ =]{value}| --(?:{switches})\b| -[qv]\b)+"
    command = re.compile(rf"\bpromote(?: (?:{_WITH_REPOSITORY}))?{flags}")
    given = f" --repo {shlex.quote(repo)}"
    return command.sub(lambda one: one[0] + ("" if " --repo" in one[0] else given), hint)
