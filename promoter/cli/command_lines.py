"""The command line that bare words and some flags probably mean, complete enough to be copied."""

from __future__ import annotations

import re
import shlex
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

from promoter.cli.options import OPTIONS, option_of
from promoter.cli.other_tools_flags import FLAGS_MEANT
from promoter.domain.image import split
from promoter.settings.other_names import options_meant

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

ENVIRONMENTS = ("dev", "development", "test", "qa", "stage", "staging", "prod", "production")
"""Names that environments usually have: a bare one of them is no app."""
# What a bare word of some kind is to a command, where the flag has another name.
_FLAGS = {
    ("rollback", "tag"): "to",
    ("rollback", "count"): "steps",
    ("history", "count"): "number",
    ("promote", "count"): "tag",
}
# Words that people write before an environment.
_TOWARDS = ("from", "to", "in", "into", "on")
# Flags that one command has for what another calls otherwise.
_SAME = {("promote", "--to"): "--tag", ("rollback", "--tag"): "--to"}
# The commands that take several environments.
_OF_MANY = ("auto", "status", "history")
# What a command cannot do without, and flags that stand for it.
_NEEDED = {
    "promote": (("app", "APP", ("group",)), ("tag", "TAG", ("image", "from"))),
    "rollback": (("app", "APP", ("group",)), ("reason", "TEXT", ())),
    "hold": (("app", "APP", ()), ("reason", "TEXT", ())),
    "unhold": (("app", "APP", ()), ("reason", "TEXT", ())),
}
# Options that people write as words, and what their values are.
_NAMED = {
    "app": "app", "tag": "tag", "to": "tag", "env": "env", "image": "image", "steps": "tag",
    "number": "tag", "reason": "reason",
}  # fmt: skip
_NAME = re.compile(r"[\w./:-]+", re.ASCII)
# An object of Kubernetes, as kubectl names it.
_OBJECT = re.compile(
    r"(?:deploy(?:ment)?|statefulset|sts|daemonset|ds|cronjob|job|pod|rollout|app)s?/", re.ASCII
)
_ANY_IMAGE = "NAME=*:TAG"
_TAG = re.compile(r"v?[0-9][A-Za-z0-9_.-]*")


def meant_line(
    command: str, options: Sequence[str], bare: Sequence[str], flags: Sequence[str]
) -> str:
    """Return `promote COMMAND` with bare words under the flags that they probably belong to.

    `options` are the command's, and `flags` are given with their values. What the command cannot do
    without, and is not there, stands as APP, TAG or TEXT.
    """
    if command == "set-image":
        pairs = dict(pairwise(flags))
        return _set_image([*bare, *(pairs[one] for one in ("--image", "--tag") if one in pairs)])
    name = ["promote"] if command == "promote" else ["promote", command]
    own = apart([_SAME.get((command, one), one) for one in flags], options)[1]
    given = {one.partition("=")[0] for one in own}
    found = _sorted_out(command, bare, options)
    missing = {
        option: [placeholder]
        for option, placeholder, others in _NEEDED.get(command, ())
        if option not in found and not {f"--{one}" for one in (option, *others)} & given
    }
    app = {"app": (missing.pop("app", None) or found.pop("app", []))}
    found = {
        option: values for option, values in {**app, **found}.items() if f"--{option}" not in given
    }
    return shlex.join([*name, *_as_flags(found), *own, *_as_flags(missing)])


def _as_flags(values: Mapping[str, Sequence[str]]) -> list[str]:
    """Return options with their values as words of a command line; an empty value is a switch's."""
    return [
        part
        for option, given in values.items()
        for one in given
        for part in (f"--{option}", *filter(None, [one]))
    ]


def _sorted_out(command: str, bare: Sequence[str], options: Sequence[str]) -> dict[str, list[str]]:
    """Return the values that bare words give some options of a command."""
    found: dict[str, list[str]] = {}
    words = list(bare)
    while words:
        word = words.pop(0).rstrip(":")
        name, _, value = split_word(word)
        if name in _TOWARDS and words and kind_of(words[0]) == "env":
            option = "from" if name == "from" and "from" in options else "env"
            found[option] = [words.pop(0)]
        elif name in _NAMED and (value or (words and _fits(name, words[0]))):
            found[name] = [value or words.pop(0)]
        elif name in _NAMED and not value and any(kind_of(one) == "app" for one in words):
            continue
        elif value:
            found |= {"app": [name.rpartition("/")[2]]}
            words.insert(0, value)
        else:
            _sort(command, word, options, found)
    return found


def _fits(option: str, value: str) -> bool:
    """Say whether a word may be the value of an option that stands before it without its dashes."""
    kind = kind_of(value)
    return option in ("env", "reason") or kind == _NAMED[option] or bool(split_word(value)[1])


def _sort(command: str, word: str, options: Sequence[str], found: dict[str, list[str]]) -> None:
    """Put a word under the option that it is probably for; one that fits none is left out."""
    kind = "reason" if " " in word else kind_of(word)
    if word.isdecimal() and len(word) < 3:
        kind = "count"
    elif kind == "app" and word.startswith((".", "/", "~")):
        return  # a file or a folder
    elif kind == "app":
        word = word.rpartition("/")[2]
    option = _FLAGS.get((command, kind), kind)
    if option in found and command == "promote":
        option = "tag"
    if option in options and option not in found:
        found[option] = [word]
    elif option in options and (option == "app" or (option == "env" and command in _OF_MANY)):
        found[option].append(word)


def _set_image(bare: Sequence[str]) -> str:
    """Return the line of `promote set-image` for an image and a tag among bare words."""
    pairs = [(name, value) for name, sign, value in map(split_word, bare) if sign]
    plain = [one for one in bare if not split_word(one)[1] and not _OBJECT.match(one)]
    names = [name for name, _ in pairs] + [one for one in plain if kind_of(one) == "app"]
    tags = [value for _, value in pairs] + [one for one in plain if kind_of(one) == "tag"]
    image = f"{next(iter(names), 'NAME')}=*:{next(iter(tags), 'TAG')}"
    return f"promote set-image {image if image == _ANY_IMAGE else shlex.quote(image)}"


def kind_of(word: str) -> str:
    """Return what a bare word probably is: `app`, `env` or `tag`."""
    return "env" if word in ENVIRONMENTS else "tag" if _TAG.fullmatch(word) else "app"


def split_word(word: str) -> tuple[str, str, str]:
    """Return the name, the sign behind it and the tag or value of a word such as `shop=1.5.0`.

    Of `NAME=IMAGE:TAG`, as kubectl has it, the image is the name. A word without a value has no sign.
    """
    name, sign, value = word.partition("=")
    value = value.removeprefix("*:")
    image, tag, digest = split(value if sign else word)
    if (tag or digest) and _NAME.fullmatch(image):
        return (
            (image if "/" in image or not sign else name),
            sign or (":" if tag else "@"),
            tag or f"{digest}",
        )
    return (name, sign, value) if sign and value and _NAME.fullmatch(name) else (word, "", "")


def _ours(word: str, value: Sequence[str], options: Iterable[str]) -> list[str]:
    """Return another tool's flag with its value as ours; nothing where there is no such, or a login."""
    name, _, own = word.partition("=")
    given = own or "".join(value)
    plain = f"--{name.strip('-').lower().replace('_', '-')}"
    if len(name) > 2 and plain[2:] in options:
        return [plain, *filter(None, [given])]
    if name in ("--set", "--set-string", "--helm-set", "-p", "--parameter"):
        key, _, tag = given.partition("=")
        return ["--tag", tag] if key.rpartition(".")[2].lower() == "tag" and tag else []
    names = [FLAGS_MEANT[name]] if name in FLAGS_MEANT else options_meant(name[2:])
    meant = next((one for one in names if one in options), None)
    if meant is None or not given or given.startswith("-") or ("//" in given and "@" in given):
        return []
    return [f"--{meant}"] if OPTIONS[meant].switch else [f"--{meant}", given]


def apart(
    words: Sequence[str], options: Iterable[str] = tuple(OPTIONS)
) -> tuple[list[str], list[str]]:
    """Return the bare words, and the flags of some options with their values.

    Other tools' flags are those that they stand for. What follows any other flag is left out: it may
    be a secret.
    """
    bare: list[str] = []
    flags: list[str] = []
    taken = [OPTIONS[one] for one in options if one in OPTIONS]
    waiting = deque(words)
    while waiting:
        word = waiting.popleft()
        if not word.startswith("-"):
            bare.append(word)
            continue
        option = option_of(word)
        has_value = bool(waiting) and "=" not in word and not (option and option.switch)
        # What begins with '-' is no value of a flag that is not known.
        if has_value and option is None:
            has_value = not waiting[0].startswith("-")
        value = [waiting.popleft()] if has_value else []
        if option in taken:
            flags += [word, *value]
        elif option is None:
            flags += _ours(word, value, options)
    return bare, flags
