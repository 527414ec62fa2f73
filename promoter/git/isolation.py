"""What git is run with: no hooks, no prompts, nothing of the user's that runs or sends anything.

Credentials travel as `http.<url>.extraHeader` in the environment of the git process alone, bound
to the repository they are meant for; redirects are not followed, so none carries them away.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.redaction import add_login

REMOTE = "promoter-remote"
"""The name of a clone's remote: what a user's configuration says of `origin` is not meant for it."""
FETCH = ("--no-tags", "--quiet", "--no-write-fetch-head")
"""What is said with each `git fetch`."""
# What a user's own git configuration may not decide: code that runs, questions that wait, commits
# that are signed by surprise, protocols that reach elsewhere. Proxies and authorities stay theirs.
_ISOLATION = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.askPass": "",
    "credential.interactive": "never",
    "commit.gpgSign": "false",
    "push.gpgSign": "false",
    "push.followTags": "false",
    "push.recurseSubmodules": "no",
    "fetch.recurseSubmodules": "no",
    # What is larger passes through memory in parts; no file of that size is read.
    "core.bigFileThreshold": "64m",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1",
    "http.lowSpeedTime": "30",
    # A bitmap defeats thin packs: 24 kB instead of 0.6 kB to push one line.
    "pack.useBitmaps": "false",
    # Older ones tell of every ref before they answer.
    "protocol.version": "2",
    "init.defaultBranch": "main",
}
_PROTOCOLS = "https:http:ssh:file"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token and the URL of the repository that alone may receive it."""

    url: str
    token: str = field(repr=False)
    user: str = "x-access-token"

    def configuration(self) -> dict[str, str]:
        """Return the git settings that send the token, there only and without a round trip."""
        add_login(self.user, self.token)
        basic = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        # The whole URL: git heeds the setting with the longest match alone. What the user's own
        # configuration would send there is cleared first (`extraheader` and `extraHeader` are one
        # setting), as servers refuse two Authorization headers.
        return {
            f"http.{self.url}.extraheader": "",
            f"http.{self.url}.extraHeader": f"Authorization: Basic {basic}",
            "credential.helper": "",
        }


CA_FILE, CA_FOLDER = "http.sslCAInfo", "http.sslCAPath"


def remote_settings(credential: Credential | None, authorities: str | None) -> dict[str, str]:
    """Return git's settings for a remote: what is sent there, and which authorities are trusted."""
    found = credential.configuration() if credential else {}
    if authorities is None:
        return found
    return found | {CA_FOLDER if Path(authorities).is_dir() else CA_FILE: authorities}


def isolated(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with which git is isolated, and takes the settings that are given.

    Git 2.30 takes the settings from `parameters` alone.
    """
    return {
        "GIT_CONFIG_NOSYSTEM": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "",
        "SSH_ASKPASS": "",
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
        "GIT_ALLOW_PROTOCOL": _PROTOCOLS,
        "GIT_OPTIONAL_LOCKS": "0",
        **_configured({**_ISOLATION, **configuration}),
    }


def parameters(configuration: Mapping[str, str]) -> dict[str, str]:
    """Return the variable from which git 2.30 takes what it does not take from `isolated`.

    Raises `UsageError` for a URL with `=`, which git 2.30 would read as another setting.
    """
    settings = {**_ISOLATION, **configuration}
    if any("=" in key for key in settings):
        raise UsageError(
            "git 2.30 cannot be told what to send to a URL with '='", "Install git 2.31 or newer."
        )
    found = (f"{key}={value}" for key, value in settings.items())
    quoted = (one.replace("'", "'\\''").replace("!", "'\\!'") for one in found)
    return {"GIT_CONFIG_PARAMETERS": " ".join(f"'{one}'" for one in quoted)}


def _configured(settings: Mapping[str, str]) -> dict[str, str]:
    found = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings.items()):
        found[f"GIT_CONFIG_KEY_{index}"] = key
        found[f"GIT_CONFIG_VALUE_{index}"] = value
    return found
