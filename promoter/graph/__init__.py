"""A kustomization's closure: what it is built from, which images occur there, and who stands on it."""

from promoter.graph.closure import Closure, prefetch_closures_at, read_closure
from promoter.graph.consumers import Kustomizations, kustomizations_of
from promoter.graph.dead import (
    Dead,
    dead_entries,
    entry_over,
    final_images,
    later_entry,
    overriding_entries,
    unused,
)
from promoter.graph.images import Image
from promoter.graph.overwriters import Overwriter, overwriter
from promoter.graph.prefetch import prefetch_closures
from promoter.graph.reading import first_mention
from promoter.graph.transformer import Entry, entry_matches

__all__ = [
    "Closure",
    "Dead",
    "Entry",
    "Image",
    "Kustomizations",
    "Overwriter",
    "dead_entries",
    "entry_matches",
    "entry_over",
    "final_images",
    "first_mention",
    "kustomizations_of",
    "later_entry",
    "overriding_entries",
    "overwriter",
    "prefetch_closures",
    "prefetch_closures_at",
    "read_closure",
    "unused",
]
