"""The quick reading of a kustomization says what the editor's own reading says, or nothing."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promoter.edits.glance import glance
from promoter.edits.kustomization import read
from promoter.errors import RefusedError
from tests.test_edits_properties import files, kustomizations

VECTORS = json.loads((Path(__file__).parent / "vectors" / "kustomize_edit.json").read_text())
FILE = PurePosixPath("kustomization.yaml")
USUAL = b"""\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
images: # all of them
  - name: ghcr.io/o/app # the app
    newTag: 1.10
  # the other
  - name: "web"
    newName: 'reg:5000/web'
    newTag: "v1"
    digest: sha256:abc
namespace: x
"""


def check(data: bytes) -> bool:
    """Hold a glance to the editor's reading; say whether it saw anything."""
    seen = glance(data)
    if seen is None:
        return False
    try:
        entries = read(FILE, data).entries
    except RefusedError:
        # The editor looks at the whole file, and may refuse what the entries have no part in.
        return True
    keys = ("name", "newName", "newTag", "digest")
    assert [tuple(one.get(key) for key in keys) for one in seen] == [
        (one.name, one.new_name, one.tag, one.digest) for one in entries
    ]
    return True


def test_the_usual_form_is_read() -> None:
    assert glance(USUAL) == [
        {"name": "ghcr.io/o/app", "newTag": "1.10"},
        {"name": "web", "newName": "reg:5000/web", "newTag": "v1", "digest": "sha256:abc"},
    ]
    assert check(USUAL)


@pytest.mark.parametrize(
    "data",
    [
        USUAL.replace(b"newTag: 1.10", b"newTag: null"),
        USUAL.replace(b"newTag: 1.10", b"newTag: &a v1"),
        USUAL.replace(b"newTag: 1.10", b"newTag: >-\n      v1"),
        USUAL.replace(b"newTag: 1.10", b"newTag: 1.10\n    newTag: 2"),
        USUAL.replace(b"newTag: 1.10", b"tagSuffix: -x"),
        USUAL.replace(b"    newTag: 1.10", b"     newTag: 1.10"),
        USUAL + b"images: []\n",
        USUAL + b"imageTags: []\n",
        USUAL + b"---\na: b\n",
        USUAL.rstrip(b"\n"),
        USUAL.replace(b"\n", b"\r\n"),
        USUAL + b"note: 'open\nimages:\n  x'\n",
        b"images: {}\n",
        b"resources: []\n",
        b"",
        "images:\n  - name: \N{SNOWMAN}\n".encode(),
    ],
)
def test_anything_else_is_left_to_the_editor(data: bytes) -> None:
    assert glance(data) is None


def test_every_vector_is_read_alike() -> None:
    texts = [case["file_before"] for case in VECTORS if case["file_before"]]
    assert sum(check(text.encode()) for text in texts) > len(texts) / 4


@given(st.one_of(files(), kustomizations()))
def test_any_file_is_read_alike_or_not_at_all(text: str) -> None:
    check(text.encode("utf-8", "surrogatepass"))
