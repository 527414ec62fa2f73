"""A command from its settings to its end, which a signal or the deadline may bring about in order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promoter.cli.settings import taken_environment
from promoter.cli.signals import ending_after, held
from promoter.domain.redaction import add_secret, forget_secrets
from promoter.engine.stopped import Stopped
from promoter.environment import secret_values

if TYPE_CHECKING:
    import argparse


def run_command(name: str, parsed: argparse.Namespace) -> dict[str, Any]:
    """Run a command of `flags.COMMANDS`; what ends it before its time says what was done."""
    progress: list[str] = []
    forget_secrets()
    add_secret(*secret_values())
    with taken_environment(parsed) as settings, ending_after(settings.timeout):
        add_secret(*(token.get_secret_value() for token in settings.tokens.values()))
        if settings.github_app is not None:
            add_secret(settings.github_app.key.get_secret_value())
        try:
            # Here, as git's library heeds the variables that were taken while it is imported.
            with held():
                from promoter.cli import commands
            work = getattr(commands, name.replace("-", "_"))
            result: dict[str, Any] = work(settings, parsed, progress)
        except Stopped as stop:
            raise stop.after(progress) from None
    return {
        **result,
        "_progress": progress if settings.verbose else (),
        "_quiet": settings.quiet,
    }
