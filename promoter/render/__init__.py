"""What a change does at run time: the render before and after, where there is a renderer."""

from promoter.render.judge import NO_RENDERER, judge_edits
from promoter.render.objects import compare_renders
from promoter.render.renderer import Renderer, find

__all__ = ["NO_RENDERER", "Renderer", "compare_renders", "find", "judge_edits"]
