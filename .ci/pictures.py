"""Pictures of pull requests in a browser with GitHub's style sheet, and their heights.

Run from the repository's root: `python .ci/pictures.py STYLESHEET OUTPUT`. It fails where a usual
promotion is higher than one screen of a laptop, or one with alerts is higher than two.
"""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from markdown_it import MarkdownIt

from tests.page_cases import CASES

SCREEN = 1_100
USUAL = frozenset({"normal", "first-promotion"})
# Name → width in pixels, and the colour scheme.
VIEWS = {"light": (880, "light"), "dark": (880, "dark"), "phone": (390, "light")}
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--virtual-time-budget=2000",
)  # fmt: skip
PAGE = """<!doctype html><meta charset="utf-8"><style>{css}</style>
<style>body {{ margin: 0 }} .markdown-body {{ box-sizing: border-box; padding: 16px; font-size: 14px }}
</style><body><article class="markdown-body" style="width: {width}px">{text}</article>
<script>const box = document.querySelector("article");
document.body.dataset.height = Math.ceil(box.getBoundingClientRect().height);
document.body.dataset.width = document.documentElement.scrollWidth;</script>"""
ALERT = re.compile(
    r"<blockquote>\s*<p>\[!(?P<level>[A-Z]+)\]\s*(?P<text>.*?)</blockquote>", re.DOTALL
)


def rendered(body: str) -> str:
    """Return a body as GitHub shows it, alerts included."""
    text = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(body)
    return ALERT.sub(_alert, text)


def _alert(found: re.Match[str]) -> str:
    """Return an alert in GitHub's markup."""
    level = found["level"].lower()
    return (
        f'<div class="markdown-alert markdown-alert-{level}"><p class="markdown-alert-title">'
        f"{html.escape(level.title())}</p><p>{found['text']}</div>"
    )


def shown(browser: str, file: Path, *options: str) -> str:
    """Return what a browser makes of a page."""
    with tempfile.TemporaryDirectory() as profile:
        command = [browser, *FLAGS, f"--user-data-dir={profile}", *options, file.as_uri()]
        return subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=120
        ).stdout


def picture(browser: str, page: str, view: str, output: Path) -> tuple[int, int]:
    """Write the picture of a page; return its height and how far it reaches beyond the width."""
    width, scheme = VIEWS[view]
    file = output.with_suffix(".html")
    file.write_text(page, encoding="utf-8")
    # Headless Chromium has no window narrower than 500 pixels: the article sets the width.
    size = max(width, 500)
    dom = shown(browser, file, f"--window-size={size},1000", "--dump-dom")
    height, reach = (
        int(re.findall(rf'data-{name}="(\d+)"', dom)[0]) for name in ("height", "width")
    )
    shown(browser, file, f"--window-size={size},{height}", f"--screenshot={output}")
    file.unlink()
    del scheme
    return height, max(0, reach - size)


def main() -> int:
    """Make all pictures and return whether a page is too high."""
    css, output = Path(sys.argv[1]), Path(sys.argv[2])
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        print("SKIPPED: pictures need chromium")
        return 0
    output.mkdir(parents=True, exist_ok=True)
    failed = []
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            text = rendered(case().draft(Path(folder)).body)
        heights = {}
        for view, (width, scheme) in VIEWS.items():
            sheet = (css / f"github-markdown-{scheme}.css").read_text(encoding="utf-8")
            page = PAGE.format(css=sheet, width=width, text=text)
            heights[view], beyond = picture(browser, page, view, output / f"{name}-{view}.png")
            if beyond:
                failed.append(f"{name} is {beyond} px too wide ({view})")
        limit = SCREEN if name in USUAL else 2 * SCREEN
        if heights["light"] > limit:
            failed.append(f"{name} is higher than {limit} px")
        print(f"note: {name}: {heights['light']} px, on a phone {heights['phone']} px")
    print("\n".join(failed) or f"pictures are in {output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
