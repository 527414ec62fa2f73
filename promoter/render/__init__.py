"""What a change does at run time: the render before and after, where there is a renderer."""

from promoter.render.judge import NO_RENDERER, Verdict, judge
from promoter.render.objects import ObjectDiff, RenderDiff, compare, joined
from promoter.render.program import Renderer, find

__all__ = [
    "NO_RENDERER",
    "ObjectDiff",
    "RenderDiff",
    "Renderer",
    "Verdict",
    "compare",
    "find",
    "joined",
    "judge",
]
