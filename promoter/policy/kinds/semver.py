"""The policy `semver`: the greatest version in a range, as npm and Masterminds write ranges.

A tag is a version when it has all three numbers: `1` and `1.2` are moved along by habit. A `v` in
front is fine, and so are zeros in front of a number (`2026.01.09`). Tags can hold no `+build`.

Prereleases are considered where a range mentions one, anywhere within what `||` parts: `>=1.0.0-0`
takes 1.4.0-rc.1, as image updaters do (npm would want 1.0.0's own). `<2.0.0` never takes 2.0.0-rc.1.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Annotated, TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import shown
from promoter.domain.section import Text, held_to
from promoter.policy.kinds.kind import PolicyKind

RANGE_LIMIT = 200
# Prereleases in order: nothing is before all of them, and what marks a release behind all of them.
_RELEASE = ((2, 0, ""),)
_PRE = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_NUMBER = r"[0-9]{1,18}"
_VERSION = re.compile(rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})(?:-({_PRE}))?", re.ASCII)
_PLACE = rf"(?:{_NUMBER}|[xX*])"
_PARTIAL = rf"v?{_PLACE}(?:\.{_PLACE}){{0,2}}(?:-{_PRE})?"
_SIGNS = r"~>|>=|<=|=>|=<|!=|[~^><=]"
_TERM = re.compile(
    rf"(?:(?P<low>{_PARTIAL})\s+-\s+(?P<high>{_PARTIAL})|(?P<sign>{_SIGNS})?\s*(?P<one>{_PARTIAL}))"
    r"(?=[\s,]|$)[\s,]*",
    re.ASCII,
)
_SAME = {"~>": "~", "=>": ">=", "=<": "<=", "": "="}

Prerelease: TypeAlias = tuple[tuple[int, int, str], ...]
Version: TypeAlias = tuple[int, int, int, Prerelease]
# A place between versions: before one (0), or behind it (1).
_Bound: TypeAlias = tuple[Version, int]
_BOTTOM: _Bound = ((0, 0, 0, ()), 0)
_TOP: _Bound = ((10**19, 0, 0, ()), 0)


def version_of(tag: str) -> Version | None:
    """Return a tag's version, of which the greater comes later, or None where it is none."""
    found = _VERSION.fullmatch(tag)
    return _read(found) if found else None


def _read(found: re.Match[str]) -> Version:
    major, minor, patch, pre = found.groups()
    return int(major), int(minor), int(patch), _prerelease(pre) if pre else _RELEASE


def is_prerelease(version: Version) -> bool:
    """Return whether a version comes before the release of its numbers."""
    return version[3] != _RELEASE


@dataclass(frozen=True, slots=True)
class _Term:
    """The versions from one place to another, or all but those."""

    low: _Bound
    high: _Bound
    inverted: bool = False

    def holds(self, version: Version) -> bool:
        """Return whether a version is among them."""
        return (self.low <= (version, 0) < self.high) is not self.inverted


@dataclass(frozen=True, slots=True)
class _Part:
    """Terms that must hold together, and whether one of them mentions a prerelease."""

    terms: tuple[_Term, ...]
    mentions: bool


@dataclass(frozen=True, slots=True)
class Range:
    """A range of versions: any of its parts must hold."""

    parts: tuple[_Part, ...]

    def holds(self, version: Version, *, prereleases: bool = False) -> bool:
        """Return whether a version is in the range; prereleases where it, or the caller, wants them."""
        wanted = prereleases or not is_prerelease(version)
        return any(
            (wanted or part.mentions) and all(term.holds(version) for term in part.terms)
            for part in self.parts
        )


@lru_cache(maxsize=1_024)
def range_of(text: str) -> Range:
    """Return the range that a text says, or raise `ValueError` saying what is wrong with it."""
    if len(text) > RANGE_LIMIT:
        raise ValueError(f"has {len(text)} characters, and {RANGE_LIMIT} is the most")
    return Range(tuple(_part(one) for one in text.split("||")))


def _meant(text: str) -> str:
    """Return what to write in place of a text that is no range: a range, or another policy."""
    if text == "latest":
        return "A tag that moves is digest: latest; the image that was made last is newest: 10"
    return "Write '>=1.2 <2', '~1.4' or '1.x'"


def _part(text: str) -> _Part:
    rest = text.strip()
    if not rest:
        raise ValueError("is an empty range: '*' is any version")
    terms: list[_Term] = []
    mentions = False
    while rest:
        found = _TERM.match(rest)
        if found is None:
            raise ValueError(f"is not a range of versions at {shown(rest)}\n{_meant(rest)}")
        if found["low"]:
            low, high = _parse(found["low"]), _parse(found["high"])
            terms.append(_Term(_term(">=", low).low, _term("<=", high).high))
            mentions |= bool(low.pre or high.pre)
        else:
            sign = found["sign"] or ""
            given = _parse(found["one"])
            terms.append(_term(_SAME.get(sign, sign), given))
            mentions |= bool(given.pre)
        rest = rest[found.end() :]
    return _Part(tuple(terms), mentions)


@dataclass(frozen=True, slots=True)
class _WrittenVersion:
    """A version of a range as written: up to three numbers, and a prerelease."""

    numbers: tuple[int, ...]
    pre: str | None

    def bound(self) -> _Bound:
        """Return the place before this version, or before all that begin with its numbers."""
        if len(self.numbers) < 3:
            return _before(self.numbers)
        major, minor, patch = self.numbers
        return (major, minor, patch, _prerelease(self.pre) if self.pre else _RELEASE), 0

    def above(self, place: int) -> _Bound:
        """Return the place before all versions whose number at a place is one greater."""
        return _before((*self.numbers[:place], self.numbers[place] + 1))

    def behind(self) -> _Bound:
        """Return the place behind this version, or behind all that begin with its numbers."""
        if not self.numbers:
            return _TOP
        return (self.bound()[0], 1) if len(self.numbers) == 3 else self.above(len(self.numbers) - 1)


def _parse(text: str) -> _WrittenVersion:
    """Return a version of a range; what follows an `x` is open too."""
    core, _, pre = text.removeprefix("v").partition("-")
    numbers: list[int] = []
    for one in core.split("."):
        if not one.isdecimal():
            break
        numbers.append(int(one))
    if pre not in ("", "0") and len(numbers) < 3:
        raise ValueError(f"is not a range of versions: {text} lacks numbers before its prerelease")
    return _WrittenVersion(tuple(numbers), pre or None)


def _term(sign: str, given: _WrittenVersion) -> _Term:
    count = len(given.numbers)
    match sign:
        case ">":
            return _Term(given.behind(), _TOP)
        case ">=":
            return _Term(given.bound(), _TOP)
        case "<":
            # To exclude a release is to exclude its prereleases too, unless one is named.
            open_end = count == 3 and given.pre is None
            return _Term(_BOTTOM, _before(given.numbers) if open_end else given.bound())
        case "<=":
            return _Term(_BOTTOM, given.behind())
        case "~":
            top = given.above(min(1, count - 1)) if count else _TOP
            return _Term(given.bound(), top)
        case "^":
            firm = next((i for i, number in enumerate(given.numbers) if number), count - 1)
            return _Term(given.bound(), given.above(firm) if count else _TOP)
        case _:
            return _Term(given.bound(), given.behind(), inverted=sign == "!=")


def _before(numbers: tuple[int, ...]) -> _Bound:
    """Return the place before every version, prereleases too, from these numbers on."""
    major, minor, patch = (*numbers, 0, 0, 0)[:3]
    return (major, minor, patch, ()), 0


def _prerelease(text: str) -> Prerelease:
    """Return a prerelease's parts as they are ordered: numbers before words (semver.org, 11.4)."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part) for part in text.split(".")
    )


class SemverPolicy(PolicyKind):
    """The greatest version in a range."""

    name = "semver"
    argument_type = Annotated[Text, held_to(range_of)]
    meaning = (
        'The greatest version in a range: `">=1.2 <2"`, `"^1.4"`, `"1.x || 2.x"`, `"*"`; '
        'prereleases only where the range mentions one (`">=1.0.0-0"`).'
    )
    knows_prereleases = True

    def takes(self, tag: str) -> bool:
        """Return whether a tag is a version in the range."""
        version = version_of(tag)
        wanted = range_of(self.argument)
        return version is not None and wanted.holds(version, prereleases=self.prereleases)

    def rank(self, tag: str) -> Version | None:
        """Return a version; no prerelease where the policy would choose none."""
        version = version_of(tag)
        if version is None or not is_prerelease(version) or self.prereleases:
            return version
        return version if any(part.mentions for part in range_of(self.argument).parts) else None
