"""Each promise of the security page names a test that there is."""

from __future__ import annotations

import re
from pathlib import Path

from promoter.config import document
from promoter.domain.errors import LONGEST_MESSAGE
from promoter.domain.yaml_nodes import NESTING_LIMIT, NODES_LIMIT
from promoter.edits import text
from promoter.graph import documents
from promoter.policy import pattern
from promoter.render import Renderer, program, renderer
from promoter.settings import LARGEST_NUMBER, Settings
from promoter.system.budget import RENDER
from promoter.system.files import LARGEST_FILE, LONGEST_READ

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / ".github" / "SECURITY.md").read_text(encoding="utf-8")


def test_each_test_that_the_page_names_is_there() -> None:
    defined = {
        name
        for file in (ROOT / "tests").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 30
    assert not named - defined


def test_each_bound_is_what_the_page_says() -> None:
    rows = dict(
        re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", PAGE.partition("## Bounds")[2], re.MULTILINE)
    )
    assert rows["a file that the caller names"].startswith(
        f"{LARGEST_FILE >> 20} MiB; a pipe {LONGEST_READ:g} s"
    )
    assert document._SIZE_LIMIT == documents.SIZE_LIMIT == 4 << 20
    assert rows["a file that is edited"] == f"{text.SIZE_LIMIT >> 20} MiB"
    assert rows["a YAML document"] == f"{NODES_LIMIT:,} nodes, nested {NESTING_LIMIT} deep"
    assert rows["a render"] == (
        f"{program._OUTPUT >> 20} MiB, {RENDER.seconds:g} s of {renderer._PROCESSORS} processors, "
        f"{Renderer('').memory >> 20} MiB of memory"
    )
    assert rows["a pattern over tags"].startswith(f"{pattern.LENGTH_LIMIT} characters")
    assert rows["an error's message, a warning"] == f"{LONGEST_MESSAGE:,} characters"
    texts = rows["a reason, an author, a title or a tag in `status` and `history`"]
    assert texts.startswith(f"{LONGEST_MESSAGE:,} characters")
    assert rows["`--number`, `--steps`"] == f"{LARGEST_NUMBER:,}"
    assert f"{Settings.model_fields['timeout'].default:g} seconds" in PAGE
