"""A client of the OCI distribution specification: tags, digests, what an image is built for and from.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urljoin, urlsplit

from promoter.errors import PromoteError
from promoter.image import Digest
from promoter.registry.failures import AbsentError, LyingError, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from promoter.registry.connection import Answer, Connection


_MANIFEST, _CONFIG, _TAGS = 4 << 20, 8 << 20, 32 << 20
_PAGE, _TAG_LIMIT, _PAGES = 1000, 200_000, 400
_NEXT = re.compile(r'<(?P<url>[^>]+)>\s*;[^,]*\brel="?next"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Image:
    """What a registry says of one image."""

    digest: Digest
    platforms: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    created: datetime | None = None


class Registry:
    """The registries of a run; safe to be asked by several threads, each question once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = Lock()
        self._known: dict[tuple[str, ...], Any] = {}

    def leave(self) -> None:
        """End the connections."""
        self._connection.close()

    def forget(self, name: str) -> None:
        """Ask anew what was answered about an image, such as one whose push is under way."""
        with self._lock:
            for key in [key for key in self._known if key[1] == name]:
                del self._known[key]
        self._connection.forget()

    def resolve(self, name: str, reference: str) -> Digest:
        """Return the digest of a tag or digest; raises `AbsentError` or `UnreadableError`."""

        def ask() -> Digest:
            answer = self._manifest(name, reference, method="HEAD")
            told = answer.headers.get("Docker-Content-Digest")
            if told is None:
                answer = self._manifest(name, reference)
            return self._proved(answer, told, reference)

        found: Digest = self._once(("digest", name, reference), ask)
        return found

    def describe(self, name: str, reference: str) -> Image:
        """Return an image's digest, platforms, labels and creation; raises as `resolve` does."""
        found: Image = self._once(
            ("image", name, reference), lambda: self._described(name, reference)
        )
        return found

    def tags(self, name: str) -> tuple[str, ...]:
        """Return every tag of an image, in the registry's order; raises `UnreadableError`."""
        found: tuple[str, ...] = self._once(("tags", name), lambda: self._all_tags(name))
        return found

    def referrers(self, name: str, digest: Digest) -> tuple[str, ...]:
        """Return the types of what refers to an image: signatures, attestations, bills of material."""
        answer = self._connection.get(name, f"referrers/{digest}", _MANIFEST)
        if answer.status == 404:
            fallback = str(digest).replace(":", "-", 1)
            answer = self._connection.get(name, f"manifests/{fallback}", _MANIFEST)
        listed = _json(answer).get("manifests") if answer.status == 200 else []
        found = [one.get("artifactType") or "" for one in listed or () if isinstance(one, dict)]
        signature = f"manifests/{str(digest).replace(':', '-', 1)}.sig"
        if self._connection.get(name, signature, 0, method="HEAD").status == 200:
            found.append("application/vnd.dev.cosign.simplesigning.v1+json")
        return tuple(str(one) for one in found if one)

    def _once(self, key: tuple[str, ...], ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - by key
        """Return what was found for a question, asked once; its failure is remembered too."""
        with self._lock:
            known = self._known.get(key)
        if known is None:
            try:
                known = (ask(), None)
            except PromoteError as error:
                known = (None, error)
            with self._lock:
                self._known[key] = known
        value, failed = known
        if failed is not None:
            raise failed
        return value

    def _described(self, name: str, reference: str) -> Image:
        answer = self._manifest(name, reference)
        digest = self._proved(answer, answer.headers.get("Docker-Content-Digest"), reference)
        manifest = _json(answer)
        if "manifests" not in manifest:
            platform, labels, created = self._config(name, manifest)
            return Image(digest, (platform,) if platform else (), labels, created)
        listed = [one for one in manifest["manifests"] if isinstance(one, dict)]
        images = [(p, one) for one in listed if (p := _platform(one.get("platform")))]
        images.sort(key=lambda pair: (pair[0] != "linux/amd64", pair[0]))
        labels, created = {}, None
        if images:
            chosen = str(images[0][1].get("digest"))
            part = self._manifest(name, chosen)
            self._proved(part, None, chosen)
            _, labels, created = self._config(name, _json(part))
        return Image(digest, tuple(sorted({p for p, _ in images})), labels, created)

    def _config(
        self, name: str, manifest: dict[str, Any]
    ) -> tuple[str | None, dict[str, str], datetime | None]:
        """Return the platform, labels and creation that an image's own configuration says."""
        wanted = str((manifest.get("config") or {}).get("digest", ""))
        answer = self._connection.get(name, f"blobs/{wanted}", _CONFIG)
        if answer.status != 200:
            raise UnreadableError(f"the registry does not give the configuration of {name}", "")
        self._proved(answer, None, wanted)
        found = _json(answer)
        config = found.get("config") if isinstance(found.get("config"), dict) else {}
        labels = (config or {}).get("Labels")
        texts = {str(k): str(v) for k, v in labels.items()} if isinstance(labels, dict) else {}
        return _platform(found), texts, _moment(found.get("created"))

    def _all_tags(self, name: str) -> tuple[str, ...]:
        """Read every page: by Link where it is sent, else by the last tag of a page that is full."""
        found: dict[str, None] = {}
        path, seen, links = f"tags/list?n={_PAGE}", set[str](), False
        while path and path not in seen and len(seen) < _PAGES and len(found) < _TAG_LIMIT:
            seen.add(path)
            answer = self._connection.get(name, path, _TAGS)
            if answer.status != 200:
                raise self._refused(name, answer)
            page = [str(tag) for tag in _json(answer).get("tags") or () if isinstance(tag, str)]
            known = len(found)
            found.update(dict.fromkeys(page))
            link = _NEXT.search(answer.headers.get("Link", ""))
            links = links or link is not None
            if link:
                path = self._following(answer.url, link["url"])
            elif not links and len(page) == _PAGE and len(found) > known:
                path = f"tags/list?n={_PAGE}&last={quote(page[-1])}"
            else:
                path = ""
        return tuple(found)

    def _following(self, url: str, target: str) -> str:
        """Return the next page's whole address, which must be at the same host."""
        whole = urljoin(url, target)
        if urlsplit(whole)[:2] != urlsplit(url)[:2]:
            raise UnreadableError("the registry's next page of tags is at another host", "")
        return whole

    def _manifest(self, name: str, reference: str, *, method: str = "GET") -> Answer:
        """Return a manifest's answer; raises `AbsentError` where there is none of that name."""
        answer = self._connection.get(name, f"manifests/{reference}", _MANIFEST, method=method)
        if answer.status == 200:
            return answer
        if answer.status != 404:
            raise self._refused(name, answer)
        # A registry says 404 for a tag that is not there and for a name that it does not know.
        probe = self._connection.get(name, "tags/list?n=1", _TAGS, method="HEAD")
        if probe.status == 404:
            raise self._refused(name, probe)
        raise AbsentError(
            f"{name} has no {reference} in its registry",
            "Push the image first, or wait for it with --wait-for-image; check the tag.",
        )

    def _refused(self, name: str, answer: Answer) -> UnreadableError:
        """Return what a registry said instead of an answer."""
        codes = _codes(answer.body)
        said = f"{answer.status} {', '.join(codes)}".strip()
        hint = "Log in with docker login, or set PROMOTER_REGISTRY_USERNAME and _PASSWORD."
        if answer.status == 404:
            return UnreadableError(f"the registry of {name} does not know that name ({said})", hint)
        if answer.status == 429:
            hint = "The registry's limit is reached: run again later, or log in."
        return UnreadableError(f"the registry of {name} can not be read ({said})", hint)

    def _proved(self, answer: Answer, told: str | None, reference: str) -> Digest:
        """Return an answer's digest, computed where there is a body, or raise `LyingError`."""
        wanted = reference if ":" in reference else None
        if answer.body:
            computed = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
            sha512 = f"sha512:{hashlib.sha512(answer.body).hexdigest()}"
            for named in (told, wanted):
                if named is not None and named not in (computed, sha512):
                    raise LyingError(
                        f"the registry gave other bytes than those of {named[:26]}…",
                        "Do not use it.",
                    )
            told = told or wanted or computed
        if told is None or (wanted is not None and told != wanted):
            raise LyingError(f"the registry names another digest for {reference[:26]}", "")
        try:
            return Digest.parse(told)
        except PromoteError as error:
            raise UnreadableError(f"the registry's {error.message}", "") from None


def _json(answer: Answer) -> dict[str, Any]:
    """Return an answer's JSON object, or raise `UnreadableError`."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnreadableError("the answer is not a registry's", "Check the image's name.")
    return found


def _codes(body: bytes) -> list[str]:
    """Return the error codes of a registry's answer."""
    try:
        errors = json.loads(body).get("errors", [])
        return [str(one.get("code"))[:40] for one in errors][:3]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []


def _platform(found: object) -> str | None:
    """Return `os/architecture[/variant]`; None for what is no platform, such as an attestation."""
    if not isinstance(found, dict):
        return None
    parts = [found.get("os"), found.get("architecture"), found.get("variant")]
    if not parts[0] or not parts[1] or "unknown" in parts:
        return None
    return "/".join(str(part) for part in parts if part)


def _moment(text: object) -> datetime | None:
    """Return a moment of RFC 3339; None for none, and for the zero that reproducible builds write."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return found if found.year > 1980 and found.tzinfo else None
