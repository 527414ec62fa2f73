"""A client of the OCI distribution specification: tags, digests, what an image is built for and from.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from promoter.registry import answers
from promoter.registry.failures import AbsentError, UnreadableError
from promoter.registry.manifest import digest_of_head, read_manifest
from promoter.registry.once import Once
from promoter.registry.tags import all_tags

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from promoter.domain.image import Digest
    from promoter.registry.connection import Connection
    from promoter.registry.exchange import Answer
    from promoter.registry.manifest import Manifest


_MANIFEST, _CONFIG = 4 << 20, 8 << 20


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
        self._once = Once()

    def leave(self) -> None:
        """End the connections."""
        self._connection.close()

    def forget(self, name: str) -> None:
        """Ask anew what was answered about an image, such as one whose push is under way."""
        self._once.forget(lambda key: key[1] == name)
        self._connection.forget()

    def resolve(self, name: str, reference: str) -> Digest:
        """Return the digest of a tag or digest; raises `AbsentError` or `UnreadableError`.

        It is what the registry says, and good for comparing: what is written is `prove`d.
        """

        def ask() -> Digest:
            path = f"manifests/{reference}"
            head = self._connection.get(name, path, _MANIFEST, method="HEAD")
            return digest_of_head(head, reference) or self._manifest(name, reference).digest

        return self._once.answer(("digest", name, reference), ask)

    def prove(self, name: str, reference: str) -> Digest:
        """Return the digest of a tag or digest, computed from its bytes; raises as `resolve` does."""
        return self._once.answer(
            ("proof", name, reference), lambda: self._manifest(name, reference).digest
        )

    def describe(self, name: str, reference: str) -> Image:
        """Return an image's digest, platforms, labels and creation; raises as `resolve` does."""
        return self._once.answer(
            ("image", name, reference), lambda: self._described(name, reference)
        )

    def tags(self, name: str) -> tuple[str, ...]:
        """Return every tag of an image, in the registry's order; raises `UnreadableError`."""
        return self._once.answer(("tags", name), lambda: all_tags(self._connection, name))

    def referrers(self, name: str, digest: Digest) -> tuple[str, ...]:
        """Return the types of what refers to an image: signatures, attestations, bills of material."""
        answer = self._connection.get(name, f"referrers/{digest}", _MANIFEST)
        if answer.status == 404:
            fallback = str(digest).replace(":", "-", 1)
            answer = self._connection.get(name, f"manifests/{fallback}", _MANIFEST)
        listed = answers.json_object(answer).get("manifests") if answer.status == 200 else []
        found = [one.get("artifactType") for one in answers.objects(listed, "referrers")]
        signature = f"manifests/{str(digest).replace(':', '-', 1)}.sig"
        if digest_of_head(self._connection.get(name, signature, 0, method="HEAD"), signature):
            found.append("application/vnd.dev.cosign.simplesigning.v1+json")
        return tuple(str(one) for one in found if one)

    def _described(self, name: str, reference: str) -> Image:
        manifest = self._manifest(name, reference)
        if not manifest.is_index:
            platform, labels, created = self._config(name, manifest.document)
            return Image(manifest.digest, (platform,) if platform else (), labels, created)
        listed = answers.objects(manifest.document["manifests"], "manifests")
        images = [(p, one) for one in listed if (p := answers.platform(one.get("platform")))]
        images.sort(key=lambda pair: (pair[0] != "linux/amd64", pair[0]))
        labels, created = {}, None
        if images:
            part = self._manifest(name, answers.digest_of(images[0][1]))
            _, labels, created = self._config(name, part.document)
        return Image(manifest.digest, tuple(sorted({p for p, _ in images})), labels, created)

    def _config(
        self, name: str, manifest: dict[str, Any]
    ) -> tuple[str | None, dict[str, str], datetime | None]:
        """Return the platform, labels and creation that an image's own configuration says."""
        wanted = answers.digest_of(manifest.get("config"))
        answer = self._connection.get(name, f"blobs/{wanted}", _CONFIG)
        if answer.status != 200 or not answer.body:
            raise UnreadableError(f"the registry does not give the configuration of {name}")
        answers.proved(answer, None, wanted)
        found = answers.json_object(answer)
        config = found.get("config")
        labels = config.get("Labels") if isinstance(config, dict) else None
        texts = {str(k): str(v) for k, v in labels.items()} if isinstance(labels, dict) else {}
        return answers.platform(found), texts, answers.moment(found.get("created"))

    def _manifest(self, name: str, reference: str) -> Manifest:
        """Return a manifest, proved by its bytes; raises `AbsentError` where none has that name."""
        answer = self._connection.get(name, f"manifests/{reference}", _MANIFEST)
        if answer.status == 200:
            return read_manifest(answer, reference)
        if answer.status != 404:
            raise self._refused(name, answer)
        # A registry says 404 for a tag that is not there and for a name that it does not know.
        probe = self._connection.get(name, "tags/list?n=1", _MANIFEST, method="HEAD")
        if probe.status == 404:
            raise self._refused(name, probe)
        raise AbsentError(
            f"{name} has no {reference} in its registry",
            "Push the image first, or wait for it with --wait-for-image; check the tag.",
        )

    def _refused(self, name: str, answer: Answer) -> UnreadableError:
        """Return what a registry said instead of an answer."""
        return answers.refused(name, answer, self._connection.trouble(name))
