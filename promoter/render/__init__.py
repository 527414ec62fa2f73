"""What a change does at run time: the render before and after, where a renderer is on PATH."""

from promoter.render.judge import Verdict, judge, program
from promoter.render.objects import ObjectDiff, RenderDiff, compare

__all__ = ["ObjectDiff", "RenderDiff", "Verdict", "compare", "judge", "program"]
