"""The text of a YAML file: spans by the composer's marks, splices, and the proof of an edit.

Marks count characters, not bytes; the byte order mark is kept aside. Nothing here dumps YAML: an
edit is a set of splices on the original text, and the result is composed again and compared.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import field
from posixpath import splitext
from typing import TYPE_CHECKING

from promoter.domain import yaml_nodes
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RefusedError
from promoter.domain.refusal import Refusal
from promoter.domain.yaml_mistakes import explain_yaml_error
from promoter.domain.yaml_nodes import BrokenYAMLError
from promoter.edits import env_file

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

SIZE_LIMIT = 8 * 1024 * 1024
# Each line and part of a YAML text has one of these signs, so that they bound what reading costs.
PARTS_LIMIT = 400_000
_SIGNS = b"\n:,-[{?"
_SHOWN_LINE = 1000
TEMPLATE_HINT = "Promote the rendered repository, or move the tag out of the template."
_BOM = "\ufeff"
_CONFLICT = re.compile(r"^(?:<{7}|={7}|>{7})(?: |\r?$)", re.MULTILINE)
# What Go templates are called by helmfile, Helm and others.
_TEMPLATES = (".gotmpl", ".tpl", ".tmpl")
_LANGUAGES = {
    ".cue": "CUE",
    ".hcl": "HCL",
    ".jsonnet": "Jsonnet",
    ".libsonnet": "Jsonnet",
    ".nix": "Nix",
    ".tf": "HCL",
    ".tfvars": "HCL",
    ".toml": "TOML",
}
_TEMPLATE = re.compile(r"\{%|\{\{|\$\{")


@dataclass(frozen=True, slots=True)
class Splice:
    """A span of the text, by character offsets, and what stands there afterwards."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file as bytes and as text without its byte order mark."""

    path: str
    data: bytes
    text: str
    bom: str
    _starts: list[int] = field(repr=False)

    @classmethod
    def of(cls, path: str, data: bytes, text: str) -> Source:
        """Return a file of which the text is known."""
        bom = _BOM if text.startswith(_BOM) else ""
        text = text[len(bom) :]
        return cls(path, data, text, bom, [0, *(m.end() for m in re.finditer("\n", text))])

    def position(self, index: int) -> tuple[int, int]:
        """Return the line and column of a character, both from 1."""
        line = bisect_right(self._starts, index)
        return line, index - self._starts[line - 1] + 1

    def index(self, line: int, column: int) -> int:
        """Return the character at a line and column, as `position` has them; the last for a later one."""
        at = self._starts[min(line, len(self._starts)) - 1] + column - 1
        return min(at, len(self.text))

    def line_start(self, index: int) -> int:
        """Return where the line of a character begins."""
        return self._starts[bisect_right(self._starts, index) - 1]

    def line_end(self, index: int) -> int:
        """Return where the line of a character ends, before its line break."""
        found = self.text.find("\n", index)
        if found < 0:
            return len(self.text)
        return found - 1 if found > index and self.text[found - 1] == "\r" else found

    def next_line(self, index: int) -> int:
        """Return where the line after a character begins, or the end of the text."""
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found + 1

    def newline(self, index: int) -> str:
        """Return the line break in use around a place: its own line's, else the one before it."""
        found = self.text.find("\n", index)
        if found < 0:
            found = self.text.rfind("\n", 0, index)
        if found < 0:
            return "\n"
        return "\r\n" if found and self.text[found - 1] == "\r" else "\n"

    def refusal(self, rule: str, reason: str, hint: str = "", *, at: int | None = None) -> Refusal:
        """Return a refusal with the place, the line and what to do."""
        if at is None:
            return Refusal(rule, reason, hint, self.path)
        line, column = self.position(min(at, len(self.text)))
        return Refusal(rule, reason, hint, self.path, line, column, self._shown(line))

    def _shown(self, line: int) -> str | None:
        """Return a line as inert text, or None where it is blank, or too long for a terminal."""
        start = self._starts[line - 1]
        text = self.text[start : self.line_end(start)]
        if len(text) > _SHOWN_LINE or not text.strip():
            return None
        return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)

    def refuse(
        self, rule: str, reason: str, hint: str = "", *, at: int | None = None
    ) -> RefusedError:
        """Return an error that holds one refusal."""
        return RefusedError([self.refusal(rule, reason, hint, at=at)])


def check_size(path: str, size: int) -> None:
    """Raise `RefusedError` for a file of more bytes than are read."""
    if size > SIZE_LIMIT:
        reason = f"the file has {size} bytes, and {SIZE_LIMIT} is the most"
        raise RefusedError([Refusal("size", reason, "Split it.", path)])


def decode_file(path: str, data: bytes) -> Source:
    """Return a file's text, or raise `RefusedError` for what no edit can be safe in."""
    check_size(path, len(data))
    parts = sum(map(data.count, _SIGNS))
    if parts > PARTS_LIMIT:
        reason = f"the file has up to {parts} parts, and {PARTS_LIMIT} is the most"
        raise RefusedError([Refusal("size", reason, "Split it.", path)])
    try:
        source = Source.of(path, data, data.decode("utf-8"))
    except UnicodeDecodeError as error:
        source = Source.of(path, data, data.decode("utf-8", "replace"))
        reason = f"byte 0x{data[error.start]:02x} is not UTF-8"
        at = len(data[: error.start].decode("utf-8")) - len(source.bom)
        raise source.refuse("encoding", reason, "Save the file as UTF-8.", at=at) from error
    text = source.text
    conflict = _CONFLICT.search(text)
    if conflict and text.startswith(("<", ">"), conflict.start()):
        raise source.refuse(
            "conflict", "an unresolved merge conflict", "Resolve it first.", at=conflict.start()
        )
    return source


def compose(source: Source) -> list[Node]:
    """Return the documents of a file as nodes with marks, or raise `RefusedError` with the place.

    A file of KEY=VALUE lines is one document, a mapping.
    """
    if (pairs := env_file.compose(source.path, source.text)) is not None:
        return [pairs]
    try:
        return yaml_nodes.compose(source.text)
    except BrokenYAMLError as error:
        raise _unparsable(source, error) from None


def replace(source: Source, splices: Iterable[Splice]) -> str:
    """Return the text with the splices applied; overlapping splices are a bug."""
    parts, end = [], 0
    for splice in sorted(splices, key=lambda one: (one.start, one.end)):
        if splice.start < end:
            raise PromoteError(f"overlapping edits of {source.path}", "Please report it.")
        parts += [source.text[end : splice.start], splice.text]
        end = splice.end
    return "".join([*parts, source.text[end:]])


def encode(source: Source, text: str) -> bytes:
    """Return a text as the bytes of the file, byte order mark included."""
    return (source.bom + text).encode("utf-8")


def _unparsable(source: Source, error: BrokenYAMLError) -> RefusedError:
    """Return the refusal for text that is no YAML, naming templates where one is the likely cause."""
    at = min(error.index, len(source.text))
    if error.rule != "yaml":
        hint = "Flatten it." if error.rule == "nesting" else "Split it."
        return source.refuse(error.rule, f"the file {error.reason}", hint, at=at)
    if language := _LANGUAGES.get(splitext(source.path)[1]):
        reason = f"the file is {language}, which is not edited"
        hint = "Keep the tag in a YAML, JSON or .env file that it reads."
        return source.refuse("yaml", reason, hint, at=at)
    near = () if source.path.endswith(_TEMPLATES) else (max(at - 400, 0), at + 400)
    if template := _TEMPLATE.search(source.text, *near):
        return source.refuse(
            "template",
            "an unrendered template: it is not YAML until it is rendered",
            TEMPLATE_HINT,
            at=template.start(),
        )
    line = source.text.count("\n", 0, at) + 1
    reason, hint = explain_yaml_error(error.reason, source.text, line)
    return source.refuse("yaml", f"not valid YAML: {reason}", hint, at=at)
