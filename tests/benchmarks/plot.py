"""Bars of ratios, as SVG."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLOURS = ("#8c8c8c", "#1f6feb", "#79b8ff", "#2da44e", "#85e89d", "#d29922", "#cf222e")
_TITLE = "Wall time of one promotion, beside that of the shell recipe (shorter is faster)"
_BAR, _GAP, _LEFT, _WIDTH = 16, 14, 230, 420


def plot(ratios: Mapping[str, Mapping[str, float]]) -> str:
    """Return a picture: for each repository and link, how long each way takes beside the recipe."""
    ways = list(dict.fromkeys(way for row in ratios.values() for way in row))
    longest = max((value for row in ratios.values() for value in row.values()), default=1.0)
    out, height = [_text(8, _GAP + 6, _TITLE, "bold")], 2 * _GAP + _BAR
    for place, row in ratios.items():
        out.append(_text(8, height + 12, place, "bold"))
        for way, value in row.items():
            width = max(1.0, value / longest * _WIDTH)
            colour = _COLOURS[ways.index(way) % len(_COLOURS)]
            out += [
                _text(95, height + 12, way),
                f'<rect x="{_LEFT}" y="{height}" width="{width:.1f}" height="{_BAR - 3}" '
                f'fill="{colour}"/>',
                _text(_LEFT + width + 6, height + 12, f"{value:.2f} ×"),
            ]
            height += _BAR
        height += _GAP
    size = f'width="{_LEFT + _WIDTH + 80}" height="{height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="12">\n'
        f"<title>{_TITLE}</title>\n"
        f'<rect width="100%" height="100%" fill="white"/>\n{chr(10).join(out)}\n</svg>\n'
    )


def _text(x: float, y: float, text: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y}" font-weight="{weight}">{escape(text)}</text>'
