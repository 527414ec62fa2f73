"""How far a run is, for what shows it."""

from __future__ import annotations

from collections.abc import Callable

from promoter.domain.dataclass import dataclass


@dataclass(slots=True)
class Progress:
    """Told how far a run is: `total` apps, of which one more is known with each `tick`."""

    begin: Callable[[int], None] = lambda _: None
    tick: Callable[[], None] = lambda: None
