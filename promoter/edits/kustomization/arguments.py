"""The arguments of `kustomize edit set image`, parsed and then held to the OCI grammar."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from promoter.domain.errors import UsageError
from promoter.domain.image import Digest, Name, Tag, is_digest, kustomize_split
from promoter.domain.redaction import shown
from promoter.edits.kustomization import KEEP, ImageSetting, Keep

# A first part such as v27.0.0, 1.25 or 20240101: nobody calls an image so, and many a tag.
_VERSION = re.compile(r"v?\d+(?:[._+-][^/]*)?", re.ASCII | re.IGNORECASE)
# What kubectl set image begins with.
_RESOURCE = re.compile(
    r"(?:deploy(?:ments?)?|sts|statefulsets?|ds|daemonsets?|jobs?|cronjobs?|pods?)/", re.ASCII
)
_FORMS = "NAME:TAG, NAME@DIGEST, NAME:TAG@DIGEST, NAME=NEWNAME, NAME=NEWNAME:TAG, NAME=*:TAG"


def parse_arguments(arguments: Sequence[str]) -> tuple[ImageSetting, ...]:
    """Return what the arguments ask of each entry, or raise `UsageError` for the first bad one."""
    if not arguments:
        hint = "Write it as in promote set-image nginx:1.27.4"
        raise UsageError("no image is given", f"{hint}\nForms: {_FORMS}.")
    settings = tuple(
        parse_argument(text, following)
        for text, following in zip(arguments, [*arguments[1:], ""], strict=True)
    )
    names = [setting.name for setting in settings]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(
            f"{shown(twice)} is given twice, and the last one would silently win entirely",
            "Give each image once, as NAME=NEWNAME:TAG@DIGEST.",
        )
    return settings


def parse_argument(text: str, following: str = "") -> ImageSetting:
    """Return one argument parsed as kustomize splits it, or raise `UsageError`.

    `following` is the argument behind it, which may be meant as its tag.
    """
    key, equals, value = text.partition("=")
    if not equals:
        key, value = "", text
    elif not key:
        raise UsageError(f"{shown(text)} has no name before the '='", f"Forms: {_FORMS}.")
    name, tag, digest = kustomize_split(value)
    if tag is None and digest is None and (not equals or not name):
        raise UsageError(f"{shown(text)} sets nothing", _what_sets(name, following))
    if "" in (tag, digest) or (not name and not equals):
        hint = "Is a variable empty that holds it? " if name or key else ""
        raise UsageError(f"{shown(text)} leaves a part empty", f"{hint}Forms: {_FORMS}.")
    if equals and name and "/" not in name and tag and tag.isdecimal() and name == "localhost":
        raise UsageError(
            f"{shown(text)} reads as name {name} and tag {tag}, not as a registry's port",
            "Write the path behind the port as well.",
        )
    if equals and tag is None and digest is None and _VERSION.fullmatch(name):
        raise UsageError(
            f"{shown(text)} would rename the image to {shown(name)}, which reads as a version",
            f"To set the tag: '{key}=*:{name}'. To rename the image and keep its tag: '{key}={name}:*'.",
        )
    if digest is not None and digest != "*" and not is_digest(digest) and Tag.is_one(digest):
        raise UsageError(
            f"{shown(text)}: {shown(digest)} is not a digest",
            f"Did you mean {text.replace('@', ':')}",
        )
    if not equals:
        return ImageSetting(str(Name.parse(name)), KEEP, *_fields(tag, digest))
    if name and name != "*":
        Name.parse(name)
    new_name = {"": KEEP, "*": KEEP}.get(name, name)
    return ImageSetting(_check_key(key), new_name, *_fields(tag, digest))


def _what_sets(name: str, following: str) -> str:
    """Return what to write in place of a name that neither a tag nor a digest follows."""
    if _RESOURCE.match(name):
        return f"Leave {shown(name)} out: files of a folder are edited, and nothing in a cluster."
    if name in ("image", "images", "set", "edit"):
        return f"Leave {shown(name)} out."
    if name.endswith((".yaml", ".yml")):
        return f"It is a file: --file {shlex.quote(name)}"
    meant = following if _VERSION.fullmatch(following) else "TAG"
    return f"Did you mean {name}:{meant}" if Name.is_one(name) else f"Forms: {_FORMS}."


def _fields(tag: str | None, digest: str | None) -> tuple[str | Keep | None, str | Keep | None]:
    """Return tag and digest, where `*` keeps what is there and an absent one drops it."""
    return (
        KEEP if tag == "*" else None if tag is None else Tag.parse(tag),
        KEEP if digest == "*" else None if digest is None else Digest.parse(digest),
    )


def _check_key(key: str) -> str:
    """Return the name of an entry, which is matched verbatim, or raise `UsageError`."""
    if not key.isprintable() or any(c.isspace() for c in key):
        raise UsageError(f"{shown(key)} is not the name of an entry", f"Forms: {_FORMS}.")
    return key
