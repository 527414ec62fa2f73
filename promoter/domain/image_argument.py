"""One image of a promotion as it is given: `NAME=TAG`, `NAME@DIGEST` or `NAME=TAG@DIGEST`."""

from __future__ import annotations

from promoter.domain.errors import UsageError
from promoter.domain.image import Digest, Tag, is_digest, split
from promoter.domain.model import ImageRequest
from promoter.domain.redaction import shown


def parse_image(text: str, source: str = "--image") -> ImageRequest:
    """Return `NAME=TAG`, `NAME@DIGEST` or `NAME=TAG@DIGEST` parsed, or raise `UsageError`.

    `source` is the flag or variable that has it, for the message.
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
    if not plain:
        hint = f"Write it as in {source} ghcr.io/owner/app=1.4.2"
        raise UsageError(f"{source} {shown(text)} has no image name before its tag", hint)
    if not (tag or digest) or (at and not digest):
        meant = f"{plain}={part}" if part and not equals else f"{name.rstrip('@')}=TAG"
        raise UsageError(
            f"{source} {shown(text)} is none of NAME=TAG, NAME@DIGEST, NAME=TAG@DIGEST",
            f"Did you mean {source} {meant}",
        )
    try:
        return ImageRequest(
            name, Tag.parse(tag) if tag else None, Digest.parse(digest) if digest else None
        )
    except UsageError as error:
        error.message = f"{source} {shown(text)}: {error.message}"
        if is_digest(tag):
            error.hint = f"Did you mean {source} {name}@{tag}"
        elif not tag and Tag.is_one(digest):
            error.hint = f"Did you mean {source} {name}={digest}"
        elif "," in text:
            error.hint = _one_each(text, source)
        elif split(tag)[1]:
            error.hint = f"It is the tag that follows '=': {source} {name}={split(tag)[1]}"
        raise


def _one_each(text: str, source: str) -> str:
    """Return how the images of a list are written."""
    if source.startswith("--"):
        return f"Write {' '.join(f'{source} {one.strip()}' for one in text.split(','))}"
    return f"{source} takes one image a line."
