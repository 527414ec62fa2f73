"""Platforms of images: `os/architecture[/variant]`."""

from __future__ import annotations

# The variant that a platform has where none is named.
_VARIANTS = {"arm64": "v8", "amd64": "v1", "arm": "v7"}


def is_for(image: str, wanted: str) -> bool:
    """Return whether an image for a platform serves a wanted one.

    `linux/arm64` and `linux/arm64/v8` are the same; any variant serves a platform without one.
    """
    return image == wanted or _whole(image) == _whole(wanted) or image.startswith(f"{wanted}/")


def _whole(platform: str) -> str:
    """Return a platform with the variant that it has where none is named."""
    default = _VARIANTS.get(platform.rpartition("/")[2]) if platform.count("/") == 1 else None
    return f"{platform}/{default}" if default else platform
