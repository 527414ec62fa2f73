"""`promote demo`: the Aurora repository, and promotions through it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promoter.demo import story

if TYPE_CHECKING:
    import argparse

    from promoter.settings import Settings


def run(settings: Settings, arguments: argparse.Namespace, progress: list[str]) -> dict[str, Any]:
    """Make the repository and promote through it."""
    return story.run(settings, arguments.directory, progress)
