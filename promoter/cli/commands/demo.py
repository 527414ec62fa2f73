"""`promote demo`: the Aurora repository, and promotions through it."""

from __future__ import annotations

import argparse

from promoter.demo import story
from promoter.output.result import Result
from promoter.settings import Settings


def run(settings: Settings, arguments: argparse.Namespace, progress: list[str]) -> Result:
    """Make the repository and promote through it."""
    return story.run(settings, arguments.directory, progress)
