"""What a run asks first, begun before the settings are read, which takes as long.

Where it goes is what the flags and variables say as they stand. A run whose settings say otherwise,
or are refused, has no use for it and ends it.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import partial

from promoter.cli.given_options import value_of, values_of
from promoter.cli.signals import signals_deferred
from promoter.domain.errors import PromoteError
from promoter.system.environment import authorities, names_of_variables, variables_of

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from promoter.git.first_fetch import FirstFetch

# The commands that begin with a look at some apps, of their forge as well.
_OF_APPS = ("promote", "rollback", "hold", "unhold")
_BY_API = ("auto", "status", "history")
# Where one of these is given, where to look and for what is known only once it has been read.
_READ_LATER = ("config", "cache", "group")


@contextmanager
def early_look(name: str, parsed: argparse.Namespace) -> Iterator[None]:
    """Begin what the command certainly asks first; in the end, what the run did not use is ended."""
    first = _FirstQuestions(name, parsed)
    fetch: FirstFetch | None = None
    try:
        # What is wrong here is reported where the settings are read, and where git is needed.
        with signals_deferred(), suppress(PromoteError, ValueError, OSError):
            fetch = first.begin_fetch()
        with signals_deferred(), suppress(PromoteError, ValueError):
            first.begin_connection()
        yield
    finally:
        if fetch is not None:
            with signals_deferred():
                fetch.end()


class _FirstQuestions:
    """What a command asks first, as its flags and variables say it, unread."""

    def __init__(self, name: str, parsed: argparse.Namespace) -> None:
        self._value = partial(value_of, parsed)
        self._apps = values_of(parsed, "app")
        self._is_of_apps = name in _OF_APPS
        self._reads_history = name == "rollback"
        self._reads_by_api = self._value("transport") == "api"
        self._asks_forge = self._is_of_apps or (name in _BY_API and self._reads_by_api)

    def begin_fetch(self) -> FirstFetch | None:
        """Begin to fetch what a look at some apps through git needs, with the token at hand."""
        repo, base, apps = self._value("repo"), self._value("base"), self._apps
        if not (self._is_of_apps and repo and apps) or self._reads_by_api:
            return None
        if any(map(self._value, _READ_LATER)) or names_of_variables("PROMOTER_GITHUB_APP"):
            return None
        from promoter.config.refs import check_ref_name, is_branch
        from promoter.domain.urls import WEB
        from promoter.forges.kinds import forge_kind_of
        from promoter.forges.tokens import OWN_VARIABLE, token_of
        from promoter.git.first_fetch import HISTORY_DEPTH, LOOK_DEPTH, begin_fetch
        from promoter.git.isolation import Credential, remote_settings
        from promoter.git.repository_address import parse_address

        address = parse_address(repo)
        kind = forge_kind_of(address, self._value("forge"))
        token = token_of(kind, variables_of((OWN_VARIABLE, *kind.token_variables)))
        if token is None or address.scheme not in WEB or not (base is None or is_branch(base)):
            return None
        for app in apps:
            check_ref_name(app)
        credential = Credential(address.url, token, kind.git_user)
        settings = remote_settings(credential, authorities())
        depth = HISTORY_DEPTH if self._reads_history else LOOK_DEPTH
        return begin_fetch(address.url, settings, base, apps, depth=depth)

    def begin_connection(self) -> None:
        """Begin to connect to the API, over which nothing is sent yet."""
        repo = self._value("repo")
        if not repo or not self._asks_forge:
            return
        from promoter.forges.kinds import forge_kind_of
        from promoter.git.repository_address import parse_address

        address = parse_address(repo)
        kind = forge_kind_of(address, self._value("forge"))
        if address.scheme == "https" and kind.connect and kind.api_url:
            implied = kind.api_url(address, variables_of(kind.api_variables))
            kind.connect(self._value("api-url") or implied, authorities())
