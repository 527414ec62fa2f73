"""The reader beside ruamel.yaml's own parser: the same nodes at the same places, or a listed case."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from promoter.domain.errors import RefusedError
from promoter.domain.yaml_nodes import (
    NESTING_LIMIT,
    NODES_LIMIT,
    BrokenYAMLError,
    compose,
    compose_one,
    values,
)
from promoter.edits.nodes import flatten
from promoter.edits.region import Region
from promoter.graph.documents import Origin, UnreadableDocumentError, parse_document
from tests.test_edits_properties import files, kustomizations
from tests.thorough import thorough_after

pytestmark = pytest.mark.provisioned

ROOT = Path(__file__).parent.parent
MANIFESTS = sorted(
    path for folder in ("promoter/demo", "config") for path in (ROOT / folder).rglob("*.y*ml")
)
_KUSTOMIZE = shutil.which("kustomize")
# Where the two parsers part, as the table below shows: line breaks of YAML 1.1, tabs, text after `...`
# without `---`, keys that are not there, a comment stuck to a block's header, anchors with signs.
_PARTED = re.compile(
    r"[\t\x85\u2028\u2029\ufeff]|^ *\.\.\.|^[-? ]*:|[|>][-+0-9]*#|^%|[&*]\S*[^-\w\s]",
    re.MULTILINE | re.ASCII,
)
# Pieces that lines are made of: the usual ones, and those that mean something else than they seem.
_WORDS = st.sampled_from([
    "a", "b1", "name", "kind:", "null", "~", "true", "1.10", "-1", "--flag=x", "a:b", "a:", "'it''s'",
    "'x'", '"y"', '"\\n"', "\"a 'b\"", '"', "'", "#", "#c", "{}", "[]", "{a: b}", '{a: 1, b: "2"}',
    "{a}", "[a, b]", '["--x", y]', "[a,]", "[a b]", "{a: b, a: c}", "{a: null}", "{a: }", "{a: {b: c}}",
    "[a: b]", "[ ]", "{a: b} c", "|", "|-", "|+", "|2", ">", "&", "&x", "*x", "!t", "!!str", "<<", "?",
    "-", "--", "---", "@", "`", "%", "%a", "http://x:80/y", "a#b", "x:y:z", "''", '""', "=",
    "<x", "^", "$", "$(A)", "${A}", "\\", "\u00e9", "\U0001f600",
])  # fmt: skip
_LINES = st.builds(
    lambda indent, dashes, key, words, end: " " * indent + dashes + key + " ".join(words) + end,
    st.integers(0, 5),
    st.sampled_from(["", "", "", "- ", "-", "- - ", "-  "]),
    st.sampled_from(["", "a: ", "b: ", "c:", "name: ", "a.b/c-d: ", "a :", "'q': ", "x:  "]),
    st.lists(_WORDS, max_size=2),
    st.sampled_from(["", "", "", " ", " # c", "#c", ":"]),
)
_TEXTS = st.builds(
    lambda lines, ends: "".join(map("".join, zip(lines, ends, strict=False))),
    st.lists(_LINES, min_size=1, max_size=7),
    st.lists(st.sampled_from(["\n", "\n", "\n", "\n\n", "\r\n", "\r", ""]), min_size=7, max_size=7),
)


def ruamel(text: str) -> list[Node] | None:
    """Return what ruamel.yaml's own parser reads, None where it refuses."""
    yaml = YAML(typ="safe", pure=True)
    yaml.composer.warn_double_anchors = False
    try:
        return [node for node in yaml.compose_all(text) if node is not None]
    except (YAMLError, ValueError, IndexError, RecursionError):
        return None


def shown(node: Node, depth: int = 0) -> Any:
    """Return all that is read of a node; of a place that holds nothing, no mark: they differ there."""
    if isinstance(node, ScalarNode):
        start, end = node.start_mark, node.end_mark
        marks = (
            (start.index, start.line, start.column, end.index) if node.value or node.style else ()
        )
        return str(node.tag), node.value, node.style, node.anchor, marks
    if depth > NESTING_LIMIT:
        return "an anchor that contains itself"
    below = [
        tuple(shown(part, depth + 1) for part in child)
        if isinstance(node, MappingNode)
        else shown(child, depth + 1)
        for child in node.value
    ]
    flow = bool(getattr(node, "flow_style", None))
    return str(node.tag), flow, node.anchor, node.start_mark.index, below


def read(text: str) -> list[Node] | None:
    """Return what the reader under test reads, None where it refuses."""
    try:
        return compose(text)
    except BrokenYAMLError as error:
        assert 0 <= error.index <= len(text)
        return None


@example("a: 1\nb:\n  - c: d\n    e: |\n      f\n\n      g\n  - [h, i]\n")
@example("a:\n- b\n- c:\n  d: 1\n")
@example("a: |\n  b")
@example("a: &x [b]\nc: [*x, &x {d: 1}]\ne: *x\n")
@example("a: !!int 'x'\nb: ! 5\nc: !t {}\n? [d]\n: e\n")
@example("a: \U0001f600\U0001f600 # \U0001f600\r\nb: '\u00e9'\rc: d\n")
@example("--- \na: b\n---\nc\n")
@given(st.one_of(_TEXTS, files(), kustomizations()))
def test_nodes_and_places_are_those_of_an_independent_parser(text: str) -> None:
    found, expected = read(text), ruamel(text)
    if _PARTED.search(text):
        return
    if found is None or expected is None:
        assert found == expected
    else:
        assert [*map(shown, found)] == [*map(shown, expected)]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_real_files_are_read_as_an_independent_parser_reads_them(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = ruamel(text)
    assert expected
    assert [*map(shown, compose(text))] == [*map(shown, expected)]


_HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"


@pytest.mark.parametrize(
    ("text", "ours", "independent", "kustomizes"),
    [
        (f"{_HEAD}data: {{a: b}}\t\n", True, False, True),
        (f"{_HEAD}data: {{a: b}}\t# c\n", True, False, True),
        (f"{_HEAD}data:\n  a: b\n    c\td\n", True, False, True),
        (f"{_HEAD}data:\n  a: |#c\n    x\n", True, False, True),
        (f"{_HEAD}data: {{a: b}}\x85immutable: true\n", True, False, True),
        (f"{_HEAD}data: {{a: b}}\u2028immutable: true\n", True, False, True),
        (f"{_HEAD}data:\n  a: &x b\n  c: &x d\n  e: *x\n", True, True, True),
        (f"%FOO\n---\n{_HEAD}", False, True, False),
        (f"{_HEAD}data:\n  : a\n", False, True, False),
        (f'{_HEAD}data: {{a: "\\ud800"}}\n', False, True, False),
        (f"\ufeff\ufeff{_HEAD}", False, True, False),
        (f"{_HEAD}data: {{a: &\u00e9 b}}\n", False, True, False),
        # Kustomize alone is more liberal in these; what is refused is not edited.
        (f"{_HEAD}...\nb: c\n", False, True, None),
        (f"{_HEAD}\ufeffdata: {{a: b}}\n", False, True, True),
    ],
)
def test_where_parsers_differ_kustomizes_own_is_followed(
    text: str, ours: bool, independent: bool, kustomizes: bool | None, tmp_path: Path
) -> None:
    assert (read(text) is not None) is ours
    assert (ruamel(text) is not None) is independent
    if _KUSTOMIZE and kustomizes is not None:
        (tmp_path / "kustomization.yaml").write_text("resources: [r.yaml]\n")
        (tmp_path / "r.yaml").write_bytes(text.encode())
        ran = subprocess.run([_KUSTOMIZE, "build", tmp_path], capture_output=True, check=False)
        assert (ran.returncode == 0) is kustomizes


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a: [\n", (5, 1, 0), "node content"),
        ("\u00e9\U0001f600: b\nc: \x07\n", (9, 1, 3), r"U\+0007"),
        ("a: b\r\nc: '\0'\r\n", (10, 1, 4), r"U\+0000"),
        ("\U0001f600: b\nc:\n  - \td: e\n", (12, 2, 4), r"found '\\t', which cannot start"),
        ("a: *b\n", (3, 0, 3), "undefined alias 'b'"),
        ("\ufeffa: b\n", (0, 0, 0), "byte order mark"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(
    text: str, place: tuple[int, int, int], reason: str
) -> None:
    with pytest.raises(BrokenYAMLError, match=reason) as caught:
        compose(text)
    error = caught.value
    assert (error.index, error.line, error.column, error.rule) == (*place, "yaml")


@pytest.mark.parametrize(
    ("text", "rule"),
    thorough_after(
        6,
        [
            ("[" * 100_000, "nesting"),
            ("{a: " * 100_000, "nesting"),
            ("- " * 100_000, "nesting"),
            ("? " * 100_000, "nesting"),
            ("[" * 8_000_000, "nesting"),
            ("a: &a [" * 5 + "x" * 8_000_000, "yaml"),
            ("[" + "a," * (NODES_LIMIT + 1), "size"),
        ],
    ),
    ids=lambda value: value[:12],
)
def test_hostile_texts_are_refused_at_once(text: str, rule: str) -> None:
    begun = time.process_time()
    with pytest.raises(BrokenYAMLError) as caught:
        compose(text)
    assert caught.value.rule == rule
    assert time.process_time() - begun < 20


_BOMB = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n" for n in range(60))
_CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(5_000))


@pytest.mark.parametrize(
    "text", thorough_after(2, [_BOMB, "a: &a [*a]\n", _CHAIN]), ids=["bomb", "itself", "chain"]
)
def test_aliases_are_read_and_written_out_within_bounds(text: str) -> None:
    assert len(flatten(compose(text))) > 0
    with pytest.raises(UnreadableDocumentError, match="aliases"):
        parse_document(text, Origin("m.yaml"))
    with pytest.raises(RefusedError, match="aliases"):
        Region.of(PurePosixPath("m.yaml"), text.encode())


def test_values_are_those_of_yaml_1_2() -> None:
    root = compose_one("a: 010\nb: no\nc: 1.10\nd: '5'\ne: ~\nf: &x {g: 1}\nh: {<<: *x, i: 2}\n")
    assert root is not None
    assert values(root) == {
        "a": 10, "b": "no", "c": 1.1, "d": "5", "e": None, "f": {"g": 1}, "h": {"g": 1, "i": 2},
    }  # fmt: skip
    assert compose_one("# nothing\n") is None
    with pytest.raises(BrokenYAMLError, match="second document"):
        compose_one("a\n---\nb\n")
