"""What an environment asks of a promotion before it may go: one key a gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import Field

from promoter.config.values import Reference
from promoter.domain.rules import ALLOWABLE
from promoter.domain.section import Section
from promoter.policy.freeze import WINDOWS_LIMIT, Duration, FreezeWindow
from promoter.policy.model import TagPattern

if TYPE_CHECKING:
    AllowableRule: TypeAlias = str
else:
    AllowableRule = Literal[tuple(ALLOWABLE)]


class GateSettings(Section):
    """The keys of an environment that gates go by."""

    promotes_from: Reference | None = None
    """The environment that an image has to come from: what it has never had on the base is refused.
    `promote --from` needs no value then, and `promote auto` follows it where there is no `policy`."""
    soak: Duration | None = None
    """How long an image must have been in `promotes-from` without a break, by the times of the base's
    own commits: `24h`, `7d`."""
    freeze: Annotated[tuple[FreezeWindow, ...], Field(max_length=WINDOWS_LIMIT)] = ()
    """Times in which nothing is promoted."""
    tags: TagPattern | None = None
    """A regular expression that tags must match, e.g. `^[0-9.]+$`; `promote auto` chooses among those
    alone."""
    max_age: Duration | None = None
    """How old an image may be, by the time at which it was made: `30d`."""
    when_unknown: Literal["refuse", "warn"] = "refuse"
    """What happens where `previous-environment`, `soak`, `tags` or `max-age` cannot be judged, because
    a history or a registry cannot be read."""
    allow: tuple[AllowableRule, ...] | None = None
    """The rules that `--allow` may override here, e.g. `[downgrade, soak]`; without the list, all of
    them; `[]` for none."""

    def lets_allow(self, rule: str) -> bool:
        """Return whether `--allow` may override a rule here."""
        return self.allow is None or rule in self.allow
