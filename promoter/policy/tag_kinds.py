"""Tags that name no release: those that are moved along, and what stands beside images."""

from __future__ import annotations

import re

_MOVING = re.compile(
    r"latest|main|master|trunk|develop(?:ment)?|dev|edge|nightly|stable|staging|prod(?:uction)?|head",
    re.IGNORECASE,
)
# What cosign, the referrers' fallback (64 digits of any digest) and builders keep beside images.
_ATTACHMENT_OR_CACHE = re.compile(
    r"(?P<digest>sha256|sha512)-[0-9a-f]{64}(?:[-._].*)?"
    r"|.+\.(?P<attachment>sig|att|sbom)"
    r"|(?:.+[-._])?build[-._]?(?P<buildcache>cache)(?:[-._].+)?"
    r"|(?:[^0-9]+[-._])?(?P<cache>cache)(?:(?<=^cache)[-._].+)?",
    re.ASCII | re.IGNORECASE,
)


def is_moving(tag: str) -> bool:
    """Return whether a tag is moved along by habit, as `latest` and branches' names are."""
    return _MOVING.fullmatch(tag) is not None


def is_attachment_or_cache(tag: str) -> bool:
    """Return whether a tag holds no release but an image's signature, attestation, SBOM or build cache.

    Such are `sha256-<hex>`, `sha256-<hex>.sig`, `1.4.0.att`, `1.4.0.sbom`, `buildcache`, `cache`.
    """
    return _ATTACHMENT_OR_CACHE.fullmatch(tag) is not None


def names_attachment_or_cache(tag: str, pattern: str) -> bool:
    """Return whether a pattern has the word by which a tag is known as an attachment or a cache.

    A pattern that merely matches everything does not ask for them.
    """
    found = _ATTACHMENT_OR_CACHE.fullmatch(tag)
    return found is not None and found[found.lastgroup or 0].casefold() in pattern.casefold()
