"""Why a change is not made: the value that errors, plans and reports carry."""

from __future__ import annotations

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import bounded_message


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule that forbids the work, with the place, the reason and the way out."""

    rule: str
    reason: str
    hint: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    source_line: str | None = None
    images: tuple[str, ...] = ()
    """The images that it is about: by their names in the files, or as their registry has them."""

    def __post_init__(self) -> None:
        """Keep the texts within a bound: they may quote what is of any length."""
        for name in ("reason", "hint", "source_line"):
            text = getattr(self, name)
            object.__setattr__(self, name, text and bounded_message(text))
