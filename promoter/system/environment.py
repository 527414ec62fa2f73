"""The variables of this process: those that are read before settings are, and what children see.

Each program that is started gets the variables of its list and no others: a list of what is
forbidden would miss the next one that loosens a check, writes a trace or holds a token.
"""

from __future__ import annotations

import os
from contextlib import contextmanager

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import Literal

    Program = Literal["cosign", "credential helper", "git", "renderer"]

# Names that end in `*` are the beginnings of names.
_EVERYWHERE = (
    "PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "TZ", "LANG", "LANGUAGE", "LC_*",
    "LD_LIBRARY_PATH", "LOCALE_ARCHIVE", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
)  # fmt: skip
_NETWORK = (
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "NIX_SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
)  # fmt: skip
# Agents that hold keys: ssh's, GnuPG's for signatures, Kerberos', and the desktop's.
_AGENTS = (
    "SSH_AUTH_SOCK", "GNUPGHOME", "GPG_TTY", "KRB5CCNAME", "KRB5_CONFIG", "DBUS_SESSION_BUS_ADDRESS",
)  # fmt: skip
_TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR")
# How the programs of the clouds' registries and key services log in.
_CLOUDS = (
    "AWS_*", "AZURE_*", "GOOGLE_*", "CLOUDSDK_*", "DOCKER_CONFIG", "KUBERNETES_SERVICE_*",
)  # fmt: skip
# What git and ssh get, and this process with the libraries in it.
_OURS = (*_EVERYWHERE, *_NETWORK, *_AGENTS, *_TERMINAL, "GH_CONFIG_DIR")
_CHILDREN: dict[Program, tuple[str, ...]] = {
    # Where signatures and keys are; none of what says which signatures are good, as SIGSTORE_*,
    # TUF_* and the COSIGN_* of flags do.
    "cosign": (
        *_EVERYWHERE, *_NETWORK, *_CLOUDS, "COSIGN_REPOSITORY", "COSIGN_PKCS11_*", "VAULT_ADDR",
        "VAULT_TOKEN", "VAULT_NAMESPACE", "VAULT_CACERT", "KUBECONFIG",
    ),
    "credential helper": (*_EVERYWHERE, *_NETWORK, *_AGENTS, *_CLOUDS, "PASSWORD_STORE_DIR"),
    "git": _OURS,
    "renderer": (*_EVERYWHERE, *_NETWORK),
}  # fmt: skip

# Variables that name certificate authorities; git knows the first two by itself, but all of GIT_*
# is taken out of its environment.
_AUTHORITIES = (
    "GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "GIT_SSL_CAPATH", "SSL_CERT_DIR",
)  # fmt: skip
PROXY_HINT = "Ask who runs the proxy that HTTPS_PROXY names, or name the host in NO_PROXY."
PROXY_LOGIN_HINT = "The proxy wants a login: put USER:PASSWORD@ before its host in HTTPS_PROXY."
# GitPython runs git twice when it is imported, to see whether it is there. Here that is asked for
# later, a single time, and told in our own words; it takes `git` where it cannot run what it is
# told to.
_GITPYTHON = {"GIT_PYTHON_REFRESH": "quiet", "GIT_PYTHON_GIT_EXECUTABLE": os.devnull}
_hidden: dict[str, str] = {}


def variable(name: str) -> str | None:
    """Return a variable that matters before any setting is read, or None where it is empty."""
    return os.environ.get(name) or None


def disable_plugins() -> None:
    """Keep pydantic from loading plugins: it would look at each package, and run code of any."""
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def variables_of(names: Iterable[str]) -> dict[str, str]:
    """Return those of some variables that are set to something."""
    return {name: os.environ[name] for name in names if os.environ.get(name)}


def empty_variables(names: Iterable[str]) -> list[str]:
    """Return those of some variables that are set, but empty, as of a secret that is not there."""
    return [name for name in names if {**_hidden, **os.environ}.get(name) == ""]


def authorities() -> str | None:
    """Return the file, or the folder, of certificate authorities that the user has named."""
    return next(iter(variables_of(_AUTHORITIES).values()), None)


def names_of_variables(beginning: str) -> list[str]:
    """Return the names of the variables that begin so, in any case, in order."""
    return sorted(name for name in {*os.environ, *_hidden} if name.upper().startswith(beginning))


def token_variable() -> str:
    """Return the variable that the run's token comes from, as far as one is set."""
    known = {**_hidden, **os.environ}
    names = ("PROMOTER_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
    if known.get("PROMOTER_GITHUB_APP_ID"):
        return "PROMOTER_GITHUB_APP_ID"
    return next((one for one in names if known.get(one)), " or ".join(names[:2]))


def is_in_actions() -> bool:
    """Return whether this is a run of GitHub Actions."""
    return bool({**_hidden, **os.environ}.get("GITHUB_ACTIONS"))


def secret_values(*, ours: bool) -> tuple[str, ...]:
    """Return the values of variables that hold secrets by their names: those read here, or all others."""
    kinds = ("TOKEN", "PASSWORD", "PASSWD", "SECRET", "PRIVATE_KEY", "ACCESS_KEY", "API_KEY")
    found = {name: value for name, value in os.environ.items() if name.upper().endswith(kinds)}
    read = ("PROMOTER_", "GITHUB_", "GH_")
    return tuple(one for name, one in found.items() if name.upper().startswith(read) is ours)


def home() -> Path | None:
    """Return the home folder, or None where neither HOME nor the account's entry names one."""
    from pathlib import Path  # late: help asks for no folder

    try:
        return Path.home()
    except RuntimeError:
        return None


@contextmanager
def narrowed_environment() -> Iterator[None]:
    """Run with the variables that this process and git may see; the others come back afterwards."""
    seen = _listed(os.environ, _OURS)
    _hidden.update((name, os.environ.pop(name)) for name in set(os.environ).difference(seen))
    os.environ.update(_GITPYTHON)
    try:
        yield
    finally:
        for name in _GITPYTHON:
            del os.environ[name]
        os.environ.update(_hidden)
        _hidden.clear()


def child_environment(program: Program) -> dict[str, str]:
    """Return the variables that a program may see."""
    known = {**_hidden, **os.environ}
    return {name: known[name] for name in _listed(known, _CHILDREN[program])}


def _listed(names: Iterable[str], listed: tuple[str, ...]) -> list[str]:
    beginnings = tuple(one[:-1] for one in listed if one[-1] == "*")
    return [name for name in names if name in listed or name.startswith(beginnings)]
