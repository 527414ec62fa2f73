"""A command from its settings to its end, which a signal or the deadline may bring about in order."""

from __future__ import annotations

import argparse
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING

from promoter.cli.command_table import COMMANDS, unused_options
from promoter.cli.given_options import value_of
from promoter.cli.log import logging_to_stderr, new_run
from promoter.cli.options import prog_of, setting_of
from promoter.cli.signals import ending_after, signals_deferred
from promoter.cli.writer import Writer
from promoter.domain.errors import UsageError
from promoter.domain.redaction import add_others_secret, add_secret, forget_secrets
from promoter.settings import Settings
from promoter.system.environment import narrowed_environment, secret_values

if TYPE_CHECKING:
    from promoter.output.result import CommandResult


_LOG = logging.getLogger(__name__)


@contextmanager
def silent_libraries() -> Iterator[None]:
    """Run while no library writes to a stream: what a server says would get there as it came.

    PyGithub logs a refusal's reason and headers, and Python shows what nobody else handles.
    """
    quiet, hook = logging.NullHandler(), threading.excepthook
    root = logging.getLogger()
    root.addHandler(quiet)
    threading.excepthook = lambda _: None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        threading.excepthook = hook
        root.removeHandler(quiet)


def run_command(
    name: str, parsed: argparse.Namespace, writer: Writer, progress: list[str]
) -> CommandResult:
    """Run a command of `COMMANDS`; what it has done is put into `progress` as soon as it is done."""
    forget_secrets()
    add_secret(*secret_values(ours=True))
    add_others_secret(*secret_values(ours=False))
    settings = Settings.read(vars(parsed))
    _check_choices(name, settings)
    writer.run = new_run()
    with (
        silent_libraries(),
        logging_to_stderr(settings, writer),
        narrowed_environment(),
        ending_after(settings.seconds),
    ):
        add_secret(*(token.get_secret_value() for token in settings.tokens.values()))
        if settings.github_app is not None:
            add_secret(settings.github_app.key.get_secret_value())
        _warn_of_unused(name, settings)
        _warn_of_unit(settings, value_of(parsed, "wait-for-image") or "")
        # Here, as git's library heeds the variables that were taken while it is imported.
        with signals_deferred():
            command = import_module(f"promoter.cli.commands.{name.replace('-', '_')}")
        result: CommandResult = command.run(settings, parsed, progress)
        for line in progress:
            _LOG.debug(line)
    return result.shortened() if settings.quiet else result


def _warn_of_unused(name: str, settings: Settings) -> None:
    for option in sorted(unused_options(name)):
        if setting_of(option) in settings.model_fields_set:
            source = settings.source(setting_of(option))
            _LOG.warning("%s is set, but %s does not use it", source, prog_of(name))


def _warn_of_unit(settings: Settings, given: str) -> None:
    """Warn of a wait for an image that is a bare number: minutes may be meant."""
    if given.isdecimal():
        text = "%s: %s has no unit and counts as seconds: write %ss, or %sm for minutes"
        _LOG.warning(text, settings.source("wait_for_image"), given, given, given)


def _check_choices(name: str, settings: Settings) -> None:
    """Raise `UsageError` for a variable's value that this command does not take."""
    command = COMMANDS[name]
    for option in (one for names in command.options.values() for one in names):
        value, choices = getattr(settings, setting_of(option)), command.choices(option)
        if choices and value is not None and value not in choices:
            raise UsageError(
                f"{settings.source(setting_of(option))}: {name} has no {option} {value!r}",
                f"Use {' or '.join(choices)}.",
            )
