"""How an environment chooses its tags, as `policy` in `promoter.yaml` says it."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictInt,
    model_validator,
)

from promoter.domain.errors import UsageError
from promoter.domain.image import Tag
from promoter.domain.section import Section, Text
from promoter.policy import pattern, times
from promoter.policy.version import range_of

NAMES = ("semver", "numeric", "timestamp", "newest", "alphabetical", "regex", "digest")
NEWEST_LIMIT = 100
_PATTERNS_LIMIT = 50


def _listed(value: object) -> object:
    """Refuse one pattern where a list is meant."""
    if not isinstance(value, (list, tuple)):
        msg = "must be a list of patterns: put it in [ ]"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns this one into a located message
    return value


def _check_range(text: str) -> str:
    """Return a range of versions, or raise `ValueError`."""
    range_of(text)
    return text


def _check_pattern(text: str) -> str:
    """Return a pattern over tags, or raise `ValueError`."""
    pattern.compiled(text)
    return text


def _check_ordering(text: str) -> str:
    """Return a pattern that has something to order by, or raise `ValueError`."""
    if not pattern.compiled(text).groups:
        msg = "must have a named group to order by, as in '^main-(?P<order>[0-9]+)-[0-9a-f]{7,40}$'"
        raise ValueError(msg)
    return text


def _check_time(text: str) -> str:
    """Return a format or pattern of times, or raise `ValueError`."""
    times.reader(text)
    return text


def _check_tag(text: str) -> str:
    """Return a tag, or raise `ValueError`."""
    try:
        return str(Tag.parse(text))
    except UsageError as error:
        raise ValueError(error.message) from None


Direction: TypeAlias = Literal["asc", "desc"]
TagPattern: TypeAlias = Annotated[Text, AfterValidator(_check_pattern)]
TagPatterns: TypeAlias = Annotated[
    tuple[TagPattern, ...], BeforeValidator(_listed), Field(max_length=_PATTERNS_LIMIT)
]


class Policy(Section):
    """Which of an image's tags is wanted: one way to order them, and what is left out first."""

    semver: Annotated[Text, AfterValidator(_check_range)] | None = None
    """The greatest version in a range: `">=1.2 <2"`, `"^1.4"`, `"1.x || 2.x"`, `"*"`; prereleases
    only where the range mentions one (`">=1.0.0-0"`)."""
    numeric: Direction | None = None
    """The greatest number (`asc`) or the least (`desc`): `1042`, `v7`, or parts by dots: `24.10`."""
    timestamp: Annotated[Text, AfterValidator(_check_time)] | None = None
    """The latest time in the tag: a format (`"%Y%m%d%H%M%S"`), which stands anywhere in the tag, or
    a pattern whose one named group holds ISO 8601 or Unix time."""
    newest: Annotated[StrictInt, Field(ge=1, le=NEWEST_LIMIT)] | None = None
    """The image that was created last, of at most so many tags: the registry is asked about each.
    Where more match, the last ones in natural order are."""
    alphabetical: Direction | None = None
    """The last tag of the alphabet (`asc`), or the first (`desc`)."""
    regex: Annotated[Text, AfterValidator(_check_ordering)] | None = None
    """The tag whose named groups come last in natural order, the first group first."""
    digest: Annotated[Text, AfterValidator(_check_tag)] | None = None
    """Whatever image this tag stands for now, by its digest; wants `pin: digest` or `both`."""
    include: TagPatterns = ()
    """Only tags in which one of these patterns is found; `^` and `$` tie it to the tag's ends."""
    exclude: TagPatterns = ()
    """No tags in which one of these patterns is found."""
    prereleases: StrictBool = False
    """Whether `semver` considers prereleases that its range does not mention."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        """Refuse no policy, two of them, and what the one that there is would not heed."""
        given = [name for name in NAMES if getattr(self, name) is not None]
        if not given:
            msg = f"names no policy: give one of {', '.join(NAMES)}"
            raise ValueError(msg)
        if len(given) > 1:
            msg = f"names {' and '.join(given)}: one policy decides, leave out the others"
            raise ValueError(msg)
        if self.prereleases and self.semver is None:
            msg = f"prereleases belongs to semver: {given[0]} knows none"
            raise ValueError(msg)
        if self.digest is not None and (self.include or self.exclude):
            msg = "include and exclude choose among tags, and digest names the only one"
            raise ValueError(msg)
        return self

    @property
    def name(self) -> str:
        """The policy's name: the key that is given."""
        return next(name for name in NAMES if getattr(self, name) is not None)

    @property
    def needs_creation(self) -> bool:
        """Whether the registry must be asked when the candidates were created."""
        return self.newest is not None

    @property
    def needs_digest(self) -> bool:
        """Whether the tag stays and its digest is what changes."""
        return self.digest is not None

    @property
    def descending(self) -> bool:
        """Whether what comes first in order is wanted."""
        return "desc" in (self.numeric, self.alphabetical)
