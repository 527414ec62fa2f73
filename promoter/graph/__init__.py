"""A kustomization's own graph: the containers that its `images` reach, and the edits none feels."""

from promoter.graph.reach import Container, Reach, reach
from promoter.graph.transformer import Entry, PatternError, matches, transform
from promoter.graph.verdict import Dead, dead, final_images

__all__ = [
    "Container",
    "Dead",
    "Entry",
    "PatternError",
    "Reach",
    "dead",
    "final_images",
    "matches",
    "reach",
    "transform",
]
