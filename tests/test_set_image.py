"""`promote set-image`: the reference's vectors through the real command, and files of every shape."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promoter.cli import main as cli
from promoter.edits.scalars import is_safe_plain
from tests.thorough import thorough_after
from tests.world import Run, promote

if TYPE_CHECKING:
    from collections.abc import Callable

VECTORS = json.loads((Path(__file__).parent / "vectors/kustomize_edit.json").read_text("utf-8"))
SCALARS = json.loads(
    (Path(__file__).parent / "vectors/kustomize_plain_scalars.json").read_text("utf-8")
)
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec: {template: {spec: {containers: [{name: c, image: "IMAGE"}]}}}
"""
# Where a vector's own recommendation is neither kustomize's result nor a refusal.
DELIBERATE = {
    "file-merge-key": "the edited entry is anchored: refused",
    "err-tag-number-target": "the number is the value that is replaced: repaired",
}


def set_image(*arguments: str) -> Run:
    """Run the command in this process, over its own front door."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = cli.run(["set-image", *arguments])
    return Run(code, out.getvalue(), err.getvalue())


def images(path: Path) -> list[dict[str, str]]:
    """Read the entries back with an independent reader that takes every scalar as text."""
    from ruamel.yaml import YAML

    root = YAML(typ="safe", pure=True).compose(path.read_bytes().decode("utf-8-sig"))
    fields = {key.value.lower(): value for key, value in root.value}
    names = {name.lower(): name for name in ("name", "newName", "newTag", "digest", "tagSuffix")}
    return [
        {names[key.value.lower()]: value.value for key, value in entry.value}
        for entry in fields["images"].value
    ]


def wanted(vector: dict[str, Any]) -> list[dict[str, str]] | None:
    """Return the images that a vector wants, or None where it wants a refusal."""
    advice = vector.get("recommend", "")
    if "expect" not in vector or "reject" in advice or "refuse" in advice:
        return None
    found: list[dict[str, str]] = vector["expect"]["images"]
    if advice == "keep-newName":
        return [{**one, "newName": "ghcr.io/acme/nginx"} for one in found]
    return found


# Every third, and then the others: they are alike in groups.
@pytest.mark.parametrize(
    "vector",
    thorough_after(len(VECTORS) // 3, [one for start in range(3) for one in VECTORS[start::3]]),
    ids=lambda vector: vector["id"],
)
def test_vector(vector: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / vector.get("filename", "kustomization.yaml")
    before = vector["file_before"]
    if before is not None:
        file.write_bytes(before.encode())
    for name, text in (vector.get("extra_files") or {}).items():
        extra = tmp_path / name
        if text is None:
            extra.mkdir()
        else:
            extra.parent.mkdir(parents=True, exist_ok=True)
            extra.write_text(text)
    arguments = [one for one in vector["args"] if one != "--"]
    run = set_image(
        "--dir", str(tmp_path), "--allow", "dead-edit", "--output", "json", "--", *arguments
    )
    assert run.code == run.json["exit_code"]
    assert run.code != 1, run.stderr
    if vector["id"] == "err-tag-number-target":
        assert images(file) == [{"name": "nginx", "newTag": "v2"}], DELIBERATE[vector["id"]]
        return
    expected = wanted(vector)
    if expected is None or vector["id"] in DELIBERATE:
        assert run.code in (2, 3, 4)
        assert before is None or file.read_bytes() == before.encode()
        return
    assert run.code == 0, run.stderr

    def by_name(one: dict[str, str]) -> str:
        return one.get("name", "")

    assert sorted(images(file), key=by_name) == sorted(expected, key=by_name)
    after = file.read_bytes()
    again = set_image("--dir", str(tmp_path), "--allow", "dead-edit", "--", *arguments)
    assert (again.code, file.read_bytes()) == (0, after)


@pytest.mark.parametrize("row", SCALARS, ids=lambda row: row["tag"])
def test_value_is_plain_exactly_where_every_reader_takes_a_string(row: dict[str, Any]) -> None:
    if not row["validtag"]:
        assert not is_safe_plain(row["tag"]) or row["kustomize_plain"] == "OK"
        return
    readers = (
        row["kustomize_plain"] == "OK",
        row["ruamel12_load"] == "str",
        row["pyyaml_load"] == "str",
    )
    assert is_safe_plain(row["tag"]) == all(readers)


SHAPES = {
    "the version of YAML that kustomize reads": (
        "%YAML 1.1\n---\nimages:\n- name: nginx\n  newTag: v1\n",
        "%YAML 1.1\n---\nimages:\n- name: nginx\n  newTag: v2\n",
    ),
    "new field below directives": (
        "%YAML 1.1 # c\n%TAG !e! tag:example.com,2000:\n---\nnamespace: x\n",
        "%YAML 1.1 # c\n%TAG !e! tag:example.com,2000:\n---\nnamespace: x\n"
        "images:\n  - name: nginx\n    newTag: v2\n",
    ),
    "new entry behind one that ends with an alias": (
        "commonLabels: {v: &v v1}\nimages:\n- name: b\n  newTag: *v # c\n",
        "commonLabels: {v: &v v1}\nimages:\n- name: b\n  newTag: *v # c\n- name: nginx\n  newTag: v2\n",
    ),
    "plain": (
        "images:\n- name: nginx\n  newTag: v1 # bot\n",
        "images:\n- name: nginx\n  newTag: v2 # bot\n",
    ),
    "double quotes": (
        'images:\n- name: nginx\n  newTag: "v1"\n',
        'images:\n- name: nginx\n  newTag: "v2"\n',
    ),
    "single quotes": (
        "images:\n- name: nginx\n  newTag: 'v1'\n",
        "images:\n- name: nginx\n  newTag: 'v2'\n",
    ),
    "crlf": (
        "images:\r\n- name: nginx\r\n  newTag: v1\r\n",
        "images:\r\n- name: nginx\r\n  newTag: v2\r\n",
    ),
    "no final newline": (
        "images:\n- name: nginx\n  newTag: v1",
        "images:\n- name: nginx\n  newTag: v2",
    ),
    "byte order mark": (
        "\ufeffimages:\n- name: nginx\n  newTag: v1\n",
        "\ufeffimages:\n- name: nginx\n  newTag: v2\n",
    ),
    "characters are not bytes": (
        "# 이미지 태그 🚀\nimages:\n- name: nginx # 웹\n  newTag: v1\n",
        "# 이미지 태그 🚀\nimages:\n- name: nginx # 웹\n  newTag: v2\n",
    ),
    "commented-out tag inside the entry": (
        "images:\n- name: nginx\n  # newTag: v0\n  newTag: v1\n",
        "images:\n- name: nginx\n  # newTag: v0\n  newTag: v2\n",
    ),
    "flow": ("images: [{name: nginx, newTag: v1}]\n", "images: [{name: nginx, newTag: v2}]\n"),
    "dash alone": (
        "images:\n-\n  newTag: v1\n  name: nginx\n",
        "images:\n-\n  newTag: v2\n  name: nginx\n",
    ),
    "aligned": (
        'images:\n  - name:    nginx\n    newTag:  "v1"\n',
        'images:\n  - name:    nginx\n    newTag:  "v2"\n',
    ),
    "missing tag after newName, aligned": (
        "images:\n  - name:     nginx # web\n    newName:  reg/x\n",
        "images:\n  - name:     nginx # web\n    newName:  reg/x\n    newTag:   v2\n",
    ),
    "missing tag in flow": (
        "images: [{name: nginx}, {name: b}]\n",
        "images: [{name: nginx, newTag: v2}, {name: b}]\n",
    ),
    "digest gives way to the tag on its line": (
        f"images:\n- digest: sha256:{'a' * 64}\n  name: nginx\n",
        "images:\n- newTag: v2\n  name: nginx\n",
    ),
    "digest beside the tag is dropped with its line": (
        f"images:\n- name: nginx\n  digest: sha256:{'a' * 64} # old\n  newTag: v1\n# end\n",
        "images:\n- name: nginx\n  newTag: v2\n# end\n",
    ),
    "digest first beside the tag": (
        f"images:\n- digest: sha256:{'a' * 64}\n  name: nginx\n  newTag: v1\n",
        "images:\n- name: nginx\n  newTag: v2\n",
    ),
    "digest last without final newline": (
        f"images:\n- name: nginx\n  newTag: v1\n  digest: sha256:{'a' * 64}",
        "images:\n- name: nginx\n  newTag: v2",
    ),
    "digest in flow": (
        f"images: [{{name: nginx, digest: 'sha256:{'a' * 64}', newTag: v1}}]\n",
        "images: [{name: nginx, newTag: v2}]\n",
    ),
    "new entry before a trailing comment": (
        "images:\n  - name: a\n    newTag: v1\n  # - name: old\nnamespace: x\n",
        "images:\n  - name: a\n    newTag: v1\n  - name: nginx\n    newTag: v2\n  # - name: old\nnamespace: x\n",
    ),
    "new entry in an empty list": (
        "resources:\n- a.yaml\nimages: [] # none yet\nnamespace: x\n",
        "resources:\n- a.yaml\nimages: # none yet\n- name: nginx\n  newTag: v2\nnamespace: x\n",
    ),
    "new entry in a null field": (
        "resources:\n  - a.yaml\nimages:\n#  - name: old\n",
        "resources:\n  - a.yaml\nimages:\n  - name: nginx\n    newTag: v2\n#  - name: old\n",
    ),
    "new field at the end, without final newline": (
        "resources:\n  - a.yaml",
        "resources:\n  - a.yaml\nimages:\n  - name: nginx\n    newTag: v2",
    ),
    "new field beside a block scalar that ends the file": (
        "resources:\n- a.yaml\ncommonAnnotations:\n  note: |\n    text",
        "resources:\n- a.yaml\nimages:\n- name: nginx\n  newTag: v2\ncommonAnnotations:\n  note: |\n    text",
    ),
    "json": (
        '{"images": [{"name": "nginx", "newTag": "v1"}]}',
        '{"images": [{"name": "nginx", "newTag": "v2"}]}',
    ),
    "empty": ("", "images:\n  - name: nginx\n    newTag: v2\n"),
    "folded value": (
        "images:\n- name: nginx\n  newTag: >-\n    v1\n- name: b\n",
        "images:\n- name: nginx\n  newTag: v2\n- name: b\n",
    ),
    "folded value above an empty line and a comment": (
        "images:\r\n- name: nginx\r\n  newTag: >-\r\n    v1\r\n\r\n# end\r\n",
        "images:\r\n- name: nginx\r\n  newTag: v2\r\n\r\n# end\r\n",
    ),
    "digest in a block above an empty line": (
        f"images:\n- name: nginx\n  newTag: v1\n  digest: |-\n    sha256:{'a' * 64}\n\n# end\n",
        "images:\n- name: nginx\n  newTag: v2\n\n# end\n",
    ),
    "digest in a block behind the dash": (
        f"images:\n- digest: >-\n    sha256:{'a' * 64}\n\n  name: nginx\n  newTag: v1\n",
        "images:\n- name: nginx\n  newTag: v2\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES.keys())
def test_shape_is_edited_byte_for_byte(before: str, after: str, tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_bytes(before.encode())
    run = set_image("--file", str(file), "--allow", "dead-edit", "nginx:v2")
    assert run.code == 0, run.stderr
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize("header", [">-", "|-", "|", ">", ">+", "|2-"])
@pytest.mark.parametrize("below", ["", "- name: b\n", "  newName: q\n", "\n# end\nresources: []\n"])
def test_a_digest_is_added_below_a_tag_in_a_block(header: str, below: str, tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(f"images:\n- name: nginx\n  newTag: {header}\n    v1\n{below}", "utf-8")
    new = f"nginx:v2@sha256:{'b' * 64}"
    run = set_image("--file", str(file), "--allow", "dead-edit", new)
    assert run.code == 0, run.stderr
    added = f"  newTag: v2\n  digest: sha256:{'b' * 64}\n"
    assert file.read_text("utf-8") == f"images:\n- name: nginx\n{added}{below}"


@pytest.mark.parametrize(
    ("entry", "argument"),
    [
        ("newTag: v1", "nginx=*@*"),
        ("newTag: v1", "nginx=other.example/x@*"),
        ("digest: sha256:aa", "nginx:*"),
    ],
)
def test_keeping_what_is_not_there_is_refused(entry: str, argument: str, tmp_path: Path) -> None:
    file = tmp_path / "k.yaml"
    file.write_text(f"images:\n- name: nginx\n  {entry}\n")
    run = set_image("--file", str(file), argument)
    assert (run.code, "to keep" in run.stderr) == (3, True)
    assert set_image("--file", str(file), "nginx=*:*@*").code == 0


def test_template_is_not_told_to_be_put_in_quotes(tmp_path: Path) -> None:
    file = tmp_path / "k.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: {{ x }}\n")
    assert "Promote the rendered repository" in set_image("--file", str(file), "nginx:v2").stderr


DIGEST = f"sha256:{'a' * 64}"
SEVERAL = {
    "the last field goes, and an entry is added": (
        f"images:\n- name: a\n  newTag: v1\n  digest: {DIGEST}\n",
        "a:v2 b:v1",
        "images:\n- name: a\n  newTag: v2\n- name: b\n  newTag: v1\n",
    ),
    "the same without a final newline": (
        f"images:\n- name: a\n  newTag: v1\n  digest: {DIGEST}",
        "a:v2 b:v1",
        "images:\n- name: a\n  newTag: v2\n- name: b\n  newTag: v1",
    ),
    "the only tag goes, and an entry is added": (
        "images:\n  - name: a\n    newTag: v1 # old\n# end\n",
        "a=reg.new/z b:v1 c:v1",
        "images:\n  - name: a\n    newName: reg.new/z\n  - name: b\n    newTag: v1\n"
        "  - name: c\n    newTag: v1\n# end\n",
    ),
    "both fields before the name go": (
        f'images:\n- newTag: "v1"\n  digest: {DIGEST} # old\n  name: a\n',
        "a=reg.new/z",
        "images:\n- name: a\n  newName: reg.new/z\n",
    ),
    "both fields before the name and a comment go": (
        f"images:\n- newTag: v1\n  # kept\n  digest: {DIGEST}\n  name: a\n",
        "a=reg.new/z",
        "images:\n-\n  # kept\n  name: a\n  newName: reg.new/z\n",
    ),
    "both fields before the name go in flow": (
        f"images: [{{digest: {DIGEST}, newTag: v1, name: a}}, {{name: b, newTag: v1, digest: x}}]\n",
        "a=reg.new/z b:v2",
        "images: [{name: a, newName: reg.new/z}, {name: b, newTag: v2}]\n",
    ),
    "digest for tag in flow, and an entry is added": (
        "images: [{name: a, newTag: v1}] # all\n",
        f"a@{DIGEST} b:v1",
        f"images: [{{name: a, digest: {DIGEST}}}, {{name: b, newTag: v1}}] # all\n",
    ),
    "neighbours lose a field each": (
        f"images:\n- name: a\n  newTag: v1\n  digest: {DIGEST}\n"
        f"- digest: {DIGEST}\n  name: b\n  newTag: v1\n",
        "b:v2 a:v2",
        "images:\n- name: a\n  newTag: v2\n- name: b\n  newTag: v2\n",
    ),
}


@pytest.mark.parametrize(("before", "arguments", "after"), SEVERAL.values(), ids=SEVERAL.keys())
def test_several_images_are_set_at_once(
    before: str, arguments: str, after: str, tmp_path: Path
) -> None:
    file = tmp_path / "k.yaml"
    file.write_bytes(before.encode())
    run = set_image("--file", str(file), *arguments.split())
    assert run.code == 0, run.stderr
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("tag", "written"),
    [
        ("1e3", '"1e3"'),
        ("v1.2.3", "v1.2.3"),
        ("1.10", '"1.10"'),
        ("0089", '"0089"'),
        ("yes", '"yes"'),
    ],
)
def test_number_like_tag_is_quoted(tag: str, written: str, tmp_path: Path) -> None:
    file = tmp_path / "k.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    assert set_image("--file", str(file), f"nginx:{tag}").code == 0
    assert file.read_text() == f"images:\n- name: nginx\n  newTag: {written}\n"


@pytest.mark.parametrize(
    "entry",
    [
        "- &e {name: nginx, newTag: v1}",
        "- name: &n nginx\n  newName: *n\n  newTag: v1",
        "- name: nginx\n  newTag: &t v1",
    ],
    ids=["entry", "name", "tag"],
)
def test_what_no_alias_shares_is_edited_though_it_has_an_anchor(entry: str, tmp_path: Path) -> None:
    file = tmp_path / "k.yaml"
    file.write_text(f"images: &i\n{entry}\n")
    assert set_image("--file", str(file), "nginx:v2").code == 0
    assert file.read_text() == f"images: &i\n{entry}\n".replace("v1", "v2")


REFUSED = {
    "conflict": ("images:\n<<<<<<< HEAD\n- name: nginx\n=======\n- name: b\n>>>>>>> x\n", 2, 1),
    "jinja": ("images:\n{% if a %}\n- name: nginx\n{% endif %}\n", 2, 1),
    "template": ("images:\n- name: nginx\n  newTag: {{ tag }}\n", 3, 11),
    "placeholder": ("images:\n- name: nginx\n  newTag: ${TAG}\n", 3, 11),
    "unknown root field": ("x-y: 1\n", 1, 1),
    "anchor": ("images:\n- name: nginx\n  newTag: &t v1\n- name: b\n  newTag: *t\n", 3, 14),
    "entry": ("images:\n- &e {name: nginx, newTag: v1}\n- {<<: *e, name: b}\n", 2, 6),
    "duplicate key": ("images:\n- name: nginx\n  newTag: v1\n  newTag: v3\n", 4, 3),
    "duplicate entry": ("images:\n- name: nginx\n- name: nginx\n", 3, 3),
    "suffix": ("images:\n- name: nginx\n  tagSuffix: -x\n", 2, 3),
    "unknown field": ("images:\n- name: nginx\n  newDigest: a\n", 3, 3),
    "flux": ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n", 1, 13),
    "a key without a value that could begin": ("? images", 1, 3),
    "documents": ("images: []\n---\nimages: []\n", 3, 1),
    "not a list": ("images:\n  name: nginx\n", 2, 3),
    "tab": ("images:\n\t- name: nginx\n", 2, 1),
    "tab far above a template": ("images:\n\t- name: a\n" + "#\n" * 400 + "a: {{ b }}\n", 2, 1),
    "control character": ("images: []\nnamespace: a\x1bb\n", 2, 13),
    "zero byte": ("images: []\n\0\n", 2, 1),
    "nested too deeply": ("images: []\nlabels: " + "[" * 100 + "]" * 100 + "\n", 2, 108),
    "another version of YAML": ("%YAML 1.2\n---\nimages: []\n", 1, 1),
    "a version that is none": ("# c\n%YAML 1.3\n---\nimages: []\n", 2, 1),
    "unknown directive": ("%FOO bar\n---\nimages: []\n", 1, 1),
    "number elsewhere": (
        "images:\n- name: nginx\n  newTag: v1\n- name: b\n  newTag: 1.10\n",
        5,
        11,
    ),
}


@pytest.mark.parametrize(("text", "line", "column"), REFUSED.values(), ids=REFUSED.keys())
def test_what_can_not_be_edited_is_refused_with_its_place(
    text: str, line: int, column: int, tmp_path: Path
) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(text)
    run = set_image("--file", str(file), "--output", "json", "nginx:v2")
    assert run.code == 3, run.stderr
    envelope = run.json
    first = (envelope.get("refusals") or [None])[0]
    assert first is not None
    assert (first["line"], first["column"]) == (line, column)
    assert first["reason"]
    assert "^" in run.stderr
    assert file.read_text() == text


HOSTILE: dict[str, Callable[[], bytes]] = {
    "encoding": lambda: b"\xff\xfeimages: []",
    "deep flow": lambda: b"images: " + b"[" * 5000,
    "unknown keys with aliases": lambda: (
        b"a: &a [x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (n, n) for n in range(300))
    ),
    "9 MB": lambda: b"images: []\n# " + b"x" * (9 * 1024 * 1024),
    "entries": lambda: (
        b"images:\n" + b"".join(b"- name: n%d\n  newTag: v1\n" % n for n in range(200_000))
    ),
    "one line": lambda: b"images: []\nresources: [" + b"a," * 1_000_000 + b"a]\n",
    "braces": lambda: b"{" * 2000,
    "dashes": lambda: b"- " * 3000,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_file_is_refused_in_bounded_time(make: Callable[[], bytes], tmp_path: Path) -> None:
    data = make()
    file = tmp_path / "kustomization.yaml"
    file.write_bytes(data)
    run = set_image("--file", str(file), "nginx:v2")
    assert run.code == 3
    assert "Traceback" not in run.stderr
    assert file.read_bytes() == data


def bomb(first: str, form: str) -> str:
    """Return lines whose aliases stand for more than memory holds."""
    lines = (f"  a{n}: &a{n} {form % ', '.join([f'*a{n - 1}'] * 9)}\n" for n in range(1, 30))
    return f"commonLabels:\n  a0: &a0 {first}\n{''.join(lines)}"


@pytest.mark.parametrize(
    "text",
    [
        bomb("[x, x]", "[%s]"),
        bomb("{x: y}", "{<<: [%s]}"),
        "commonLabels: &a\n  x: *a\n",
        f"labels: {'[' * 100}{']' * 100}\n",
    ],
    ids=["aliases", "merges", "an alias within its own anchor", "nested"],
)
@pytest.mark.parametrize("name", ["nginx", "added"])
def test_text_without_end_ends_in_a_proved_edit_or_a_refusal_with_its_place(
    text: str, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "k.yaml"
    images = "images:\n- name: nginx\n  newTag: v1\n"
    file.write_text(text + images)
    run = set_image("--file", str(file), "--output", "json", f"{name}:v2")
    if run.code == 3:
        assert run.json["refusals"][0]["line"]
        assert file.read_text() == text + images
        return
    assert run.code == 0, run.stderr
    added = "- name: added\n  newTag: v2\n"
    after = images + added if name == "added" else images.replace("v1", "v2")
    assert file.read_text() == text + after


def test_bytes_that_are_no_text_are_refused_with_their_line_made_inert(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_bytes("images: []\nnamespace: é\x1b[31m".encode() + b"\xe9t\xe9\n")
    run = set_image("--file", str(file), "nginx:v2")
    assert run.code == 3
    assert f"{file}:2:18: byte 0xe9 is not UTF-8" in run.stderr
    assert f"  | namespace: é\ufffd[31m\ufffdt\ufffd\n  | {' ' * 17}^\n" in run.stderr


def test_size_is_known_before_a_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    with file.open("wb") as out:
        out.truncate(1 << 40)
    run = set_image("--file", str(file), "nginx:v2")
    assert (run.code, "1099511627776 bytes" in run.stderr) == (3, True)


@pytest.mark.parametrize(
    "value", ["v27.0.0", "1.25", "1.25-alpine", "2", "20240101", "V1", "1.4.0_1", "v2+x"]
)
def test_version_that_would_become_a_name_is_refused_with_both_meanings(
    value: str, tmp_path: Path
) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    run = set_image("--dir", str(tmp_path), f"nginx={value}")
    assert run.code == 2
    assert f"nginx=*:{value}" in run.stderr
    assert f"nginx={value}:*" in run.stderr
    assert "newTag: v1" in file.read_text()


@pytest.mark.parametrize("value", ["127.0.0.1/app", "3scale", "v2ray", "library/2048"])
def test_name_that_only_begins_like_a_version_is_a_name(value: str, tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    assert set_image("--dir", str(tmp_path), f"nginx={value}").code == 0
    assert f"newName: {value}\n" in file.read_text()


@pytest.mark.parametrize(("value", "is_told"), [("sha-1a2b3c4", True), ("shop/web", False)])
def test_name_that_may_be_meant_as_a_tag_is_told(
    value: str, tmp_path: Path, *, is_told: bool
) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text("images:\n- name: acme/web\n  newTag: v1\n")
    run = set_image("--dir", str(tmp_path), f"acme/web={value}")
    assert (run.code, f"newName: {value}\n" in file.read_text()) == (0, True)
    assert (f"promote set-image acme/web:{value}" in run.stderr) is is_told


def test_second_run_changes_nothing_and_keeps_the_file_itself(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    assert set_image("--dir", str(tmp_path), "nginx:v2").code == 0
    seen = file.stat()
    assert set_image("--dir", str(tmp_path), "nginx:v2").code == 0
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (seen.st_ino, seen.st_mtime_ns)


def test_dry_run_prints_the_diff_and_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    run = set_image("--dir", str(tmp_path), "--dry-run", "nginx:v2")
    assert (run.code, file.read_text()) == (0, "images:\n- name: nginx\n  newTag: v1\n")
    assert "-  newTag: v1\n+  newTag: v2\n" in run.stdout


def test_mode_of_the_file_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    file.chmod(0o640)
    assert set_image("--dir", str(tmp_path), "nginx:v2").code == 0
    assert file.stat().st_mode & 0o777 == 0o640


def test_one_refused_file_leaves_all_untouched_and_says_so(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("images:\n- name: nginx\n  newTag: v1\n")
    bad.write_text("images:\n- name: nginx\n  tagSuffix: -x\n")
    files = ("--file", str(good), "--file", str(bad))
    run = set_image(*files, "--output", "json", "nginx:v2")
    assert run.code == 3
    assert "v1" in good.read_text()
    assert [one["changed"] for one in run.json["files"]] == [False]
    assert "warning: nothing is written" in run.stderr


def test_one_file_by_two_names_is_edited_once(tmp_path: Path) -> None:
    file = tmp_path / "a" / "kustomization.yaml"
    file.parent.mkdir()
    file.write_text("images:\n- name: nginx\n  newTag: v1\n")
    named = ("--dir", str(file.parent), "--file", str(tmp_path / "a" / ".." / "a" / file.name))
    run = set_image(*named, "--output", "json", "nginx:v2")
    assert [one["file"] for one in run.json["files"]] == [str(file)]


def test_new_entry_that_no_container_uses_is_refused_naming_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT.replace("IMAGE", "ghcr.io/o/app:1"))
    file = tmp_path / "kustomization.yaml"
    file.write_text("resources:\n- deploy.yaml\n")
    run = set_image("--dir", str(tmp_path), "ghcr.io/o/ap:2")
    assert run.code == 3
    assert "ghcr.io/o/app" in run.stderr
    assert set_image("--dir", str(tmp_path), "ghcr.io/o/app:2").code == 0
    assert 'newTag: "2"' in file.read_text()


@pytest.mark.parametrize(
    ("images", "line", "column"),
    [
        ("", 3, 1),
        ("images: []\n", 3, 1),
        ("images:\n- name: b\n  newTag: v1\n", 3, 1),
        ("images:\n- name: b\n- name: ngin.\n  newName: c\n", 5, 3),
    ],
    ids=["where it would go", "an empty list", "a list", "the entry in the way"],
)
def test_an_edit_that_no_container_feels_is_refused_at_its_place(
    images: str, line: int, column: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = "nginx:1" if "ngin." in images else "web:1"
    (tmp_path / "deploy.yaml").write_text(DEPLOYMENT.replace("IMAGE", used))
    (tmp_path / "kustomization.yaml").write_text(f"resources:\n- deploy.yaml\n{images}")
    monkeypatch.chdir(tmp_path)
    (refusal,) = set_image("--output", "json", "nginx:2").json["refusals"]
    assert refusal.keys() == {"rule", "reason", "hint", "file", "line", "column"}
    place = (refusal["rule"], refusal["file"], refusal["line"], refusal["column"])
    assert place == ("dead-edit", "kustomization.yaml", line, column)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resources:\n- gone.yaml\n", "gone.yaml"),
        ("resources:\n- https://example.com/base?ref=v1\n", "example.com"),
        ("namespace: x\n", "names no resources of its own"),
        ("", "was empty: whether a container uses nginx is not known"),
    ],
)
def test_what_is_not_known_of_the_graph_is_a_warning(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "kustomization.yaml"
    file.write_text(text)
    run = set_image("--dir", str(tmp_path), "nginx:v2")
    assert run.code == 0
    assert "promote: warning: " in run.stderr
    assert said in run.stderr


@pytest.mark.parametrize("own", [False, True], ids=["a folder", "a folder that is a repository"])
@pytest.mark.parametrize("named", ["--dir", "--file"])
def test_folder_that_leads_out_of_the_repository_is_refused(
    named: str, *, own: bool, tmp_path: Path
) -> None:
    outside, repository = tmp_path / "outside", tmp_path / "repository"
    (outside / ".git" if own else outside).mkdir(parents=True)
    (outside / "kustomization.yaml").write_text("images:\n- name: nginx\n  newTag: v1\n")
    (repository / ".git").mkdir(parents=True)
    link = repository / "link"
    link.symlink_to(outside)
    path = link if named == "--dir" else link / "kustomization.yaml"
    run = set_image(named, str(path), "nginx:v2")
    assert run.code == 3
    assert f"{link / 'kustomization.yaml'}: a symbolic link" in run.stderr
    assert "v1" in (outside / "kustomization.yaml").read_text()


def test_link_to_the_repository_itself_is_followed(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "kustomization.yaml").write_text("images:\n- name: nginx\n  newTag: v1\n")
    (tmp_path / "link").symlink_to(repository)
    assert set_image("--dir", str(tmp_path / "link"), "nginx:v2").code == 0
    assert "v2" in (repository / "kustomization.yaml").read_text()


def test_link_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("images:\n- name: nginx\n  newTag: v1\n")
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "kustomization.yaml").symlink_to(outside)
    assert set_image("--dir", str(repository), "nginx:v2").code in (3, 4)
    assert "v1" in outside.read_text()


@pytest.mark.thorough  # a start of Python; tests/test_graph_closure.py has one for the graph
def test_editing_needs_neither_git_nor_network(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("images:\n- {name: app, newTag: '1'}\n")
    code = (
        "import sys; from promoter.cli.main import run\n"
        "code = run(['set-image', 'app:2', '--output', 'json'])\n"
        "print(code, {'git', 'github', 'requests'} & set(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stderr == "0 set()\n"


def test_what_was_changed_is_said_and_that_nothing_had_to_be(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("images:\n- name: web\n  newTag: v1\n")
    ask = ("set-image", "web:v2")
    assert promote(*ask, cwd=tmp_path).stdout == (
        "changed kustomization.yaml\n  web: newTag v1 -> v2\n"
    )
    assert promote(*ask, cwd=tmp_path).stdout == (
        "nothing to do: kustomization.yaml has these images already\n"
    )
    assert promote("set-image", "web:v3", "-q", cwd=tmp_path).stdout == ""


def test_folder_without_a_kustomization_is_told_with_those_that_name_the_image(
    tmp_path: Path,
) -> None:
    for name, image in (("a", "web"), ("b", "db"), (".c", "web")):
        (tmp_path / name).mkdir()
        file = tmp_path / name / "kustomization.yaml"
        file.write_text(f"images:\n- name: {image}\n  newTag: v1\n")
    run = promote("set-image", "web:v2", cwd=tmp_path)
    assert run.code == 4
    assert "  The image is in a: add --dir a\n" in run.stderr
