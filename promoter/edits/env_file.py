"""Files of KEY=VALUE lines, such as kustomize's `params.env`, as nodes: one mapping of their keys."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import MappingNode, ScalarNode
from ruamel.yaml.tag import Tag
from yaml.error import Mark

STYLE = "="
"""The style of their values: any text stands there as it is, without quotes."""
ENDINGS = (".env", ".properties")
_LINE = re.compile(
    r"[ \t]*(?:#[^\n]*|(?P<key>[-._A-Za-z][-._A-Za-z0-9]*)=(?P<value>[^\r\n]*))?\r?(?:\n|\Z)"
)
_MAP, _STR = (Tag(suffix=f"tag:yaml.org,2002:{name}") for name in ("map", "str"))


def compose(path: str, text: str) -> MappingNode | None:
    """Return the mapping that a file of such lines is; None where the file is another one.

    A value's marks leave out quotes around it and blanks behind it, which stay.
    """
    if not path.endswith(ENDINGS):
        return None
    pairs: list[tuple[ScalarNode, ScalarNode]] = []
    at = line = 0
    while at < len(text):
        found = _LINE.match(text, at)
        if found is None:
            return None
        if found["key"]:
            start, value = found.start("value"), found["value"].rstrip(" \t")
            quoted = int(len(value) > 1 and value[0] == value[-1] and value[0] in "\"'")
            spans = found.span("key"), (start + quoted, start + len(value) - quoted)
            key, held = (_scalar(text, *one, (line, at)) for one in spans)
            pairs.append((key, held))
        at, line = found.end(), line + 1
    if not pairs:
        return None
    return MappingNode(_MAP, pairs, pairs[0][0].start_mark, pairs[-1][1].end_mark, flow_style=False)


def values(path: str, data: bytes) -> dict[str, str]:
    """Return the values of a file of such lines by their keys; empty for another file."""
    root = compose(path, data.decode("utf-8", "replace"))
    return {key.value: value.value for key, value in root.value} if root is not None else {}


def _scalar(text: str, start: int, end: int, line: tuple[int, int]) -> ScalarNode:
    number, begin = line
    first, last = (Mark("", index, number, index - begin, None, 0) for index in (start, end))
    return ScalarNode(_STR, text[start:end], first, last, STYLE)
