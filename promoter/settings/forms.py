"""The forms that settings are written in, and the values that several of them make together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from promoter.domain.dataclass import dataclass
from promoter.domain.duration import parse_duration
from promoter.domain.redaction import one_line, shown
from promoter.domain.rules import ALLOWABLE, RULES
from promoter.domain.suggest import nearest


def _lines(value: object) -> object:
    if isinstance(value, str):
        return tuple(line.strip() for line in value.splitlines() if line.strip())
    return value


def _switch(value: object) -> object:
    """Read a boolean as the contract spells it."""
    words = {"1": True, "true": True, "0": False, "false": False}
    if isinstance(value, str):
        if value.lower() not in words:
            msg = "must be 1, true, 0 or false"
            raise ValueError(msg)
        return words[value.lower()]
    return value


def _seconds(value: object) -> object:
    return parse_duration(value).total_seconds() if isinstance(value, str) else value


LONGEST_RUN = 86_400.0
"""The seconds that a run may take at most."""


def _timeout(seconds: float) -> float:
    if not 0 < seconds <= LONGEST_RUN:
        msg = "must be more than 0 and at most 24h"
        raise ValueError(msg)
    return seconds


def _without_line_end(value: object) -> object:
    """Return a secret without the line end that a file or a pasted secret ends with."""
    return value.rstrip("\r\n") if isinstance(value, str) else value


def _rules(value: object) -> object:
    names = _lines(value)
    if isinstance(names, tuple | list):
        for name in names:
            if name not in ALLOWABLE:
                raise ValueError(_no_rule(str(name)))
    return names


def _no_rule(name: str) -> str:
    """Return what is said of a rule that there is not, and on a line of its own what to write."""
    several = re.split(r"[\s,;]+", name.strip())
    if len(several) > 1 and all(one in ALLOWABLE for one in several):
        flags = " ".join(f"--allow {one}" for one in several)
        hint = f"Write {flags}; PROMOTER_ALLOW takes one rule a line."
    else:
        if name in RULES:
            key = RULES[name].warns_by
            way = f"In promoter.yaml, {key} lets it pass. " if key else ""
            if name == "human-commits":
                way = "To replace a branch with commits of others: --take-over. "
            return f"the rule {name} cannot be allowed\n{way}{nearest('', ALLOWABLE)}"
        hint = nearest(name, ALLOWABLE)
    return f"there is no rule {shown(name)} to allow\n{hint}"


Line = Annotated[str, AfterValidator(one_line)]
"""A text that others read: one line, without what cannot be printed."""
Secret = Annotated[SecretStr, BeforeValidator(_without_line_end)]
Lines = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_lines)]
Rules = Annotated[frozenset[str], NoDecode, BeforeValidator(_rules)]
RenderMeans = Annotated[
    frozenset[Literal["network", "helm", "exec"]], NoDecode, BeforeValidator(_lines)
]
Switch = Annotated[bool, BeforeValidator(_switch)]
Seconds = Annotated[float, BeforeValidator(_seconds)]
Timeout = Annotated[Seconds, AfterValidator(_timeout)]


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """A GitHub App: its id, and the private key that proves to be it."""

    id: str
    key: SecretStr


@dataclass(frozen=True, slots=True)
class Registries:
    """How registries are logged in to: Docker's files, one login by variables, hosts without TLS."""

    files: tuple[Path, ...] = ()
    host: str | None = None
    username: str | None = None
    password: SecretStr | None = None
    plain: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Building:
    """The repository and the commit of a workflow's run, where such a run builds images."""

    repository: str
    revision: str
