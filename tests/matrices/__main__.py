"""`python -m tests.matrices [MATRIX]… [--short | --shard I/N]`: run the matrices, print the table.

Failures are printed as they come; for any, it exits with 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import isolate
from tests.matrices.table import Row, table, take_part
from tests.world import empty

if TYPE_CHECKING:
    from collections.abc import Sequence

MATRICES = ("crash", "fault", "race", "hostile")


def main(argv: Sequence[str]) -> int:
    """Run the matrices that are named, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrices", description=__doc__)
    parser.add_argument("matrix", nargs="*", choices=[[], *MATRICES], help="all by default")
    parser.add_argument("--short", action="store_true", help="some points of each, in a minute")
    parser.add_argument(
        "--shard",
        metavar="I/N",
        help="of crash, fault and hostile, every Nth point from the Ith on",
    )
    chosen = parser.parse_args(argv)
    if chosen.shard:
        take_part(*map(int, chosen.shard.split("/")))
    found: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="matrices-") as directory:
        home = Path(directory)
        isolate(home)
        # Made before several threads want it.
        empty(home / "empty.git")
        for name in chosen.matrix or MATRICES:
            for row in import_module(f"tests.matrices.{name}").rows(home, short=chosen.short):
                found.append(row)
                print(f"{row.matrix}: {row.name}: {row.points} points", file=sys.stderr)
    print(table(found))
    return 1 if any(row.failures for row in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
