"""The keys under which charts and manifests keep a digest beside a tag, however they spell them."""

from __future__ import annotations

# What fills an empty one first stands first.
_DIGEST_KEYS = ("digest", "sha", "sha256", "imagedigest", "imagesha", "hash", "shasum", "sha256sum")
_PREFIXES = ("image", "tag", "container")
_ENDINGS = ("imagetag", "tag", "version", "image")


def digest_rank(key: str, beside: str) -> int | None:
    """Return how usual a key is for the digest beside another key's tag, from 0; None for others.

    `image_digest`, `tagDigest` and `SHA256` are such keys, and `apiDigest` is one beside `apiTag`.
    """
    word, other = _word(key), _word(beside)
    prefix = next((other.removesuffix(end) for end in _ENDINGS if other.endswith(end)), "")
    for known in (word, *(word.removeprefix(one) for one in (prefix, *_PREFIXES))):
        if known in _DIGEST_KEYS:
            return _DIGEST_KEYS.index(known)
    return None


def is_whole(key: str) -> bool:
    """Return whether a key holds the whole digest, algorithm included, where nothing says otherwise."""
    return _word(key).endswith("digest")


def is_bare(key: str) -> bool:
    """Return whether a key holds a digest's digits alone, where nothing says otherwise."""
    return digest_rank(key, "") is not None and not is_whole(key)


def _word(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")
