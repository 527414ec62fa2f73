from __future__ import annotations

import time
from pathlib import PurePosixPath

import pytest

from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import Ref
from promoter.domain.model import FileEdit, ImageMove
from promoter.edits.linked import left_behind, move

_PATH = PurePosixPath("k.yaml")


def _moves(*pairs: tuple[str | None, str]) -> list[ImageMove]:
    return [ImageMove(f"app{n}", Ref(old), Ref(new)) for n, (old, new) in enumerate(pairs)]


@pytest.mark.parametrize(
    ("text", "old", "new", "expected"),
    [
        ("https://x/y?ref=abc123", "abc123", "def456", "https://x/y?ref=def456"),
        ("https://x/y?ref=v1.2&t=1", "1.2", "1.3", "https://x/y?ref=v1.3&t=1"),
        ("https://x/y?ref=1.2", "v1.2", "v1.3", "https://x/y?ref=1.3"),
        ("app-1.2 is 1.2, not 1.2.1 nor 11.2", "1.2", "3", "app-1.2 is 3, not 1.2.1 nor 11.2"),
        ("released 1.2.", "1.2", "1.3", "released 1.3."),
        ("rev1.2 and v1.2", "1.2", "1.3", "rev1.2 and v1.3"),
    ],
)
def test_a_tag_moves_as_a_word_of_its_own(text: str, old: str, new: str, expected: str) -> None:
    edit = move(_PATH, f"a: {text}\n".encode(), "a", _moves((old, new)))
    assert edit.after.decode() == f"a: {expected}\n"
    assert [change.field for change in edit.changes] == ["linked"]


def test_a_string_may_hold_the_tags_of_two_images() -> None:
    edit = move(_PATH, b'a: "1.0 with 2.0"\n', "a", _moves(("1.0", "1.1"), ("2.0", "2.1")))
    assert edit.after == b'a: "1.1 with 2.1"\n'


def test_a_string_that_has_moved_stays() -> None:
    edit = move(_PATH, b"a: x?ref=v2\n", "a", _moves(("v1", "v2")))
    assert (edit.after, edit.changes) == (b"a: x?ref=v2\n", ())


def test_a_number_that_is_a_tag_is_quoted() -> None:
    edit = move(_PATH, b"labels: {version: v1}\n", "labels.version", _moves(("v1", "1.10")))
    assert edit.after == b'labels: {version: "1.10"}\n'


@pytest.mark.parametrize(
    ("text", "line"), [("a: {b: other}\n", 1), ("\na:\n  b: x?ref=v0\n", 3), ("c: d\n", 1)]
)
def test_a_string_out_of_step_is_refused_with_its_place(text: str, line: int) -> None:
    with pytest.raises(SelectionError) as caught:
        move(_PATH, text.encode(), "a.b", _moves(("v1", "v2")))
    assert (caught.value.file, caught.value.line) == ("k.yaml", line)


def test_an_anchored_string_is_refused() -> None:
    with pytest.raises(RefusedError) as caught:
        move(_PATH, b"a: &x v1\nb: *x\n", "a", _moves(("v1", "v2")))
    assert caught.value.refusals[0].rule == "alias"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("resources: [https://x?ref=abc1234]\n", ["k.yaml:1:13"]),
        ("commonLabels:\n  v: abc1234\n", ["k.yaml:2:6"]),
        ("metadata: {annotations: {a: built from abc1234}}\n", ["k.yaml:1:29"]),
        ("images: [{name: other, newTag: abc1234}]\n", []),
        ("commonLabels: {v: abc12345}\n", []),
        ("# abc1234\nlabels: [{pairs: {a: b}}]\n", []),
    ],
)
def test_what_was_left_behind_is_told_with_its_place(text: str, places: list[str]) -> None:
    data = text.encode()
    found = list(left_behind(FileEdit(_PATH, data, data, ()), _moves(("abc1234", "def5678"))))
    assert [warning.partition(": ")[0] for warning in found] == places


def test_many_strings_are_moved_with_many_images_in_time_that_grows_with_the_file() -> None:
    number = 1_500
    labels = "".join(f"  l{n}: v1.4.1\n" for n in range(number))
    data = f"commonLabels:\n{labels}".encode()
    moves = [ImageMove(f"app{n}", Ref("v1.4.1"), Ref("v1.4.2")) for n in range(number)]
    begun = time.process_time()
    edit = move(_PATH, data, "commonLabels.*", moves)
    # Each string was looked through for each image: half a minute.
    assert time.process_time() - begun < 10
    assert edit.after == data.replace(b"v1.4.1", b"v1.4.2")
    assert {one.image for one in edit.changes} == {"app0"}
