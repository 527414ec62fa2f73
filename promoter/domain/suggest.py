"""What to say when a name is not among those that are known: the near one, and no far one.

A suggestion is copied without a second look, so that a name from afar is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_LISTED = 12
# How many letters may be wrong, missing, swapped or too many; at most a third of the word.
_MOST = 2
# What documents write for a value that is to be filled in: <tag>, {tag}, [tag], TAG, YOUR_TAG.
_PLACEHOLDER = re.compile(
    r"<[\w .-]+>|\{[\w-]+\}|\[[\w-]+\]|(?:YOUR[_-])?(?:TAG|APP|ENV|ENVIRONMENT|VERSION|IMAGE|NAME)",
    re.ASCII,
)
_NO_VALUES = ("null", "None", "undefined")
# What makes the opposite of a word.
_OPPOSITES = ("no", "un", "not", "dis")
_SEPARATORS = re.compile(r"[-_./\s]+")
# Longer names are compared by their beginnings and endings alone.
_LONGEST = 100


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that suggests the nearest known name, and lists the others if they are few."""
    names = sorted(dict.fromkeys(known))
    if not names:
        return "There is none."
    shown = listed(names, _LISTED)
    close = closest(name, names)
    if close and (len(names) == 1 or len(names) > _LISTED):
        return f"Did you mean {close}?"
    return f"Did you mean {close}? Known: {shown}." if close else f"Known: {shown}."


def listed(names: Sequence[str], most: int) -> str:
    """Return names for a sentence: at most so many, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def placeholder_hint(text: str, what: str) -> str:
    """Return the hint for a text that stands for a value which is missing; '' for any other."""
    if text in _NO_VALUES:
        return f"Programs print {text} for a missing value: check where the {what} comes from."
    is_one = _PLACEHOLDER.fullmatch(text) is not None
    return f"It is a placeholder: give the {what} itself." if is_one else ""


def named_by_others(name: str, names: Mapping[str, str]) -> list[str]:
    """Return which of our names others may mean by one of theirs, the likeliest first.

    `names` has, by each of ours, those of others, which blanks part.
    """
    return [own for own, others in names.items() if name in others.split()]


def closest(name: str, names: Sequence[str]) -> str | None:
    """Return the name that was probably meant, or None where none is near.

    Near is what is the same but for case and separators, ends or begins so, holds the same words,
    or differs in few letters. A word's opposite is never near.
    """
    plain = name.lower()
    near = [one for one in names if not _are_opposites(plain, one.lower())]
    same = [one for one in near if _letters(one) == _letters(name)]
    ends = [one for one in near if plain and one.lower().endswith(f"/{plain}")]
    # An image of another registry, or of another owner there.
    for tail in dict.fromkeys((plain.partition("/")[2], plain.rpartition("/")[2])):
        others = [one for one in near if tail and one.lower().endswith(f"/{tail}")]
        ends += others if len(others) == 1 and "/" in plain else []
    begun = [one for one in near if len(one) > 2 and plain.startswith(one.lower())]
    begins = [one for one in near if len(plain) > 2 and one.lower().startswith(plain)]
    close = [*same, *ends, *sorted(begun, key=len, reverse=True), *sorted(begins, key=len)]
    return close[0] if close else _alike(name, near)


def _alike(name: str, names: Sequence[str]) -> str | None:
    """Return the name that differs in the fewest letters, or is the same word for word."""
    # What all have in common says nothing: PROMOTER_ of variables, the dashes of flags.
    every = [name, *names]
    common = name[: begun_alike(min(every), max(every))] if len(names) > 1 else ""
    cut = max((one.end() for one in _SEPARATORS.finditer(common)), default=0)
    given = _letters(name[cut:])
    found = []
    for one in names:
        other = _letters(one[cut:])
        most = min(_MOST, max(len(given), len(other)) // 3)
        if max(len(given), len(other)) <= _LONGEST:
            wrong = next((n for n in range(1, most + 1) if _differ(given, other, n)), None)
            if wrong is not None:
                found.append((wrong, given[:1] != other[:1], one))
    words = (one for one in names if _same_words(name[cut:], one[cut:]))
    return min(found)[2] if found else min(words, key=len, default=None)


def _differ(one: str, other: str, most: int) -> bool:
    """Return whether this many letters at most are wrong, missing, too many, or swapped."""
    at = begun_alike(one, other)
    one, other = one[at:], other[at:]
    if not (one and other) or not most:
        return len(one) + len(other) <= most
    swapped = one[:2] == other[1::-1] and len(one) > 1 and _differ(one[2:], other[2:], most - 1)
    return swapped or any(
        _differ(left, right, most - 1)
        for left, right in ((one[1:], other[1:]), (one[1:], other), (one, other[1:]))
    )


def begun_alike(one: Sequence[object], other: Sequence[object]) -> int:
    """Return with how many same letters, or lines, two texts begin."""
    together = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in together if a != b), min(len(one), len(other)))


def _same_words(one: str, other: str) -> bool:
    """Return whether all words of one are in the other, or each begins as its counterpart does."""
    mine, theirs = (_SEPARATORS.split(text.lower().strip("-")) for text in (one, other))
    few, many = sorted((mine, theirs), key=len)
    if len(few) < len(many):
        return all(word in many for word in few) and len("".join(few)) > 2
    return all(_is_short_for(*sorted(pair, key=len)) for pair in zip(mine, theirs, strict=True))


def _is_short_for(short: str, long: str) -> bool:
    """Return whether a word is another or begins it, its last letter apart (stage, staging)."""
    common = begun_alike(short, long)
    return short == long or common >= max(4, len(short) - 1) or 3 <= len(short) == common


def _are_opposites(one: str, other: str) -> bool:
    """Return whether one of two words is the other with what turns it round before it."""
    short, long = sorted((_letters(one), _letters(other)), key=len)
    return any(long == f"{sign}{short}" for sign in _OPPOSITES)


def _letters(name: str) -> str:
    """Return a name in lower case without what separates its words."""
    return _SEPARATORS.sub("", name.lower())
