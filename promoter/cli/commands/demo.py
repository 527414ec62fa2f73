"""`promote demo`: the Aurora repository, and promotions through it."""

from __future__ import annotations

import argparse

from promoter.demo import story
from promoter.domain.errors import UsageError
from promoter.output.result import CommandResult
from promoter.settings import Settings

# What people write who expect a demo that runs on, and which is hardly a folder's name.
_VERBS = ("start", "run", "stop", "clean", "cleanup", "delete", "remove", "reset", "list", "status")


def run(settings: Settings, arguments: argparse.Namespace, progress: list[str]) -> CommandResult:
    """Make the repository and promote through it; raises `UsageError` for a verb as the folder."""
    if arguments.directory in _VERBS:
        raise UsageError(
            f"promote demo takes no command: {arguments.directory!r}",
            "It runs once, and its folder may be deleted; in one of that name: "
            f"promote demo ./{arguments.directory}",
        )
    return story.run(settings, arguments.directory, progress)
