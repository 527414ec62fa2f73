"""Go's regular expressions, matched in time linear in pattern and text.

Kustomize takes an entry's name, and the parts of a patch's target, for expressions of RE2. Python's
own engine reads some of them otherwise (`^*`, `c++`) and can be made to run forever by others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_LENGTH_LIMIT = 1_000
_PROGRAM_LIMIT = 20_000
_REPEAT_LIMIT = 1_000
_NESTING_LIMIT = 40
_REPEAT = re.compile(r"\{(\d{1,4})(,(\d{0,4}))?\}", re.ASCII)
_GROUP = re.compile(r"\((?:\?(?::|P?<\w+>))?", re.ASCII)
_POSIX = re.compile(r"\[:\^?\w+:\]", re.ASCII)
_CONTROL = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_NAMED: dict[str, Callable[[str], bool]] = {
    "d": lambda c: c in "0123456789",
    "w": lambda c: c.isascii() and (c.isalnum() or c == "_"),
    "s": lambda c: c in "\t\n\f\r ",
}


class PatternError(ValueError):
    """The text is no regular expression of Go's, or one that is not understood here."""


@dataclass(frozen=True, slots=True)
class _One:
    """One character that a test accepts."""

    accepts: Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class _Edge:
    """The beginning or the end of the text."""

    end: bool


@dataclass(frozen=True, slots=True)
class _Split:
    """Go on at either of two instructions."""

    first: int
    second: int


_Instruction: TypeAlias = _One | _Edge | _Split
_Code: TypeAlias = list[_Instruction]


@lru_cache(maxsize=1_024)
def compiled(source: str) -> Pattern:
    """Return the pattern of an expression, or raise `PatternError`."""
    return Pattern(tuple(_Parser(source).parse()))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled expression; an instruction that falls off the end has matched."""

    program: tuple[_Instruction, ...]

    def search(self, text: str) -> bool:
        """Say whether the expression matches anywhere in the text."""
        states: set[int] = set()
        for place in range(len(text) + 1):
            states = self._follow({0, *states}, at_start=place == 0, at_end=place == len(text))
            if len(self.program) in states:
                return True
            if place < len(text):
                states = {s + 1 for s in states if self._accepts(s, text[place])}
        return False

    def _accepts(self, state: int, character: str) -> bool:
        instruction = self.program[state]
        return isinstance(instruction, _One) and instruction.accepts(character)

    def _follow(self, states: Iterable[int], *, at_start: bool, at_end: bool) -> set[int]:
        """Return every state that is reached without reading a character."""
        reached, waiting = set(), list(states)
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            reached.add(state)
            if state == len(self.program):
                continue
            match self.program[state]:
                case _Split(first, second):
                    waiting += (first, second)
                case _Edge(end):
                    if at_end if end else at_start:
                        waiting.append(state + 1)
                case _:
                    pass
        return reached


@dataclass(slots=True)
class _Parser:
    """Recursive descent from the expression's text to a program."""

    source: str
    place: int = field(default=0)
    depth: int = field(default=0)

    def parse(self) -> _Code:
        """Return the program of the whole text."""
        if len(self.source) > _LENGTH_LIMIT:
            raise PatternError(f"has {len(self.source)} characters")
        code = self._alternation()
        if self.place < len(self.source):
            raise PatternError("has an unexpected ')'")
        return code

    def _alternation(self) -> _Code:
        """Parse branches parted by `|`."""
        self.depth += 1
        if self.depth > _NESTING_LIMIT:
            raise PatternError("is nested too deeply")
        code = self._sequence()
        while self._take("|"):
            code = _either(code, self._sequence())
        self.depth -= 1
        return code

    def _sequence(self) -> _Code:
        """Parse one branch."""
        code: _Code = []
        while self.place < len(self.source) and self.source[self.place] not in "|)":
            code = _joined(code, self._repeated())
        return code

    def _repeated(self) -> _Code:
        """Parse one atom and the repetition behind it."""
        if self.source[self.place] in "*+?" or _REPEAT.match(self.source, self.place):
            raise PatternError("repeats nothing")
        code = self._atom()
        bounds = self._bounds()
        if bounds is None:
            return code
        self._take("?")
        if self._bounds() is not None:
            raise PatternError("repeats a repetition")
        return _times(code, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Parse a repetition; return its least and greatest count (None: without end)."""
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        for sign, bounds in simple.items():
            if self._take(sign):
                return bounds
        found = _REPEAT.match(self.source, self.place)
        if found is None:
            return None
        self.place = found.end()
        least = int(found[1])
        most = least if found[2] is None else int(found[3]) if found[3] else None
        if max(least, most or 0) > _REPEAT_LIMIT or (most is not None and most < least):
            raise PatternError("repeats too often")
        return least, most

    def _atom(self) -> _Code:
        """Parse a group, a class, an anchor, an escape or a character."""
        character = self.source[self.place]
        if character == "(":
            return self._group()
        self.place += 1
        if character in "^$":
            return [_Edge(end=character == "$")]
        if character == "\\":
            return self._escape()
        if character == "[":
            return [_One(self._class())]
        return [_One((lambda c: c != "\n") if character == "." else character.__eq__)]

    def _group(self) -> _Code:
        """Parse a group; flags are not understood."""
        opening = _GROUP.match(self.source, self.place)
        if opening is None or (self.source.startswith("(?", self.place) and opening[0] == "("):
            raise PatternError("has a group of a kind that is not understood")
        self.place = opening.end()
        code = self._alternation()
        if not self._take(")"):
            raise PatternError("lacks a ')'")
        return code

    def _escape(self) -> _Code:
        """Parse what follows a backslash outside a class."""
        if self._take("A"):
            return [_Edge(end=False)]
        if self._take("z"):
            return [_Edge(end=True)]
        return [_One(self._escaped())]

    def _escaped(self) -> Callable[[str], bool]:
        """Parse an escaped class or character."""
        if self.place >= len(self.source):
            raise PatternError("ends in a backslash")
        character = self.source[self.place]
        self.place += 1
        if character.lower() in _NAMED:
            accepts = _NAMED[character.lower()]
            return accepts if character.islower() else lambda c: not accepts(c)
        if character in _CONTROL:
            return _CONTROL[character].__eq__
        if character.isalnum() or not character.isascii():
            raise PatternError(f"has the escape \\{character}, which is not understood")
        return character.__eq__

    def _class(self) -> Callable[[str], bool]:
        """Parse a bracketed class, behind its `[`."""
        negated = self._take("^")
        tests: list[Callable[[str], bool]] = []
        while not tests or not self._take("]"):
            if self.place >= len(self.source):
                raise PatternError("lacks a ']'")
            if _POSIX.match(self.source, self.place):
                raise PatternError("has a named class, which is not understood")
            tests.append(self._member())
        return lambda c: any(test(c) for test in tests) != negated

    def _member(self) -> Callable[[str], bool]:
        """Parse a character, an escape or a range inside a class."""
        low = self.source[self.place]
        self.place += 1
        if low == "\\":
            return self._escaped()
        if not re.match(r"-[^]]", self.source[self.place : self.place + 2], re.DOTALL):
            return low.__eq__
        high = self.source[self.place + 1]
        self.place += 2
        if high == "\\" or high < low:
            raise PatternError("has a range that is not understood")
        return lambda c: low <= c <= high

    def _take(self, text: str) -> bool:
        """Step over a text when it stands here."""
        found = self.source.startswith(text, self.place)
        self.place += len(text) if found else 0
        return found


def _joined(*parts: _Code) -> _Code:
    """Return one program after another, its jumps moved along."""
    code: _Code = []
    for part in parts:
        start = len(code)
        code += (
            _Split(i.first + start, i.second + start) if isinstance(i, _Split) else i for i in part
        )
        if len(code) > _PROGRAM_LIMIT:
            raise PatternError("is too large")
    return code


def _either(first: _Code, second: _Code) -> _Code:
    """Return a program that matches as one or the other does."""
    behind = len(first) + len(second) + 2
    leap: _Code = [_Split(behind - len(first) - 1, behind - len(first) - 1)]
    return _joined([_Split(1, len(first) + 2)], first, leap, second)


def _times(code: _Code, least: int, most: int | None) -> _Code:
    """Return a program that matches a bounded or endless repetition."""
    size = len(code)
    if most is None:
        endless = _joined([_Split(1, size + 2)], code, [_Split(-size - 1, -size - 1)])
        return _joined(*[code] * least, endless)
    optional = _joined([_Split(1, size + 1)], code)
    return _joined(*[code] * least, *[optional] * (most - least))
