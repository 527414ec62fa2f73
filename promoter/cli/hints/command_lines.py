"""The command line that mistaken words and flags probably mean, complete enough to be copied."""

from __future__ import annotations

import re
import shlex
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from promoter.cli.hints.other_tools import RENAMED
from promoter.cli.options import OPTIONS, long_name, prog_of
from promoter.domain.image import split
from promoter.settings.other_names import options_meant

ENVIRONMENTS = ("dev", "development", "test", "qa", "stage", "staging", "prod", "production")
"""Names that environments usually have: a bare one of them is no app."""
# Words that people write before an environment.
_TOWARDS = ("from", "to", "in", "into", "on")
# The commands that take several environments.
_OF_MANY = ("auto", "status", "history")
# What a command cannot do without, and flags that stand for it.
_NEEDED: dict[str, dict[str, tuple[str, ...]]] = {
    "promote": {"APP": ("app", "group"), "TAG": ("tag", "image", "from")},
    "rollback": {"APP": ("app", "group"), "TEXT": ("reason",)},
    "hold": {"APP": ("app",), "TEXT": ("reason",)},
    "unhold": {"APP": ("app",), "TEXT": ("reason",)},
}
# What is done with a pull request: no app.
_VERBS = ("merge", "close", "list")
# Options that people write as words before their values.
_NAMED = ("app", "tag", "to", "env", "image", "steps", "number", "reason")
_NAME = re.compile(r"[\w./:-]+", re.ASCII)
# An object of Kubernetes, as kubectl names it.
_OBJECT = re.compile(
    r"(?:deploy(?:ment)?|statefulset|sts|daemonset|ds|cronjob|job|pod|rollout|app)s?/", re.ASCII
)
_TAG = re.compile(r"v?[0-9][A-Za-z0-9_.-]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# What `--set` of Helm and others is given.
_SET_TAG = re.compile(r"(?:[\w.\[\]-]*\.)?tag=(.+)", re.IGNORECASE)


class CommandLine:
    """The words of a mistaken command line: bare ones, and flags with their values.

    What follows a flag that nobody knows is left out: it may be a secret. `commands` has the options
    of each command.
    """

    def __init__(self, words: Sequence[str], commands: Mapping[str, Sequence[str]]) -> None:
        self.commands = commands
        self.bare: list[str] = []
        self.behind: dict[str, list[str]] = {}
        """By a bare word, the flag before it with its value, and all bare words that follow these."""
        self.flags: list[tuple[str, str]] = []
        """The flags as they are written, with their values; '' for none."""
        waiting, run = deque(words), [""]
        while waiting:
            word = waiting.popleft()
            if not word.startswith("-") or word == "-":
                self.bare.append(word)
                self.behind[word] = run
                run.append(word)
                continue
            flag, sign, value = word.partition("=")
            option = OPTIONS.get(long_name(flag))
            has_value = bool(waiting) and not sign and not (option and option.switch)
            if has_value and not waiting[0].startswith("-"):
                value = waiting.popleft()
            if option is None and (tag := _SET_TAG.fullmatch(value)):
                flag, value = "--tag", tag[1]
            if "image" in (long_name(flag), *options_meant(plain_name(flag))):
                value = image_meant(value)
            self.flags.append((flag, value))
            run = [flag, *filter(None, [value])]

    def filled(self, hint: str, bare: Sequence[str] | None = None) -> str:
        """Return a hint with the line of each command that it names in braces, e.g. `{rollback}`."""
        return re.sub(
            r"\{([a-z-]+)\}",
            lambda one: self.line(one[1], bare) if one[1] in self.commands else one[0],
            hint,
        )

    def line(self, command: str, bare: Sequence[str] | None = None) -> str:
        """Return `promote COMMAND` with the flags, and the bare words under those that they are for.

        `bare` are taken in place of its own bare words. What has no place is left out; what the
        command cannot do without, and is not there, stands as APP, TAG or TEXT.
        """
        bare = self.bare if bare is None else bare
        bare = [one for one in bare if one not in (*self.commands, *_VERBS)]
        if command == "set-image":
            return self._set_image(bare)
        own = self.options(command)
        free = [one for one in self.commands[command] if one not in dict(own)]
        given = _sorted_out(command, bare, free) + own
        for placeholder, names in _NEEDED.get(command, {}).items():
            if not {*names} & dict(given).keys():
                given.append((names[0], placeholder))
        if command == "promote" and {"tag", "image"} & dict(given).keys():
            given = [one for one in given if one[0] != "from"]
        if "to" in dict(given):
            given = [one for one in given if one[0] != "steps"]
        given.sort(key=lambda one: one[0] != "app")
        parts = [part for name, one in given for part in (f"--{name}", one) if part]
        return f"{prog_of(command)} {shlex.join(parts)}".rstrip()

    def options(self, command: str) -> list[tuple[str, str]]:
        """Return the options of a command that its flags are or mean, with their values."""
        options = self.commands[command]
        found: list[tuple[str, str]] = []
        for flag, value in self.flags:
            own = long_name(flag)
            option = own if own in options else RENAMED.get(f"{command} {own}", "")
            # What another tool takes may be an address with a login.
            if not option and value and not ("//" in value and "@" in value):
                option = option_meant(flag, value, options)
            known = OPTIONS[option] if option in options else None
            is_one = known and known.takes(value) and (not value or may_be(option, value))
            if known and is_one and _has_room(command, option, found):
                found.append((option, "" if known.switch else with_hour(option, value)))
        return found

    def _set_image(self, bare: Sequence[str]) -> str:
        """Return the line of `promote set-image` for an image and a tag among bare words."""
        given = (
            value
            for flag, value in self.flags
            if {"image", "tag"} & {long_name(flag), *options_meant(plain_name(flag))}
        )
        words = [*bare, *given]
        objects = [one for one in words if "=" not in one and _OBJECT.match(one)]
        words = [one for one in words if one not in objects]
        # What kustomize takes is taken as it is; kubectl has a container's name before the '='.
        renaming = (
            one for one in words if re.fullmatch(r"[\w./-]+=[\w./:-]+[:@].+", one, re.ASCII)
        )
        if not objects and (whole := next(renaming, "")):
            return f"promote set-image {shlex.quote(whole)}"
        parted = [split_word(one) for one in words if one.strip("-")]
        names = [one for one, sign, _ in parted if sign or kind_of_word(one) == "app"]
        tags = [
            tag or one for one, _, tag in parted if tag or kind_of_word(one) in ("tag", "count")
        ]
        image = f"{[*names, 'NAME'][0]}=*:{[*tags, 'TAG'][0]}"
        return f"promote set-image {shlex.quote(image) if names or tags else image}"


def option_meant(flag: str, value: str, options: Collection[str]) -> str:
    """Return which of some options another tool's flag stands for, its value considered; '' for none."""
    name = plain_name(flag)
    known = [name] if name in options else [one for one in options_meant(name) if one in options]
    return next((one for one in known if may_be(one, value)), "".join(known[:1]))


def image_meant(value: str) -> str:
    """Return an image with its tag as `--image` takes it, `NAME=TAG`, where it stands as `NAME:TAG`."""
    name, sign, tag = split_word(value)
    return f"{name}={tag}" if tag and sign != "@" else value


def plain_name(flag: str) -> str:
    """Return a flag's name as ours are written, without its dashes; a letter stays as it is."""
    return flag.lstrip("-").lower().replace("_", "-") if len(flag) > 2 else flag[1:]


def may_be(option: str, value: str) -> bool:
    """Return whether a value may be one of an option, as far as its form says it."""
    if option in ("steps", "number"):
        return value.isdecimal() and int(value) > 0
    if option in ("env", "dry-run"):
        # `-n` is a namespace with a value, and a dry run without one.
        return bool(value) is (option == "env") and not value.isdecimal()
    return not (option in ("until", "from") and value.isdecimal())


def with_hour(option: str, value: str) -> str:
    """Return the value of an option as it is taken: the end of a hold is a day's first hour."""
    return f"{value}T00:00:00Z" if option == "until" and _DAY.fullmatch(value) else value


def _sorted_out(
    command: str, bare: Sequence[str], options: Collection[str]
) -> list[tuple[str, str]]:
    """Return the values that bare words give some options of a command, by the option."""
    found: list[tuple[str, str]] = []
    waiting = deque(filter(None, bare))
    while waiting:
        word = waiting.popleft().rstrip(":")
        name, _, value = split_word(word)
        following = waiting[0] if waiting else ""
        if name in _TOWARDS and kind_of_word(following) == "env":
            option = "from" if name == "from" and "from" in options else "env"
            word = waiting.popleft()
        elif name in _NAMED and name in options and (value or _fits(name, following)):
            option, word = name, value or waiting.popleft()
            word = image_meant(word) if option == "image" else word
        elif name in _NAMED and (not waiting or any(kind_of_word(one) == "app" for one in waiting)):
            continue
        elif value:
            option, word = "app", name.rpartition("/")[2]
            waiting.appendleft(value)
        else:
            kind = kind_of_word(word)
            option = RENAMED.get(f"{command} {kind}", kind)
            word = word.rpartition("/")[2] if kind == "app" else word
            if option == "env" and command == "promote" and option in dict(found):
                # Of two environments, the first is where it comes from.
                if "from" not in dict(found):
                    found = [("from" if name == "env" else name, one) for name, one in found]
            elif option in dict(found) and command == "promote":
                option = "tag"
        has_room = option in options and _has_room(command, option, found)
        if has_room and (option, word) not in found:
            found.append((option, word))
    return found


def _has_room(command: str, option: str, found: Sequence[tuple[str, str]]) -> bool:
    """Return whether an option may be given once more, beside those that there are."""
    is_many = OPTIONS[option].many or (option == "env" and command in _OF_MANY)
    return is_many or option not in dict(found)


def _fits(option: str, value: str) -> bool:
    """Return whether a word may be the value of an option that stands before it without its dashes."""
    kinds = ("app",) if option == "app" else ("tag", "count")
    is_any = option in ("env", "reason")
    return bool(value) and (is_any or kind_of_word(value) in kinds or bool(split_word(value)[1]))


def kind_of_word(word: str) -> str:
    """Return what a bare word probably is: `env`, `reason`, `count`, `tag`, `file` or `app`."""
    if word in ENVIRONMENTS:
        return "env"
    if " " in word:
        return "reason"
    if word.isdecimal() and len(word) < 3:
        return "count"
    if _TAG.fullmatch(word):
        return "tag"
    return "file" if word.startswith((".", "/", "~")) else "app"


def split_word(word: str) -> tuple[str, str, str]:
    """Return the name, the sign behind it and the tag or value of a word such as `shop=1.5.0`.

    Of `NAME=IMAGE:TAG`, as kubectl has it, the image is the name. A word without a value has no sign.
    """
    name, sign, value = word.partition("=")
    value = value.removeprefix("*:")
    image, tag, digest = split(value if sign else word)
    if (tag or digest) and _NAME.fullmatch(image):
        whole = image if "/" in image or not sign else name
        return whole, sign or (":" if tag else "@"), tag or f"{digest}"
    return (name, sign, value) if sign and value and _NAME.fullmatch(name) else (word, "", "")
