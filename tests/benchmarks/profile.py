"""Where the time of one run goes: imports, git, API, registry, render and the rest.

python -m tests.benchmarks.profile [--sizes S,M,L] [--transport git|api] [--link 40]

The main thread is looked at every two milliseconds and counted for what it does or waits for. The
table has seconds; the last column says when the first program or connection was begun.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import repositories
from tests.benchmarks.competitors import Job, Promote
from tests.benchmarks.measure import Hub, links
from tests.benchmarks.sampler import NAMES


def main() -> None:
    """Run what the arguments ask for and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.profile")
    parser.add_argument("--sizes", default="S")
    parser.add_argument("--transport", default="git", choices=("git", "api"))
    parser.add_argument("--link", type=int, default=40, help="round trips in milliseconds")
    given = parser.parse_args()
    columns = ("wall", *NAMES, "first")
    print(f"| repository | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    for name in given.sizes.split(","):
        times = profile(repositories.SIZES[name], given.transport, given.link)
        print(f"| {name} | {' | '.join(f'{times[one]:.2f} s' for one in columns)} |", flush=True)


def profile(size: repositories.Size, transport: str, link: int) -> dict[str, float]:
    """Return where the time of a fresh promotion goes, in seconds by kind; modules are compiled."""
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder))
        hub.repository.parent.mkdir()
        repositories.make(size, hub.repository)
        with hub, links(hub, [link]) as opened:
            hub.port = opened[link].port
            report, way = Path(folder) / "report", Promote("promote", transport, render=True)
            for number in (1, 2):
                job = Job(size, f"9.{number}.0", f"127.0.0.1:{hub.port}")
                names = ("GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
                environment = {
                    **os.environ, **dict.fromkeys(names, str(hub.authority)),
                    **way.environment(job), "PROFILE_REPORT": str(report),
                    "PYTHONPYCACHEPREFIX": f"{folder}/compiled",
                }  # fmt: skip
                environment.pop("PYTHONDONTWRITEBYTECODE", None)
                command = [sys.executable, "-c", _SAMPLED, *way.command(job)[3:]]
                subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
                if number == 1:
                    hub.git("update-ref", "-d", f"refs/heads/{way.branch(job)}")
                    hub.pulls.clear()
        found: dict[str, float] = json.loads(report.read_text())
        return found


_SAMPLED = """\
import os, pathlib, sys
from tests.benchmarks.sampler import run_sampled
sys.exit(run_sampled(pathlib.Path(os.environ.pop("PROFILE_REPORT"))))
"""

if __name__ == "__main__":
    main()
