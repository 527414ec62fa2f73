from __future__ import annotations

import itertools
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import Digest, Tag
from promoter.domain.model import FileEdit, ImageRequest
from promoter.edits import engine
from promoter.edits.region import Region
from promoter.edits.site import Site
from promoter.edits.targets import YamlPathTarget, argocd, manifest, marker, patch

pytestmark = pytest.mark.provisioned

_PATH = PurePosixPath("m.yaml")
_NAMES = ("app", "ghcr.io/o/app", "localhost:5000/x", "web")
_TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,12}", fullmatch=True)
_SEEDS = [
    file.read_bytes()
    for file in sorted((Path(__file__).parent / "targets").rglob("before/**/*"))
    if file.is_file() and file.stat().st_size < 3_000
]
_BOUNDED = settings(suppress_health_check=list(HealthCheck))


def _sites(region: Region) -> list[Site]:
    """Return what every kind of target finds."""
    found = [*manifest.find(region), *patch.find(region), *argocd.find(region)]
    found += [mark.site for mark in marker.marks(region)]
    for path in ("image.tag", "values.image.tag", "spec.source.helm.values.image.tag", "new.key"):
        target = YamlPathTarget(kind="yaml-path", file="m.yaml", tag=path, digest=f"{path}Digest")
        with suppress(SelectionError):
            found += target.find(region)
    return [*found, *(beside for site in found for beside in site.digests())]


def _set(data: bytes, name: str, tag: str) -> FileEdit:
    """Set an image wherever it stands in a manifest."""
    region = Region.of(_PATH, data)
    request = ImageRequest(name, Tag.parse(tag))
    sites = [site for site in manifest.find(region) if site.name == name]
    steps = [step for site in sites if (step := site.step(request)[0]) is not None]
    return engine.edit(region, steps)


@st.composite
def _manifests(draw: st.DrawFn) -> bytes:
    """Draw a manifest as people write them: indents, quotes, comments and line ends differ."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = ["kind: Deployment", "spec:", "  template:", "    spec:"]
    for key in draw(st.sampled_from([["containers"], ["initContainers", "containers"]])):
        margin = " " * draw(st.sampled_from([6, 8]))
        lines.append(f"      {key}:{draw(st.sampled_from(['', '  # those']))}")
        for _ in range(draw(st.integers(1, 3))):
            quote = draw(st.sampled_from(["", "'", '"']))
            tail = draw(st.sampled_from(["", ":1", ":1.10", "@sha256:" + "a" * 64]))
            image = f"{quote}{draw(st.sampled_from(_NAMES))}{tail}{quote}"
            comment = draw(st.sampled_from(["", "   # größer", " # image: app:0"]))
            if draw(st.booleans()):
                lines.append(f"{margin}- {{name: c, image: {image}, args: [a]}}{comment}")
            else:
                lines += [f"{margin}- name: c", "", f"{margin}  image:  {image}{comment}"]
    text = newline.join(lines) + draw(st.sampled_from(["", newline]))
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@_BOUNDED
@given(_manifests(), st.sampled_from(_NAMES), _TAGS)
def test_only_the_images_bytes_change(data: bytes, name: str, tag: str) -> None:
    edit = _set(data, name, tag)
    before, after = edit.before.split(b"\n"), edit.after.split(b"\n")
    changed = {change.line for change in edit.changes}
    assert len(before) == len(after)
    for number, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        assert (old != new) == (number in changed)
        if number in changed:
            start = old.index(name.encode())
            assert new[:start].rstrip(b"'\"") == old[:start].rstrip(b"'\"")
            assert new.rpartition(b"#")[2] == old.rpartition(b"#")[2] or b"#" not in old


@_BOUNDED
@given(_manifests(), st.sampled_from(_NAMES), _TAGS)
def test_a_second_time_nothing_changes(data: bytes, name: str, tag: str) -> None:
    once = _set(data, name, tag).after
    again = _set(once, name, tag)
    assert (again.after, again.changes) == (once, ())


@_BOUNDED
@given(_manifests(), _TAGS, _TAGS)
def test_two_images_can_be_set_in_either_order(data: bytes, one: str, other: str) -> None:
    first = _set(_set(data, "app", one).after, "web", other).after
    assert _set(_set(data, "web", other).after, "app", one).after == first


@_BOUNDED
@given(
    st.sampled_from(_SEEDS),
    st.lists(
        st.tuples(
            st.integers(0, 3_000),
            st.integers(0, 3),
            st.text("\n\r\t -:{}[]\"'#&*!|>%@`ax1\ufeff\x85\u2028é", max_size=3),
        ),
        max_size=4,
    ),
    _TAGS,
)
def test_any_text_ends_in_a_proved_edit_or_a_refusal(
    data: bytes, damage: list[tuple[int, int, str]], tag: str
) -> None:
    text = data.decode()
    for place, length, inserted in damage:
        text = text[:place] + inserted + text[place + length :]
    try:
        region = Region.of(_PATH, text.encode())
        sites = _sites(region)
    except RefusedError as error:
        assert error.refusals[0].reason
        return
    for site, digest in itertools.product(sites, (None, Digest(f"sha256:{'e' * 64}"))):
        try:
            step = site.step(ImageRequest("any", Tag.parse(tag), digest))[0]
        except RefusedError as error:
            assert error.refusals[0].line
            continue
        try:
            edit = engine.edit(region, [step] if step else [])
        except RefusedError:
            # What is there on one line can be set; a key may find no place.
            assert site.missing or not site.text.isprintable()
            continue
        assert len(edit.changes) == (step is not None)
        assert (edit.after != edit.before) == (step is not None)
