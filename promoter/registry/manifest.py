"""Manifests: an answer is one, and its bytes are hashed, only after it is known what they are.

https://github.com/opencontainers/image-spec/blob/main/manifest.md
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError
from promoter.domain.image import Digest
from promoter.domain.json import mapping
from promoter.domain.redaction import redacted_message
from promoter.registry.failures import LyingError, RegistryError
from promoter.registry.http import read_json
from promoter.system.http import Answer

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MEDIA_TYPES = (
    *_INDEXES,
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""The media types of the manifests that are read."""
# What servers send that do not know what they keep: then the document itself has to say it.
_UNSAID = ("", "application/json", "application/octet-stream", "binary/octet-stream", "text/plain")
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
# One name for what Go and uname call differently, as container runtimes have it.
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm"}
# Reproducible builds write 1970 or 1980 for every image; there were no images before Docker.
_FIRST_IMAGES = 2013


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as its registry sent it, and the digest of its bytes."""

    digest: Digest
    document: dict[str, Any]
    is_index: bool
    """Whether it lists manifests, one a platform, instead of being one image's own."""

    @property
    def members(self) -> list[dict[str, Any]]:
        """What an index lists, or `RegistryError`; attestations and the like are left out."""
        return [
            one
            for one in objects(self.document["manifests"], "manifests")
            if "unknown" not in (platform := mapping(one.get("platform"))).values()
            and (platform or "vnd.docker.reference.type" not in mapping(one.get("annotations")))
        ]

    @property
    def config(self) -> Digest | None:
        """The digest of the image's configuration; None for an artifact that is no container image."""
        config = self.document["config"]
        return digest_of(config) if config.get("mediaType", _CONFIGS[0]) in _CONFIGS else None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image's own configuration says of it."""

    platform: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None

    @classmethod
    def of(cls, document: dict[str, Any]) -> ImageConfig:
        """Return what is said in a configuration; what is malformed counts as not said."""
        labels = mapping(mapping(document.get("config")).get("Labels"))
        return cls(
            platform(document),
            {key: value for key, value in labels.items() if isinstance(value, str)},
            _moment(document.get("created")),
        )


def read_manifest(answer: Answer, reference: str) -> Manifest:
    """Return the manifest that an answer holds.

    Raises `RegistryError` for what is no manifest, such as a login page, and `LyingError` where
    the bytes are not those of the digest that was asked for or that the registry names.
    """
    said = _content_type(answer)
    if said not in MEDIA_TYPES and said not in _UNSAID:
        raise _no_manifest(answer, f"its type is {ascii(redacted_message(said))[1:-1][:60]}")
    document = read_json(answer)
    version, inside = document.get("schemaVersion"), document.get("mediaType")
    if version == 1:
        raise _no_manifest(answer, "it is of the old schema 1, which is no longer pulled")
    if version != 2:
        raise _no_manifest(answer, "it has no schemaVersion 2")
    if inside is not None and inside not in MEDIA_TYPES:
        raise _no_manifest(
            answer, f"its mediaType is {ascii(redacted_message(str(inside)))[1:-1][:60]}"
        )
    if inside is not None and said in MEDIA_TYPES and inside != said:
        raise _no_manifest(answer, "its type and its mediaType differ")
    is_index = (inside or said) in _INDEXES or (
        inside is None and said in _UNSAID and "manifests" in document
    )
    wanted, other = ("manifests", "layers") if is_index else ("layers", "manifests")
    if not isinstance(document.get(wanted), list) or other in document:
        raise _no_manifest(answer, f"it lists no {wanted}")
    if is_index and not document["manifests"]:
        raise _no_manifest(answer, "it is an index of no image")
    if not is_index and not isinstance(document.get("config"), dict):
        raise _no_manifest(answer, "it names no configuration")
    named = answer.headers.get("Docker-Content-Digest") or None
    return Manifest(proved_digest(answer.body, named, reference), document, is_index)


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


def proved_digest(body: bytes, named: str | None, reference: str) -> Digest:
    """Return a body's digest, in the algorithm in which it is named or asked for, else in sha256.

    Raises `LyingError` where the bytes are others than those of the digest `named`, or of the
    reference where that is a digest.
    """
    asked = reference if ":" in reference else None
    expected = [one for one in (asked, named) if one is not None]
    for digest in expected:
        algorithm = digest.partition(":")[0]
        known = algorithm in ("sha256", "sha512")
        if not known or digest != f"{algorithm}:{hashlib.new(algorithm, body).hexdigest()}":
            raise LyingError(
                f"the registry sent other bytes than those of {ascii(redacted_message(digest))[1:27]}…",
                "Do not use that image, and tell whoever runs the registry.",
            )
    return Digest(expected[0] if expected else f"sha256:{hashlib.sha256(body).hexdigest()}")


def objects(value: object, what: str) -> list[dict[str, Any]]:
    """Return a JSON list of objects, or raise `RegistryError` saying what is none."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise RegistryError(f"the registry sends no list of {what}")
    return value


def digest_of(descriptor: Mapping[str, Any]) -> Digest:
    """Return the digest that a descriptor names, or raise `RegistryError` where it names none."""
    named = descriptor.get("digest")
    try:
        return Digest.parse(named if isinstance(named, str) else "")
    except PromoteError as error:
        raise RegistryError(f"the registry's {error.message}") from None


def platform(value: object) -> str | None:
    """Return `os/architecture[/variant]`; None for what is no platform."""
    fields = mapping(value)
    parts = [fields.get("os"), fields.get("architecture"), fields.get("variant")]
    if not all(isinstance(part, str) and part and part != "unknown" for part in parts[:2]):
        return None
    parts[1] = _ARCHITECTURES.get(str(parts[1]), parts[1])
    return "/".join(str(part) for part in parts if part)


def _moment(text: object) -> datetime | None:
    """Return a moment of RFC 3339; None for none, and for the zero that reproducible builds write."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return time if time.tzinfo and time.year >= _FIRST_IMAGES else None


def _content_type(answer: Answer) -> str:
    return answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _no_manifest(answer: Answer, reason: str) -> RegistryError:
    return RegistryError(
        f"{urlsplit(answer.url).netloc} answers with something that is not an image's manifest: {reason}",
        "Check the image's name, the login, and any proxy or login page in front of the registry.",
    )
