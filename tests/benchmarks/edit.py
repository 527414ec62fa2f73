"""What one edit costs beside a ruamel.yaml round trip and the kustomize program, as ratios.

python tests/benchmarks/edit.py
"""

from __future__ import annotations

import io
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from promoter.domain.image import Tag
from promoter.edits.kustomization import promotion, read, set_images

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 9


def kustomization(lines: int) -> str:
    """Return a kustomization of about so many lines, its images at the top."""
    head = "images:\n  - name: nginx # web\n    newTag: v1\nresources:\n  - a.yaml\n"
    if lines <= 5:
        return head
    patch = "".join(f"      line-{n}: value {n}\n" for n in range(10))
    blocks = max(0, (lines - 6) // 12)
    body = "".join(f"  - target: {{}}\n    patch: |-\n{patch}" for _ in range(blocks))
    return f"{head}patches:\n{body}" if blocks else head


def median(work: Callable[[], object]) -> float:
    """Return the median of a few runs, in seconds."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def edit(data: bytes) -> None:
    """Edit a file that was never read before, as a run does."""
    read.cache_clear()
    set_images(PurePosixPath("k"), data, [promotion("nginx", Tag("v2"), None)])


def round_trip(text: str) -> str:
    """Edit as most tools do: load, change, dump."""
    yaml = YAML(typ="rt", pure=True)
    data = yaml.load(text)
    data["images"][0]["newTag"] = "v2"
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def main() -> None:
    """Print the table."""
    program = shutil.which("kustomize")
    print("| lines | bytes | promote, ms | ruamel round trip | kustomize edit |")
    print("|---|---|---|---|---|")
    for lines in (5, 30, 100, 300, 1000, 3000):
        text = kustomization(lines)
        data = text.encode()
        ours = median(lambda data=data: edit(data))  # type: ignore[misc]  # bound on purpose
        theirs = median(lambda text=text: round_trip(text))  # type: ignore[misc]  # bound on purpose
        shown = "-"
        if program:
            with tempfile.TemporaryDirectory() as directory:
                (Path(directory) / "kustomization.yaml").write_text(text)
                command = [program, "edit", "set", "image", "nginx:v2"]
                took = median(
                    lambda c=command, d=directory: subprocess.run(c, cwd=d, check=True)  # type: ignore[misc]  # bound on purpose
                )
                shown = f"{took / ours:.1f} x"
        print(f"| {lines} | {len(data)} | {ours * 1000:.2f} | {theirs / ours:.1f} x | {shown} |")


if __name__ == "__main__":
    main()
