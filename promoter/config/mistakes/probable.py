"""Values of `promoter.yaml` that may stand there and are probably not meant: a warning for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, TypeAlias

from promoter.config.document import Document
from promoter.config.mistakes.known_keys import get
from promoter.domain.duration import format_duration, parse_duration
from promoter.domain.json import mapping
from promoter.domain.redaction import shown
from promoter.policy.pattern import compiled

_Place: TypeAlias = tuple[object, ...]
_Warning: TypeAlias = tuple[tuple[int, int], str]

_BY_PULL = ("pull-request", "auto-merge")
# The key that each of these needs, its default, and the values with which they do anything.
_NEEDS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "batch": ("deliver", "pull-request", ("push",)),
    "merge-method": ("deliver", "pull-request", ("auto-merge",)),
    **dict.fromkeys(
        ("reviewers", "assignees", "labels", "milestone", "draft", "argocd-url"),
        ("deliver", "pull-request", _BY_PULL),
    ),
    **dict.fromkeys(
        ("cosign-key", "cosign-identity", "cosign-issuer", "cosign-log"),
        ("signature", "off", ("warn", "refuse")),
    ),
    "digest": ("pin", "tag", ("digest", "both")),
}
# The sections of an environment in which such keys stand, too.
_SECTIONS = ("checks", "policy")
_DURATIONS = ("soak", "max-age", "duration")
PATTERNS = ("tags", "include", "exclude")
"""The keys whose value is a regular expression over tags."""
# A number of more seconds is probably meant as such.
_FEW_SECONDS = 600
# What is written to take every tag.
_ANY_TAG = re.compile(r"\^?\(?(?:\.\*)?\)?\$?")
_SHELL_PATTERN = re.compile(r"[\w.*?+-]+", re.ASCII)


def probable_mistakes(document: Document) -> list[str]:
    """Return a warning for each value of a valid document that does nothing, or not what is meant.

    They are in the order of their places.
    """
    found = sorted((*_without_effect(document), *_doubts(document)), key=lambda one: one[0])
    return [f"{document.file}:{line}:{column}: {said}" for (line, column), said in found]


def _doubts(document: Document) -> Iterator[_Warning]:
    top = mapping(document.value)
    waiting: list[tuple[_Place, object]] = [
        ((key,), top[key]) for key in ("environments", "apps") if key in top
    ]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*place, key), inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [((*place, number), inner) for number, inner in enumerate(value)]
        elif said := _doubt(place, value):
            yield _warning(document, place, said)


def _without_effect(document: Document) -> Iterator[_Warning]:
    """Yield a warning for each key that does nothing beside the value of another one."""
    apps = mapping(get(document.value, "apps"))
    for name, environment in mapping(get(document.value, "environments")).items():
        overrides = {
            ("apps", app, "environments", name): get(mapping(get(one, "environments")), name)
            for app, one in apps.items()
        }
        around = _flat(environment)
        own = {place: around | _flat(one) for place, one in overrides.items()}
        # What an app has from the environment may have an effect there.
        yield from _idle(document, ("environments", name), [around, *own.values()])
        for place, one in own.items():
            yield from _idle(document, place, [one])


def _idle(
    document: Document, place: _Place, levels: Sequence[Mapping[str, object]]
) -> Iterator[_Warning]:
    """Yield a warning for each key that stands at a place and does nothing at any of some levels."""
    written = mapping(reduce(get, place, document.value))
    for within in (place, *((*place, one) for one in _SECTIONS if one in written)):
        section = mapping(reduce(get, within, document.value))
        for key in (one for one in section if section[one] and one in _NEEDS):
            other, default, needed = _NEEDS[key]
            values = [_word(level.get(other, default)) for level in levels]
            if not any(value in needed for value in values):
                beside = f"checks.{other}" if within[-1] == "checks" else other
                without = f"does nothing with {beside}: {values[0]}: remove it, or set {beside}"
                yield _warning(document, (*within, key), f"{without}: {needed[0]}")


def _flat(environment: object) -> dict[str, Any]:
    """Return an environment's keys together with those of its sections."""
    own = mapping(environment)
    return reduce(lambda found, one: found | mapping(own.get(one)), _SECTIONS, own)


def _word(value: object) -> str:
    """Return a value as the word that YAML 1.1 reads as a boolean."""
    return str(value) if not isinstance(value, bool) else "refuse" if value else "off"


def _warning(document: Document, place: _Place, said: str) -> _Warning:
    where, key = document.place(place), ".".join(map(str, place))
    return (where["line"] or 1, where["column"] or 1), f"{key}: {said}"


def _doubt(place: _Place, value: object) -> str:
    """Return why a value is probably not what is meant; '' where nothing speaks against it."""
    key = next(one for one in reversed(place) if isinstance(one, str))
    if key in _DURATIONS and value is not None:
        return _doubtful_duration(str(value), key)
    if key in PATTERNS and isinstance(value, str) and re.fullmatch("/.*/", value):
        return f"no tag has a '/': write {shown(value[1:-1])}, without slashes around it"
    if key in PATTERNS and isinstance(value, str) and compiled(value).search(""):
        return _doubtful_pattern(value, excludes=key == "exclude")
    return ""


def _doubtful_duration(text: str, key: str) -> str:
    duration = parse_duration(text)
    if not duration:
        every = ", so that every image is too old" if key == "max-age" else ""
        return f"{text} is no time at all{every}: leave it out"
    if not re.fullmatch(r"[0-9.]+", text):
        return ""
    if duration.total_seconds() > _FEW_SECONDS:
        return f"{text} has no unit and is {format_duration(duration)}: write {text}s"
    meant = f"write {text}h for hours, {text}d for days, or {text}s"
    return f"{text} has no unit and is {text} seconds: {meant}"


def pattern_meant(text: str) -> str:
    """Return the regular expression for a shell's pattern that matches any tag as one; else ''."""
    if not (_SHELL_PATTERN.fullmatch(text) and text.strip("*?.") and compiled(text).search("")):
        return ""
    meant = text.replace(".", r"\.").replace("*", ".*").replace("?", ".").removesuffix(".*")
    return f"^{meant}"


def _doubtful_pattern(text: str, *, excludes: bool) -> str:
    if _ANY_TAG.fullmatch(text) and not excludes:
        return ""
    meant = pattern_meant(text)
    hint = f"write '{meant}'" if meant else "write ^ before what a tag has to begin with"
    found = "every tag, so that none is left" if excludes else "every tag"
    return f"{shown(text)} is a regular expression, and matches {found}: {hint}"
