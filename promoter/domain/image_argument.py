"""One image of a promotion as it is given: `NAME=TAG`, `NAME@DIGEST` or `NAME=TAG@DIGEST`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from promoter.domain.errors import UsageError
from promoter.domain.image import Digest, Tag, is_digest, split
from promoter.domain.model import ImageRequest
from promoter.domain.redaction import shown

# A sha256 digest without its algorithm.
_VERSION = re.compile(r"v?[0-9]+(?:[.][0-9A-Za-z_-]+)+", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}")


def parse_image(text: str, source: str = "--image", beside: str = "") -> ImageRequest:
    """Return `NAME=TAG`, `NAME@DIGEST` or `NAME=TAG@DIGEST` parsed, or raise `UsageError`.

    `source` is the flag or variable that has it, for the message, and `beside` the tag that was
    given for other images.
    """
    name, equals, value = text.partition("=")
    if equals:
        tag, at, digest = value.partition("@")
    else:
        (name, at, digest), tag = text.partition("@"), ""
    plain, part, _ = split(name)
    if "".join(text.split()) != text or not text.isprintable():
        bare = "".join(text.split())
        raise UsageError(f"{source} {shown(text)} holds a blank", f"Did you mean {source} {bare}?")
    if "," in text:
        several = " ".join(f"{source} {one}" for one in text.split(",") if one)
        hint = (
            f"Write {several}" if source.startswith("--") else f"{source} takes one image a line."
        )
        raise UsageError(f"{source} {shown(text)} holds ',': it names one image", hint)
    if "://" in name:
        bare = text.partition("://")[2]
        said = f"{source} {shown(text)} is an address: an image's name begins with its registry"
        raise UsageError(said, f"Did you mean {source} {bare}?")
    if not plain:
        said = f"{source} {shown(text)} has no image name before its tag"
        raise UsageError(said, f"Write it as in {source} ghcr.io/owner/app=1.4.2")
    if "*" in name:
        said = f"{source} {shown(text)} holds '*': it names one image"
        raise UsageError(said, f"For all images of the app: --tag {tag or 'TAG'}")
    if _VERSION.fullmatch(text):
        hint = f"Did you mean --tag {text}? Of one image: {source} NAME={text}"
        raise UsageError(f"{source} {shown(text)} has no image name before its tag", hint)
    if not (tag or digest) or (at and not digest):
        own = part if part and not equals else beside or "TAG"
        meant = f"{plain if part and not equals else name.rstrip('@')}={own}"
        raise UsageError(
            f"{source} {shown(text)} is none of NAME=TAG, NAME@DIGEST, NAME=TAG@DIGEST",
            f"Did you mean {source} {meant}" + (", without --tag?" if own == beside else ""),
        )
    try:
        return ImageRequest(
            name, Tag.parse(tag) if tag else None, Digest.parse(digest) if digest else None
        )
    except UsageError as error:
        error.message = f"{source} {shown(text)}: {error.message}"
        error.hint = _meant(text, name, (tag, digest), source) or error.hint
        raise


def with_tags(images: Iterable[ImageRequest], texts: Iterable[str]) -> tuple[ImageRequest, ...]:
    """Return images with the tags, as `NAME=TAG`, that their digests were looked up for."""
    tags = {name: tag for name, _, tag in (text.partition("=") for text in texts)}
    known = {name: Tag(tag) for name, tag in tags.items() if Tag.is_one(tag)}
    return tuple(replace(one, known_as=known.get(one.name)) for one in images)


def _meant(text: str, name: str, reference: tuple[str, str], source: str) -> str:
    """Return what is meant by a tag or digest that is malformed; '' where nothing says so."""
    tag, digest = reference
    if is_digest(tag):
        return f"Did you mean {source} {name}@{tag}"
    if not tag and _HEX.fullmatch(digest):
        return f"Did you mean {source} {name}@sha256:{digest}"
    if not tag and re.fullmatch(r"[0-9a-f]{7,63}", digest):
        return f"A digest is sha256: and 64 hex digits. Where it is a tag: {source} {name}={digest}"
    if not tag and Tag.is_one(digest):
        return f"Did you mean {source} {name}={digest}"
    if tag.startswith("="):
        return f"Did you mean {source} {name}={tag.strip('=') or 'TAG'}"
    if "," in text:
        return _one_each(text, source)
    return (meant := split(tag)[1] or "") and (
        f"It is the tag that follows '=': {source} {name}={meant}"
    )


def _one_each(text: str, source: str) -> str:
    if source.startswith("--"):
        return f"Write {' '.join(f'{source} {one.strip()}' for one in text.split(','))}"
    return f"{source} takes one image a line."
