"""One run: how long it took, what it used, what it asked for, and whether its result is right."""

from __future__ import annotations

import os
import ssl
import subprocess
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from tests.benchmarks.competitors import Job
from tests.benchmarks.git_ancestry import GitAncestry
from tests.benchmarks.link import Link
from tests.servers.certificate import make as make_certificate
from tests.servers.github import GitHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.benchmarks.competitors import Competitor
    from tests.benchmarks.repositories import Size

_BITS = 100e6


@dataclass(frozen=True)
class Sample:
    """What one run was measured at."""

    wall: float
    """In seconds."""
    processor: float
    """User and system time of all its processes, in seconds."""
    memory: float
    """The peak of its largest process, in megabytes."""
    up: int
    down: int
    """Bytes over the link, TLS included."""
    requests: int
    api: int
    git: int
    """Connections of git."""

    def values(self) -> dict[str, float]:
        """Return all by name."""
        return asdict(self)


class Hub(GitHub):
    """The small GitHub, over TLS, which names itself by the link that it is reached over."""

    def __init__(self, root: Path, host: str = "localhost") -> None:
        super().__init__(root)
        self.store.ancestry = GitAncestry(self.repository, self.store.objects)
        self.authority, key = make_certificate(root, host)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.authority, key)
        self.own_port = self._server.server_port
        self.port = self.own_port
        # The handshake is the thread's that answers, not the one's that accepts.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"https://127.0.0.1:{self.port}"

    def git(self, *arguments: str) -> str:
        """Run git in the repository and return what it printed."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.repository, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


class Bench:
    """A repository that is served, and the link to it."""

    def __init__(self, hub: Hub, link: Link, size: Size) -> None:
        self._hub, self._link, self._size = hub, link, size
        self._main = hub.git("rev-parse", "main")

    def run(self, competitor: Competitor, number: int) -> Sample:
        """Run a competitor, check its result, and have everything as it was before."""
        self._hub.port = self._link.port
        job = Job(self._size, f"9.{number}.0", f"127.0.0.1:{self._link.port}")
        self._link.bytes_since()
        self._hub.seen.clear()
        environment = {**os.environ, **self._trust(), **competitor.environment(job)}
        start = time.perf_counter()
        process = subprocess.Popen(
            competitor.command(job), env=environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{competitor.name}: {said.decode(errors='replace')}"
        up, down = self._link.bytes_since()
        seen = list(self._hub.seen)
        self._check(competitor, job)
        self._reset()
        return Sample(
            wall,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            up,
            down,
            len(seen),
            sum(one.api for one in seen),
            sum(one.path.endswith("/info/refs") for one in seen),
        )

    def _trust(self) -> dict[str, str]:
        """Return the variables that name the server's authority."""
        names = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
        return dict.fromkeys(names, str(self._hub.authority))

    def _check(self, competitor: Competitor, job: Job) -> None:
        """Fail where the tag is not where it was wanted."""
        branch = competitor.branch(job)
        text = self._hub.git("show", f"{branch}:{self._size.file}")
        image = text.partition(self._size.image)[2]
        assert f"newTag: {job.tag}" in image.partition("- name:")[0], f"{competitor.name}: {text}"
        changed = self._hub.git("diff", "--name-only", self._main, branch).split()
        assert changed == [self._size.file], f"{competitor.name} changed {changed}"
        pulls = [one["head"]["ref"] for one in self._hub.open_pulls()]
        assert pulls == ([branch] if competitor.opens_pull else []), f"{competitor.name}: {pulls}"

    def _reset(self) -> None:
        """Have no branch but main, where it was, and no pull."""
        self._hub.git("update-ref", "refs/heads/main", self._main)
        for ref in self._hub.git("for-each-ref", "--format=%(refname)", "refs/heads").split():
            if ref != "refs/heads/main":
                self._hub.git("update-ref", "-d", ref)
        self._hub.pulls.clear()
        self._hub.comments.clear()


@contextmanager
def links(hub: Hub, milliseconds: list[int]) -> Iterator[dict[int, Link]]:
    """Give a link of each round trip to a server, by its milliseconds."""
    opened: dict[int, Link] = {}
    try:
        for one in milliseconds:
            bits = _BITS if one else 1e10
            opened[one] = Link(hub.own_port, round_trip=one / 1000, bits=bits)
        yield opened
    finally:
        for link in opened.values():
            link.close()
