"""What holds for every file: a proved edit or a clean refusal, nothing else changed, and no order."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from promoter.domain.errors import RefusedError
from promoter.domain.image import Tag
from promoter.edits.kustomization import KEEP, ImageSetting, Keep, promotion, read, set_images

pytestmark = pytest.mark.provisioned

FILE = PurePosixPath("kustomization.yaml")
DIGEST = f"sha256:{'ab' * 32}"
TAGS = st.from_regex(r"[0-9A-Za-z_][0-9A-Za-z_.-]{0,12}", fullmatch=True)
NAMES = st.sampled_from(["nginx", "ghcr.io/o/app", "localhost:5000/x", "a.b/c", "web"])
SPACE = st.sampled_from(["", "", " ", "  ", "    "])

# Lines that are YAML, nearly YAML, or anything; put together at random.
LINES = st.one_of(
    st.sampled_from(
        [
            "images:", "images: []", "images: # here", "- name: nginx", "- newTag: v1", "name: web",
            "newTag: v1", "newTag: '1.10'", 'newTag: "v1" # bot', "newTag: 1.10", "digest: x",
            "newName: reg/x", "resources:", "- a.yaml", "- ../b", "patches:", "- patch: |-", "- |",
            "note: |", "note: >-", "# comment", "", "key: value", "commonAnnotations:", "a: b # c",
            "namespace: x", "kind: Kustomization", "apiVersion: kustomize.config.k8s.io/v1beta1",
            "---", "...", "- - x", "-", "- ", "key: {a: b}", "key: [a, b]", "- *a", "- &a b", "<<: *a",
            "x: 'it''s'", 'x: "a\\nb"', "x: a: b", "x: [", "x: 'open", "? images", ": - name: nginx",
            "components:", "text that goes on", "url: http://h/p?ref=1#x", "x: |2", "\tx: 1",
        ]
    ),
    st.text(max_size=12),
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> str:
    """Files that are mostly kustomizations and often broken."""
    count = draw(st.integers(0, 14))
    end = draw(st.sampled_from(["\n", "\n", "\n", "\r\n"]))
    body = end.join(draw(SPACE) + draw(LINES) for _ in range(count))
    return body + draw(st.sampled_from(["", end, end * 2]))


@st.composite
def kustomizations(draw: st.DrawFn) -> str:
    """Valid kustomizations in many manners."""
    dash = draw(st.sampled_from(["", "  "]))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quote = draw(st.sampled_from(["", '"', "'"]))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    lines = [*draw(st.lists(st.sampled_from(["# top", "", "namespace: x"]), max_size=1)), "images:"]
    for name in names:
        keys = [f"name: {name}", f"newTag: {quote}v1{quote}"]
        if draw(st.booleans()):
            keys.insert(draw(st.integers(0, 2)), "newName: registry.example/x")
        if draw(st.booleans()):
            keys.reverse()
        tail = draw(st.sampled_from(["", " # note", "  # 이"]))
        lines += [f"{dash}- {keys[0]}{tail}", *(f"{dash}  {key}" for key in keys[1:])]
        lines += draw(st.lists(st.sampled_from(["# between", ""]), max_size=1))
    lines += draw(
        st.lists(st.sampled_from(["resources: [a.yaml]", "# end"]), max_size=2, unique=True)
    )
    return end.join(lines) + draw(st.sampled_from(["", end]))


@st.composite
def wishes(draw: st.DrawFn) -> tuple[ImageSetting, ...]:
    """What is asked of several images at once: any field may be set, dropped or kept."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    new_names: st.SearchStrategy[str | Keep] = st.sampled_from([KEEP, "other.example/z"])
    tags = st.one_of(st.sampled_from([KEEP, None]), TAGS)
    digests = st.sampled_from([KEEP, None, None, DIGEST])
    return tuple(ImageSetting(name, draw(new_names), draw(tags), draw(digests)) for name in names)


@st.composite
def entries(draw: st.DrawFn) -> str:
    """Valid kustomizations whose entries have any fields in any order, the last ones included."""
    names = draw(st.lists(NAMES, max_size=4, unique=True))
    dash, end = draw(st.sampled_from(["", "  ", "   "])), draw(st.sampled_from(["\n", "\r\n"]))
    quote = draw(st.sampled_from(["", '"', "'"]))
    values = {"newName": "reg.example:5000/x", "newTag": "v1", "digest": DIGEST}
    lines = [*draw(st.lists(st.sampled_from(["# top", "kind: Kustomization"]), max_size=1))]
    lines.append(
        "images:" if names else draw(st.sampled_from(["images: []", "images:", "namespace: a"]))
    )
    for name in names:
        some = draw(st.lists(st.sampled_from(sorted(values)), unique=True))
        fields = {"name": name} | {key: values[key] for key in some}
        keys = draw(st.permutations(list(fields)))
        pairs = [f"{key}: {quote}{fields[key]}{quote}" for key in keys]
        if draw(st.integers(0, 3)) == 0:
            lines.append(f"{dash}- {{{', '.join(pairs)}}}")
            continue
        first = draw(st.sampled_from(["- ", "- ", "-   ", "-"]))
        inner = dash + " " * max(len(first), 2)
        tails = draw(st.lists(st.sampled_from(["", "", " # note"]), min_size=4, max_size=4))
        lines += [dash + first.rstrip(" ")] if first == "-" else []
        lines += [inner + pair + tail for pair, tail in zip(pairs, tails, strict=False)]
        if first != "-":
            at = len(lines) - len(pairs)
            lines[at] = dash + first + lines[at][len(inner) :]
        lines += draw(st.lists(st.sampled_from([f"{dash}  # between", "", "#"]), max_size=1))
    last = st.sampled_from(["resources: [a.yaml]", "# end"])
    lines += draw(st.lists(last, max_size=2, unique=True))
    return end.join(lines) + draw(st.sampled_from(["", end]))


def edit(text: str, name: str, tag: str) -> bytes:
    return set_images(FILE, text.encode(), [promotion(name, Tag(tag), None)]).after


@given(files(), NAMES, TAGS)
def test_any_file_ends_in_a_proved_edit_or_a_clean_refusal(text: str, name: str, tag: str) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    try:
        after = set_images(FILE, data, [promotion(name, Tag(tag), None)]).after
    except RefusedError:
        return
    entry = read(FILE, after).find(name)
    assert entry is not None
    assert entry.tag == tag
    assert set_images(FILE, after, [promotion(name, Tag(tag), None)]).after == after


@given(kustomizations(), TAGS)
def test_setting_a_tag_changes_its_value_and_no_other_byte(text: str, tag: str) -> None:
    for entry in read(FILE, text.encode()).entries:
        assert entry.name is not None
        after = edit(text, entry.name, tag).decode()
        span = entry.fields["newTag"]
        tail = len(text) - span.end
        assert after.startswith(text[: span.start])
        assert after.endswith(text[len(text) - tail :])
        written = after[span.start : len(after) - tail]
        for typ in ("safe", "rt"):
            found = YAML(typ=typ, pure=True).load(after)["images"]
            values = {one["name"]: one["newTag"] for one in found}
            assert values[entry.name] == tag
            assert isinstance(values[entry.name], str), written


@given(entries(), wishes())
def test_several_wishes_at_once_give_each_entry_what_was_asked(
    text: str, asked: tuple[ImageSetting, ...]
) -> None:
    wanted = {
        entry.name: {"newName": entry.new_name, "newTag": entry.tag, "digest": entry.digest}
        for entry in read(FILE, text.encode()).entries
    }
    try:
        after = set_images(FILE, text.encode(), asked).after
    except RefusedError as error:
        # Nothing is to be kept, or set at all, of what is not there.
        assert {refusal.rule for refusal in error.refusals} <= {"empty"}
        assert all(refusal.line for refusal in error.refusals)
        return
    for one in asked:
        fields = {"newName": one.new_name, "newTag": one.tag, "digest": one.digest}
        had = wanted.get(one.name, dict.fromkeys(fields))
        wanted[one.name] = {k: had[k] if v is KEEP else v for k, v in fields.items()}
    loaded = YAML(typ="safe", pure=True).load(after)["images"]
    for found in (loaded, _pairs(after)):
        assert {one["name"]: {k: one.get(k) for k in fields} for one in found} == wanted
    assert set_images(FILE, after, asked).after == after
    # What the edit does not speak of is there as it was, in its order.
    kept = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in after.decode().splitlines() if line.lstrip().startswith("#")] == kept


def _pairs(data: bytes) -> list[dict[str, str | None]]:
    """Return the fields of each entry as promote reads them."""
    return [
        {"name": e.name, "newName": e.new_name, "newTag": e.tag, "digest": e.digest}
        for e in read(FILE, data).entries
    ]


@given(kustomizations(), TAGS, TAGS)
def test_edits_of_two_images_commute(text: str, first: str, second: str) -> None:
    a, b = "nginx", "web"
    one = edit(edit(text, a, first).decode(), b, second)
    other = edit(edit(text, b, second).decode(), a, first)

    def tags(data: bytes) -> dict[str | None, str | None]:
        return {entry.name: entry.tag for entry in read(FILE, data).entries}

    assert tags(one) == tags(other)
    known = {entry.name for entry in read(FILE, text.encode()).entries}
    if {a, b} <= known:
        assert one == other
