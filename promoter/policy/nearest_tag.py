"""Which tag is probably meant by one that an image does not have: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from promoter.domain.suggest import begun_alike
from promoter.policy.choose import may_be_release
from promoter.policy.natural import natural

# Longer tags are not suggested.
_LONGEST = 40
# How alike a tag must be to be suggested.
_ALIKE = 0.75
# Letters that are read as digits.
_READ_ALIKE = str.maketrans("OolI", "0011")
_VERSION = re.compile(r"v?[0-9]+\.", re.ASCII)
_RELEASE = re.compile(r"v?[0-9.]+", re.ASCII)


def promotable(tags: Iterable[str]) -> list[str]:
    """Return the tags that people promote: no digest's, signature's or build cache's."""
    return [one for one in tags if len(one) <= _LONGEST and may_be_release(None, one)]


def nearness(tag: str, asked: str) -> tuple[int, bool, object]:
    """Return how near a tag is to one that is not there, the greater the nearer.

    Those that begin alike come first, then releases before builds of branches.
    """
    alike = begun_alike(asked.removeprefix("v"), tag.removeprefix("v"))
    is_release = _RELEASE.fullmatch(tag) is not None
    return alike if _VERSION.match(asked) else 0, is_release, natural(tag)


def nearest_tag(tag: str, known: Sequence[str]) -> str | None:
    """Return the tag that is probably meant; None where none is near, or several are.

    Near is one with or without a `v`, in other case, with a letter for a digit, in full, with a
    branch before it, without the name before it, or with two signs swapped.
    """
    plain = tag.lower().removeprefix("v").removeprefix("sha-")
    read = [one for one in known if one.translate(_READ_ALIKE) == tag.translate(_READ_ALIKE)]
    if read:
        return read[0]
    same = [one for one in known if one.lower().removeprefix("v") == plain]
    if same:
        return same[0]
    longer = [one for one in known if one.lower().removeprefix("v").startswith(f"{plain}.")]
    if longer and ("." in plain or len(longer) == 1):
        # 1.5 means 1.5.0 rather than 1.5.1-arm.
        return max(longer, key=lambda one: (_RELEASE.fullmatch(one) is not None, natural(one)))
    # What begins as a version does is another one behind a '-': 1.5.0-rc.1 is not meant by 1.5.0.
    is_version = tag[:1].isdecimal() and "." in tag
    parts = [one for one in known if one.startswith(f"{tag}-") or one.endswith(f"-{plain}")]
    # Others have the image's name before the version.
    parts += [one for one in known if "." in one and tag.endswith(f"-{one}")]
    if len(parts) == 1 and not is_version:
        return parts[0]
    # Of hundreds of thousands of tags few have the same signs, which is found soonest.
    signs = sorted(tag.replace(".", ""))
    swapped = [one for one in known if sorted(one.replace(".", "")) == signs]
    return next(iter(get_close_matches(tag, swapped, n=1, cutoff=_ALIKE)), None)
