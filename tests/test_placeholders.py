"""What is no image, tag or digest stands for one: it is told from them by their grammar."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from promoter.domain.errors import RefusedError
from promoter.domain.image import Tag, split
from promoter.domain.model import ImageRequest
from promoter.edits.region import Region, roots
from promoter.edits.site import Part, Site

_REQUEST = ImageRequest("x", Tag("2.0"))


def _site(text: str, part: Part) -> Site:
    region = Region.of(PurePosixPath("f.yaml"), f"key: '{text}'\n".encode())
    spot = next(roots(region)).get("key")
    assert spot is not None
    return Site(spot, part)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x/a:${V:=v1}", ("x/a", "${V:=v1}", None)),
        ("x/a:${V:-${W:-1.0}}-alpine", ("x/a", "${V:-${W:-1.0}}-alpine", None)),
        ("${REG:-ghcr.io/x}/a:1.0", ("${REG:-ghcr.io/x}/a", "1.0", None)),
        ("${IMAGE:-x/a:1@sha256:0}", ("${IMAGE:-x/a:1@sha256:0}", None, None)),
        ("a:$(TAG:1)", ("a", "$(TAG:1)", None)),
        ('a:{{ tag | default "x:y" }}', ("a", '{{ tag | default "x:y" }}', None)),
        ("a:<%= tag[:a] %>@sha256:0", ("a", "<%= tag[:a] %>", "sha256:0")),
        ("a:@@TAG@@", ("a", "@@TAG@@", None)),
        ("a:${V", ("a", "${V", None)),
    ],
)
def test_a_placeholder_is_one_piece_of_an_image(
    text: str, parts: tuple[str, str | None, str | None]
) -> None:
    assert split(text) == parts


@pytest.mark.parametrize(
    "tag",
    [
        "$TAG", "${TAG}", "#{TAG}#", "%TAG%", "%%TAG%%", "@@TAG@@", "((tag))", "[[TAG]]", "<TAG>",
        "~TAG~", "!TAG", "<Version of the image>", "1.x || 2.x", "v1@sha256:0",
    ],
)  # fmt: skip
def test_what_no_tag_can_be_is_refused_as_a_placeholder(tag: str) -> None:
    places = (
        (tag, Part.TAG), (f"x/a:{tag}", Part.REFERENCE), (f"b=x/a:{tag}", Part.OVERRIDE),
        (tag.lower(), Part.DIGEST),
    )  # fmt: skip
    for text, part in places:
        with pytest.raises(RefusedError) as caught:
            _site(text, part).step(_REQUEST)
        assert [one.rule for one in caught.value.refusals] == ["placeholder"], text


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", Part.TAG), ("1.4", Part.TAG), ("_a", Part.TAG), (f"1@sha256:{'0' * 64}", Part.TAG),
        (f"@sha256:{'0' * 64}", Part.TAG), ("", Part.REFERENCE), ("localhost:5000/x", Part.REFERENCE),
        ("Host/x:1", Part.REFERENCE), ("oci://x/a:1", Part.REFERENCE), ("docker://x/a:1", Part.REFERENCE),
        (f"x@sha256:{'0' * 64}", Part.REFERENCE), ("old=x/a:1", Part.OVERRIDE), ("0" * 64, Part.DIGEST),
    ],
)  # fmt: skip
def test_what_an_image_or_a_part_of_one_can_be_is_no_placeholder(text: str, part: Part) -> None:
    step, _ = _site(text, part).step(_REQUEST)
    assert step is not None


@pytest.mark.parametrize(
    "image",
    [
        "${IMAGE}",
        "${IMAGE}:${TAG}",
        "x/${APP}",
        "x/${APP:-a:1}",
        "$IMAGE:1",
        "@@IMAGE@@",
        "IMAGE:1",
    ],
)
def test_no_tag_is_put_behind_a_placeholder_that_may_hold_it(image: str) -> None:
    with pytest.raises(RefusedError) as caught:
        _site(image, Part.REFERENCE).step(_REQUEST, placeholders=True)
    assert [one.rule for one in caught.value.refusals] == ["name"]
