"""What a change does at run time: the render before and after, where there is a renderer."""

from promoter.render.judge import NO_RENDERER, judge
from promoter.render.objects import compare
from promoter.render.renderer import Renderer, find

__all__ = ["NO_RENDERER", "Renderer", "compare", "find", "judge"]
