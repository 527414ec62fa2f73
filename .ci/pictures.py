"""Pictures of pull requests in a browser with GitHub's style sheet, and their heights.

Run from the repository's root: `PYTHONPATH=. python .ci/pictures.py STYLESHEETS OUTPUT`. It fails
where a usual promotion is higher than one screen of a laptop, or one with alerts than two.
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
USUAL = frozenset({"normal", "digests-in-prod-tags-in-dev", "first-promotion", "300-commits"})
# Name → width in pixels, and the colour scheme.
VIEWS = {"light": (880, "light"), "dark": (880, "dark"), "phone": (390, "light")}
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip
PAGE = """<!doctype html><meta charset="utf-8"><style>{css}
body {{ margin: 0 }}
.markdown-body {{ box-sizing: border-box; padding: 16px; font-size: 14px; width: {width}px }}
</style><body>{articles}<script>for (const box of document.querySelectorAll("article")) {{
box.dataset.height = Math.ceil(box.getBoundingClientRect().height);
box.dataset.beyond = Math.max(0, box.scrollWidth - box.clientWidth); }}</script>"""
ARTICLE = '<article class="markdown-body">{}</article>'
MEASURED = re.compile(r'<article class="markdown-body" data-height="(\d+)" data-beyond="(\d+)"')
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


class Browser:
    """Chromium without a window, fresh for each page."""

    def __init__(self, program: str, sheets: Path, folder: Path) -> None:
        self._program, self._sheets, self._folder = program, sheets, folder

    def measure(self, view: str, texts: list[str]) -> list[tuple[int, int]]:
        """Return the height of each text, and how far it reaches beyond its width."""
        dom = self._show(view, texts, 1_000, "--dump-dom")
        return [(int(height), int(beyond)) for height, beyond in MEASURED.findall(dom)]

    def picture(self, view: str, text: str, height: int, file: Path) -> None:
        """Write the picture of a text."""
        self._show(view, [text], height, f"--screenshot={file}")

    def _show(self, view: str, texts: list[str], height: int, option: str) -> str:
        """Return what the browser prints about a page of texts."""
        width, scheme = VIEWS[view]
        css = (self._sheets / f"github-markdown-{scheme}.css").read_text(encoding="utf-8")
        articles = "".join(ARTICLE.format(text) for text in texts)
        page = self._folder / "page.html"
        page.write_text(PAGE.format(css=css, width=width, articles=articles), encoding="utf-8")
        with tempfile.TemporaryDirectory() as profile:
            # There is no window narrower than 500 pixels: the article sets the width.
            size = f"--window-size={max(width, 500)},{height}"
            command = [self._program, *FLAGS, f"--user-data-dir={profile}", size, option]
            return subprocess.run(
                [*command, page.as_uri()], capture_output=True, text=True, check=True, timeout=120
            ).stdout


def main() -> int:
    """Make all pictures; return 1 where a page is too high or too wide."""
    sheets, output = Path(sys.argv[1]), Path(sys.argv[2])
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        print("SKIPPED: pictures of pull requests need chromium")
        return 0
    output.mkdir(parents=True, exist_ok=True)
    texts = {}
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            texts[name] = rendered(case().draft(Path(folder)).body)
    failed = []
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(program, sheets, Path(folder))
        sizes = {view: browser.measure(view, list(texts.values())) for view in VIEWS}
        for number, (name, text) in enumerate(texts.items()):
            for view in VIEWS:
                height, beyond = sizes[view][number]
                browser.picture(view, text, height, output / f"{name}-{view}.png")
                if beyond:
                    failed.append(f"{name} is {beyond} px too wide ({view})")
            height, limit = sizes["light"][number][0], SCREEN if name in USUAL else 2 * SCREEN
            if height > limit:
                failed.append(f"{name} is {height} px high, of {limit} px")
            print(f"note: {name}: {height} px, on a phone {sizes['phone'][number][0]} px")
    print("\n".join(failed) or f"{len(texts) * len(VIEWS)} pictures are in {output}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
