"""What stands in the place of an image or a part of one and is none: something else fills it in."""

from __future__ import annotations

import re

from promoter.domain.image import Name, Tag, is_digest, split, split_tag
from promoter.domain.placeholders import holds_placeholder, masked
from promoter.domain.redaction import shown
from promoter.edits.region import Spot

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{32,128}")
FILLED_IN = "Set the tag where the placeholder is filled in"
_HINT = f"{FILLED_IN}, or allow it: --allow placeholder."


def check_placeholder(spot: Spot, fault: str = "") -> None:
    """Raise `RefusedError` for a value that something else fills in, such as `${TAG}`.

    `fault` is why the value cannot be what belongs there; '' where it can.
    """
    if holds_placeholder(spot.text):
        reason = f"the value is a placeholder: {shown(spot.text)}"
    elif fault:
        reason = f"{fault}, and may be a placeholder"
    else:
        return
    raise spot.region.refuse("placeholder", reason, _HINT, at=spot.start)


def tag_fault(text: str) -> str:
    """Return why a text is neither empty, nor a tag, nor a tag with a digest; '' where it is."""
    tag, digest = split_tag(text)
    is_one = (not tag or Tag.is_one(tag)) and (not digest or is_digest(digest))
    return "" if is_one else f"{shown(text)} is not a tag"


def reference_fault(text: str) -> str:
    """Return why a text is not an image of the OCI grammar; '' where it is, or is empty."""
    name, tag, digest = split(text)
    name = _SCHEME.sub("", name, count=1)
    if text and not Name.is_one(name):
        return f"{shown(name or text)} is not the name of an image"
    if tag and not Tag.is_one(tag):
        return f"{shown(tag)} is not a tag"
    return "" if not digest or is_digest(digest) else f"{shown(digest)} is not a digest"


def digest_fault(text: str) -> str:
    """Return why a text is neither empty, nor a digest, nor its hex digits; '' where it is."""
    is_one = not text or is_digest(text) or _HEX.fullmatch(text)
    return "" if is_one else f"{shown(text)} is not a digest"


def is_placeholder(text: str) -> bool:
    """Return whether a text cannot be an image, a tag or a digest: something else fills it in."""
    faults = (tag_fault(text), digest_fault(text), reference_fault(text.rpartition("=")[2]))
    return holds_placeholder(text) or all(faults)


def refuse_placeholder(spot: Spot, name: str) -> None:
    """Raise `RefusedError` for the name of an image of which a placeholder may hold the tag as well.

    One in front of the last `/` holds the registry, and stays.
    """
    whole = masked(name)
    last = whole.rpartition("/")[2]
    if name.endswith(last) and Name.is_one(_SCHEME.sub("", whole, count=1)):
        return
    raise spot.region.refuse(
        "name",
        f"{shown(name)} is not the name of an image, and what is filled in there may hold the tag",
        "Write the name of the image here, or set the tag where the placeholder is filled in.",
        at=spot.start,
    )
