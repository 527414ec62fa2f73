"""Manifests: an answer is one, and its bytes are hashed, only after it is known what it is.

https://github.com/opencontainers/image-spec/blob/main/manifest.md
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from promoter.domain.errors import PromoteError
from promoter.domain.image import Digest
from promoter.registry.answers import json_object, proved
from promoter.registry.failures import UnreadableError

if TYPE_CHECKING:
    from promoter.registry.exchange import Answer

_INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
_IMAGES = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
MEDIA_TYPES = (*sorted(_INDEXES), *sorted(_IMAGES))
"""The media types of the manifests that are read."""
# What servers send that do not know what they keep: then the document itself has to say it.
_UNSAID = frozenset(
    {"", "application/json", "application/octet-stream", "binary/octet-stream", "text/plain"}
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as its registry sent it, and the digest of its bytes."""

    digest: Digest
    document: dict[str, Any]
    is_index: bool
    """Whether it lists manifests, one a platform, instead of being one image's own."""


def read_manifest(answer: Answer, reference: str) -> Manifest:
    """Return the manifest that an answer holds.

    Raises `UnreadableError` for what is no manifest, such as a login page, and `LyingError` where
    the bytes are not those of the digest that was asked for or that the registry names.
    """
    said = _content_type(answer)
    if said not in MEDIA_TYPES and said not in _UNSAID:
        raise _no_manifest(answer, f"its type is {ascii(said)[1:-1][:60]}")
    document = json_object(answer)
    version, inside = document.get("schemaVersion"), document.get("mediaType")
    if version == 1:
        raise _no_manifest(answer, "it is of the old schema 1, which is no longer pulled")
    if version != 2:
        raise _no_manifest(answer, "it has no schemaVersion 2")
    if inside is not None and inside not in MEDIA_TYPES:
        raise _no_manifest(answer, f"its mediaType is {ascii(inside)[:60]}")
    if inside is not None and said in MEDIA_TYPES and inside != said:
        raise _no_manifest(answer, "its type and its mediaType differ")
    is_index = (inside or said) in _INDEXES or (
        inside is None and said in _UNSAID and "manifests" in document
    )
    wanted, other = ("manifests", "layers") if is_index else ("layers", "manifests")
    if not isinstance(document.get(wanted), list) or other in document:
        raise _no_manifest(answer, f"it lists no {wanted}")
    if not is_index and not isinstance(document.get("config"), dict):
        raise _no_manifest(answer, "it names no configuration")
    named = answer.headers.get("Docker-Content-Digest") or None
    return Manifest(proved(answer, named, reference), document, is_index)


def digest_of_head(answer: Answer, reference: str) -> Digest | None:
    """Return the digest that the answer to a HEAD names; None where it proves nothing.

    It proves something only where it says that a manifest is there, and names the digest that was
    asked for, if one was.
    """
    if answer.status != 200 or _content_type(answer) not in MEDIA_TYPES:
        return None
    try:
        named = Digest.parse(answer.headers.get("Docker-Content-Digest") or "")
    except PromoteError:
        return None
    return named if ":" not in reference or named == reference else None


def _content_type(answer: Answer) -> str:
    """Return an answer's media type in lower case, without parameters."""
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _no_manifest(answer: Answer, reason: str) -> UnreadableError:
    """Return the error for an answer that is something else."""
    host = answer.url.partition("://")[2].partition("/")[0]
    return UnreadableError(
        f"{host} answers with something that is not an image's manifest: {reason}",
        "Check the image's name, the login, and any proxy or login page in front of the registry.",
    )
