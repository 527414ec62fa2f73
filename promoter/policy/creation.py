"""When images were made, as far as that tells which is newer."""

from __future__ import annotations

from datetime import UTC, datetime

from promoter.policy.order import Order

# Reproducible builds write 1970 or 1980 for every image; there were no images before Docker.
_FIRST_IMAGES = datetime(2013, 1, 1, tzinfo=UTC)


def creation(created: datetime | None) -> datetime | None:
    """Return when an image was made, with its zone, or None where that is not known.

    Registries that name no zone mean UTC.
    """
    if created is None:
        return None
    if created.tzinfo is None:
        created = created.replace(tzinfo=UTC)
    return created if created >= _FIRST_IMAGES else None


def order_by_creation(old: datetime | None, new: datetime | None) -> Order | None:
    """Return how the image made at a new time stands to that of an old one, or None."""
    before, after = creation(old), creation(new)
    if before is None or after is None or before == after:
        return None
    return Order.NEWER if before < after else Order.OLDER
