"""Pieces of a page: spans of text, moments and times as people write them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from promoter.domain.image import Ref
from promoter.domain.page import Line, Span, Style

_DIGEST_SHOWN = 7


def strong(text: str) -> Span:
    """Return text that stands out."""
    return Span(text, Style.STRONG)


def mono(text: str, url: str | None = None) -> Span:
    """Return text as code, such as a tag, with a link where there is one."""
    return Span(text, Style.CODE, url)


def pull_span(number: int, url: str | None) -> Span:
    """Return the number of a pull request of the GitOps repository."""
    return Span(f"#{number}", Style.REFERENCE, url)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, e.g. `1 commit`, `2 commits`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def joined(parts: Iterable[Line], between: str = ", ") -> Line:
    """Return parts of a sentence with what stands between two of them."""
    found: list[Span] = []
    for part in parts:
        found += [Span(between), *part] if found else part
    return tuple(found)


def day(moment: int, now: int | None) -> str:
    """Return the day of a moment in UTC, e.g. `3 Nov`; the year is said where it is not now's."""
    when = datetime.fromtimestamp(moment, UTC)
    same = now is not None and datetime.fromtimestamp(now, UTC).year == when.year
    return f"{when.day} {when:%b}{'' if same else f' {when:%Y}'}"


def span(seconds: int) -> str:
    """Return a time as people say it: days, else hours, else minutes."""
    if seconds < 60:
        return "less than a minute"
    if seconds < 3600:
        return counted(seconds // 60, "minute")
    if seconds >= 2 * 86_400:
        return counted(seconds // 86_400, "day")
    return counted(seconds // 3600, "hour")


def short_digest(digest: str) -> str:
    """Return a digest that is short enough to be read, e.g. `sha256:1a2b3c4…`."""
    kind, _, value = digest.rpartition(":")
    return f"{kind}:{value[:_DIGEST_SHOWN]}…" if len(value) > _DIGEST_SHOWN else digest


def short_image(ref: Ref) -> str | None:
    """Return a tag, else the short form of a digest; None where there is neither."""
    if ref.known_as and not ref.tag:
        return f"{ref.known_as} (by digest)"
    return ref.tag or (short_digest(ref.digest) if ref.digest else None)
