"""How far a run is, for what shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(slots=True)
class Progress:
    """Told how far a run is: `total` apps, of which one more is known with each `tick`."""

    begin: Callable[[int], None] = lambda _: None
    tick: Callable[[], None] = lambda: None
