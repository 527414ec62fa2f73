"""How long `promote --help` and a dry run take beside Python's own start, as ratios.

python tests/benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from promoter.demo import repository
from promoter.system.deadline import Deadline

RUNS = 11


def median(*command: str) -> float:
    """Return the median of whole runs of a command, in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    """Print the table."""
    bare = median(sys.executable, "-c", "pass")
    promote = (sys.executable, "-m", "promoter")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "aurora.git"
        repository.make(path, Deadline(30)).close()
        dry = (*promote, "--app", "aurora", "--tag", "9.9.1", "--repo", str(path), "--dry-run")
        rows = (
            ("--version", (*promote, "--version")),
            ("--help", (*promote, "--help")),
            ("dry run", dry),
        )
        print("| command | bare Python's start-up |")
        print("|---|---|")
        for name, command in rows:
            print(f"| {name} | {median(*command) / bare:.1f} x |")


if __name__ == "__main__":
    main()
