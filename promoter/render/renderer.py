"""The renderer: which program builds a kustomization, its command, and what it may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.graph.requirements import Access
from promoter.system.budget import RENDER

_PROCESSORS = 2
# What a build may take from the caller's environment, where it may use the network.
_ROUTES = (
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True)
class Renderer:
    """The program that renders, and what the caller lets it use."""

    program: str
    allowed: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    remaining: Callable[[], float] = lambda: RENDER.seconds / RENDER.part
    """The seconds that the run has left; a build takes no more than half of them."""

    memory: int = 768 << 20
    """The bytes that a build may hold: 100 times what the manifests of a large app take as text."""

    reads_outside: bool = False
    """Whether a kustomization may name files outside of its folder, as Flux lets it."""

    @property
    def seconds(self) -> float:
        """The seconds that a build may take from now on."""
        return RENDER.of(self.remaining())

    @property
    def name(self) -> str:
        """The program's name, for messages."""
        return Path(self.program).name

    @property
    def is_kubectl(self) -> bool:
        """Whether it is kubectl, which renders too but runs no programs."""
        return self.name.startswith("kubectl")

    @property
    def access(self) -> frozenset[str]:
        """What a build may use beside files."""
        return self.allowed - {Access.EXEC} if self.is_kubectl else self.allowed

    @property
    def confined_to(self) -> tuple[str, ...] | None:
        """The programs that a build may run; None where it may use more than files and Helm."""
        if self.access - {Access.HELM}:
            return None
        helm = shutil.which("helm", path=self._path) if Access.HELM in self.access else None
        return (self.program, helm) if helm else (self.program,)

    @property
    def _path(self) -> str:
        return self.environment.get("PATH", os.defpath) if self.access else os.defpath

    def command(self, folder: Path) -> list[str]:
        """Return the command that renders a folder."""
        command = [self.program, "kustomize" if self.is_kubectl else "build", str(folder)]
        if self.reads_outside:
            command += ["--load-restrictor", "LoadRestrictionsNone"]
        if Access.HELM in self.access:
            command.append("--enable-helm")
        if Access.EXEC in self.access:
            command += ["--enable-alpha-plugins", "--enable-exec"]
        return command

    def surroundings(self, home: Path) -> dict[str, str]:
        """Return the environment of a build: its own, with a way out only where one is allowed."""
        own = {
            "PATH": self._path,
            "HOME": str(home),
            "TMPDIR": str(home),
            "GIT_TERMINAL_PROMPT": "0",
        }
        # Go collects its garbage in time, so that only what is in use meets the limit.
        own["GOMEMLIMIT"] = str(self.memory * 3 // 4)
        # A build is short: collecting garbage less often saves a fifth of its time.
        own["GOGC"] = "400"
        # One does the work, and one collects garbage: hostile content gets no more of the machine.
        own["GOMAXPROCS"] = str(_PROCESSORS)
        if Access.NETWORK in self.access:
            ways = {key: self.environment[key] for key in _ROUTES if key in self.environment}
            # No repository of this machine is the network's.
            return own | ways | {"GIT_ALLOW_PROTOCOL": "git:http:https:ssh"}
        return own | dict.fromkeys(_PROXIES, _NOWHERE) | {"GIT_ALLOW_PROTOCOL": "none"}


def find(
    given: str | None,
    allowed: Iterable[str],
    environment: Mapping[str, str],
    remaining: Callable[[], float],
) -> Renderer | None:
    """Return the renderer that the caller names, else the first on PATH, None without one.

    Raises `UsageError` where the one that is named is not there.
    """
    found = next(
        filter(None, map(shutil.which, (given,) if given else ("kustomize", "kubectl"))), None
    )
    if found:
        # A build has a working folder of its own.
        program = str(Path(found).absolute())
        return Renderer(program, frozenset(allowed), environment, remaining)
    if given:
        raise UsageError(
            f"PROMOTER_RENDERER {given} is not a program", "Give the path of kustomize or kubectl."
        )
    return None
