"""What was measured, as tables and as JSON."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, TypeAlias

from tests.benchmarks.measure import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Results: TypeAlias = dict[tuple[str, int], dict[str, list[Sample]]]
"""The samples of each way, by the size of the repository and the link's milliseconds."""
_HEADER = (
    "| repository · link | way | wall | × recipe | processor | peak memory | down | up | requests "
    "| of these API | git connections |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def as_json(results: Results) -> str:
    """Return all samples as JSON, of which `read` makes the same again."""
    found = [
        {"size": size, "link": link, "way": way, "samples": [one.values() for one in samples]}
        for (size, link), by_way in results.items()
        for way, samples in by_way.items()
    ]
    return json.dumps(found, indent=1) + "\n"


def read(files: Iterable[Path]) -> Results:
    """Return what earlier runs have measured, each size in one of them."""
    results: Results = {}
    for file in files:
        for one in json.loads(file.read_text()):
            by_way = results.setdefault((one["size"], one["link"]), {})
            by_way[one["way"]] = [Sample(**values) for values in one["samples"]]
    return results


def ratios(results: Results) -> dict[str, dict[str, float]]:
    """Return for each repository and link how long each way takes beside the recipe."""
    found: dict[str, dict[str, float]] = {}
    for (size, link), by_way in results.items():
        recipe = by_way.get("recipe")
        if recipe:
            pairs = {way: zip(of, recipe, strict=True) for way, of in by_way.items()}
            found[f"{size} · {link} ms"] = {
                way: median(one.wall / other.wall for one, other in of) for way, of in pairs.items()
            }
    return found


def table(results: Results) -> str:
    """Return the medians as a Markdown table."""
    rows, beside = [_HEADER], ratios(results)
    for (size, link), by_way in results.items():
        for way, samples in by_way.items():
            mid = {
                name: median(one.values()[name] for one in samples) for name in samples[0].values()
            }
            ratio = beside.get(f"{size} · {link} ms", {}).get(way)
            rows.append(
                f"| {size} · {link} ms | {way} | {mid['wall']:.2f} s "
                f"| {f'{ratio:.2f}' if ratio else '–'} | {mid['processor']:.2f} s "
                f"| {mid['memory']:.0f} MB | {mid['down'] / 1000:.0f} kB | {mid['up'] / 1000:.0f} kB "
                f"| {mid['requests']:.0f} | {mid['api']:.0f} | {mid['git']:.0f} |"
            )
    return "\n".join(rows)


def summary(results: Results) -> str:
    """Return a row for each way: its median time and its ratio to the recipe, by repository."""
    beside = ratios(results)
    places = list(results)
    names = [f"{size} · {link} ms" for size, link in places]
    rows = [f"| | {' | '.join(names)} |", f"|---{'|---' * len(names)}|"]
    for way in dict.fromkeys(way for by_way in results.values() for way in by_way):
        cells = []
        for place, name in zip(places, names, strict=True):
            samples = results[place].get(way)
            ratio = beside.get(name, {}).get(way)
            wall = f"{median(one.wall for one in samples):.2f} s" if samples else "–"
            cells.append(f"{wall} ({ratio:.2f} ×)" if ratio else wall)
        rows.append(f"| {way} | {' | '.join(cells)} |")
    return "\n".join(rows)
