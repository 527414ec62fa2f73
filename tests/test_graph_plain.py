"""The plain reader is never mistaken: what it reads, the parser reads the same, places included."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from promoter.graph import plain
from promoter.graph.documents import UnreadableError, documents, parse_any
from promoter.graph.value import Origin, Scalar, Value

ROOT = Path(__file__).parent.parent
MANIFESTS = sorted(
    path for folder in ("promoter/demo", "config") for path in (ROOT / folder).rglob("*.y*ml")
)
ORIGIN = Origin("file.yaml", 3, 2)

# Pieces that lines are made of: the usual ones, and those that mean something else than they seem.
_WORDS = st.sampled_from([
    "a", "b1", "name", "kind:", "null", "~", "true", "1.10", "-1", "--flag=x", "a:b", "a:", "'it''s'",
    "'x'", '"y"', '"\\n"', "\"a 'b\"", '"', "'", "#", "#c", "{}", "[]", "{a: b}", '{a: 1, b: "2"}',
    "{a}", "[a, b]", '["--x", y]', "[a,]", "[a b]", "{a: b, a: c}", "{a: null}", "{a: }", "{a: {b: c}}",
    "[a: b]", "[ ]", "{a: b} c", "|", "|-", "|+", "|2", ">", "&", "&x", "*x", "!t", "!!str", "<<", "?",
    "-", "--", "---", "...", "@", "`", "%", "%a", "http://x:80/y", "a#b", "x:y:z", "''", '""', "=",
    "<x", "^", "$", "$(A)", "${A}", "\\", "\u00e9", "\u2028", "\x85", "\t",
])  # fmt: skip
_LINE = st.builds(
    lambda indent, dashes, key, words, end: " " * indent + dashes + key + " ".join(words) + end,
    st.integers(0, 5),
    st.sampled_from(["", "", "", "- ", "-", "- - ", "-  "]),
    st.sampled_from(["", "a: ", "b: ", "c:", "name: ", "a.b/c-d: ", "a :", "'q': ", "x:  "]),
    st.lists(_WORDS, max_size=2),
    st.sampled_from(["", "", "", " ", " # c", "#c", ":"]),
)
_TEXT = st.builds(
    lambda lines, end: "\n".join(lines) + end,
    st.lists(_LINE, min_size=1, max_size=7),
    st.sampled_from(["\n", "\n", "", "\n\n", "\n  \n"]),
)


def _same(text: str) -> bool:
    """Hold the plain reader to the parser; returns whether it read the text at all."""
    found = plain.read(text, ORIGIN)
    expected: Value | UnreadableError | None
    if found is None:
        return False
    try:
        expected = parse_any(text, ORIGIN)
    except UnreadableError as error:
        expected = error
    # As texts, so that the order of keys counts too.
    assert repr(_placed(found)) == repr(_placed(expected))
    return True


def _placed(value: Value | UnreadableError | None) -> object:
    """Return a value; an empty one has no place of its own: the parser names whatever comes next."""
    if isinstance(value, dict):
        return {key: _placed(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_placed(child) for child in value]
    return "empty" if isinstance(value, Scalar) and value.null and not value.text else value


@settings(max_examples=3000, deadline=None)
@example("a: 1\nb:\n  - c: d\n    e: |\n      f\n\n      g\n  - [h, i]\n")
@example("a:\n- b\n- c:\n  d: 1\n")
@example("a: b\n  c\n")
@example("a: |\n  b\nc: 1\n")
@example("a: |\n  b")
@example("a: |-\n\n  b\n\n\n")
@example("- a: b\n-\n  c: d\n")
@example("a: 'b' c\n")
@example("a: b #c\nd: e# f\n")
@example("---\na: b\n")
@example("--- \na: b\n...\n")
@given(_TEXT)
def test_what_the_plain_reader_takes_the_parser_reads_the_same(text: str) -> None:
    _same(text)


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(MANIFESTS),
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(" -:#'\"{}[],|>&*!\n\\0a"), st.booleans()),
        min_size=1,
        max_size=3,
    ),
)
def test_real_manifests_with_mistakes_are_read_the_same(
    path: Path, mistakes: list[tuple[float, str, bool]]
) -> None:
    for _, document in documents(path.read_text(encoding="utf-8")):
        text = document
        for where, char, insert in mistakes:
            at = int(where * len(text))
            text = text[:at] + char + text[at if insert else at + 1 :]
        _same(text)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_real_manifests_are_read_the_same(path: Path) -> None:
    for _, document in documents(path.read_text(encoding="utf-8")):
        _same(document)


def test_most_real_manifests_need_no_parser() -> None:
    texts = [d for p in MANIFESTS for _, d in documents(p.read_text(encoding="utf-8"))]
    assert sum(_same(text) for text in texts) > 0.8 * len(texts)
