"""`promote auto` on many apps beside as many single promotions, as ratios.

python tests/benchmarks/auto.py [APPS [NEW]]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from tests.many_apps import DEV, make
from tests.servers.registry import Registry
from tests.world import Templates

APPS, NEW, SINGLES = 1000, 50, 6


def seconds(*command: str) -> float:
    """Return how long a command takes."""
    start = time.perf_counter()
    subprocess.run(
        (sys.executable, "-m", "promoter", *command), check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - start


def main() -> None:
    """Print the table."""
    apps, new = (*map(int, sys.argv[1:3]), *(APPS, NEW)[len(sys.argv) - 1 :])
    names = [f"app-{number:04}" for number in range(apps)]
    with tempfile.TemporaryDirectory() as folder, Registry() as registry:
        for name in names:
            registry.push(name, "1.4.0", "1.4.1")
        images = {name: registry.name(name) for name in names}
        path = Path(folder) / "gitops.git"
        Templates.directory = Templates.shared = Path(folder)
        repo = make(path, images, DEV + '    policy: {semver: "*"}\n')
        where = ("--repo", str(repo.path))
        for name in names[: new + SINGLES]:
            registry.push(name, "1.4.2")
        each = [
            seconds("--app", name, "--env", "dev", "--tag", "1.4.2", *where)
            for name in names[new : new + SINGLES]
        ]
        single = sum(each) / len(each)
        before = repo.git("rev-list", "--count", "main")
        busy = seconds("auto", *where)
        landed = int(repo.git("rev-list", "--count", "main")) - int(before)
        idle = seconds("auto", *where)
    assert landed == new, landed
    print(f"| {apps} apps, {new} new tags | beside {new} single promotions |")
    print("|---|---|")
    print(f"| promote auto | {new * single / busy:.1f} x shorter |")
    print(f"| promote auto, idle | {new * single / idle:.1f} x shorter |")


if __name__ == "__main__":
    main()
