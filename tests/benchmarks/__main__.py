"""What a promotion costs beside other ways to the same commit, on three sizes of repository.

python -m tests.benchmarks [--sizes S,M,L] [--links 0,40] [--runs 5] [--gitopscli COMMAND]
                           [--json FILE] [--svg FILE] [--keep FOLDER] [--read JSON …]

All ways are run in turns, so that a busy moment of the machine meets them all, and the result of
each run is checked. The table has medians; × are ratios to the shell recipe of the same turn.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks import repositories
from tests.benchmarks.competitors import ROOT, GitOpsCli, Promote, Recipe
from tests.benchmarks.measure import Bench, Hub, links
from tests.benchmarks.plot import plot
from tests.benchmarks.report import as_json, ratios, read, summary, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.benchmarks.competitors import Competitor
    from tests.benchmarks.report import Results


def main() -> None:
    """Run what the arguments ask for and print the table."""
    given = _arguments()
    if given.read:
        _show(read(given.read), given)
        return
    # An installed package comes compiled, or is so after its first run.
    compileall.compile_dir(ROOT / "promoter", quiet=1)
    ways: list[Competitor] = [
        Recipe(),
        Promote("promote git", "git", render=False),
        Promote("promote git render", "git", render=True),
        Promote("promote api", "api", render=False),
        Promote("promote api render", "api", render=True),
    ]
    cache = Path(tempfile.mkdtemp(prefix="promoter-benchmark-cache-"))
    ways.append(Promote("promote cache", "git", render=False, cache=cache))
    if given.gitopscli:
        ways.append(GitOpsCli(given.gitopscli))
    ways = [one for one in ways if given.only is None or one.name in given.only.split(",")]
    delays = [int(one) for one in given.links.split(",")]
    results: Results = {}
    for name in given.sizes.split(","):
        results |= _measure(repositories.SIZES[name], delays, given.runs, ways, given.keep)
    shutil.rmtree(cache)
    _show(results, given)


def _show(results: Results, given: argparse.Namespace) -> None:
    """Print the tables and write the files that the arguments name."""
    print(table(results), summary(results), sep="\n\n")
    if given.json:
        given.json.write_text(as_json(results))
    if given.svg:
        given.svg.write_text(plot(ratios(results)))


def _measure(
    size: repositories.Size,
    delays: list[int],
    runs: int,
    ways: Sequence[Competitor],
    keep: Path | None,
) -> Results:
    """Run all ways in turns over one repository, through each of the links."""
    results: Results = {(size.name, delay): {one.name: [] for one in ways} for delay in delays}
    with tempfile.TemporaryDirectory() as folder:
        hub = Hub(Path(folder))
        hub.repository.parent.mkdir()
        kept = keep / f"{size.name}.git" if keep else None
        if kept and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            repositories.make(size, kept)
        if kept:
            shutil.copytree(kept, hub.repository)
        else:
            repositories.make(size, hub.repository)
        with hub, links(hub, delays) as opened:
            benches = {delay: Bench(hub, link, size) for delay, link in opened.items()}
            for number in range(1, runs + 1):
                for delay, bench in benches.items():
                    for one in ways:
                        results[size.name, delay][one.name].append(bench.run(one, number))
    return results


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--links", default="0,40", help="round trips in milliseconds")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", help="the names of the ways to run, with commas")
    parser.add_argument("--gitopscli", help="gitopscli, or a wrapper that has it know the server")
    parser.add_argument("--read", type=Path, nargs="+", help="show what earlier runs have written")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--svg", type=Path)
    parser.add_argument("--keep", type=Path, help="where the repositories are kept between runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
