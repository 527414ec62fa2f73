"""A client of the OCI distribution specification: tags, digests, what an image is built for and from.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

from collections.abc import Iterator

from promoter.domain.evidence import BuiltImage
from promoter.domain.image import Digest, hint_for_absent
from promoter.registry.connection import RegistryConnections, error_codes
from promoter.registry.failures import AbsentError, RegistryError
from promoter.registry.http import read_json
from promoter.registry.manifest import (
    ImageConfig,
    Manifest,
    digest_of,
    digest_of_head,
    objects,
    platform,
    proved_digest,
    read_manifest,
)
from promoter.registry.tags import all_tags
from promoter.system.threads import Memo

_MANIFEST, _CONFIG = 4 << 20, 8 << 20
# Indexes in indexes, and members whose platform only they themselves say.
_DEPTH, _READS = 3, 32


class Registry:
    """The registries of a run; safe to be asked by several threads, each question once."""

    def __init__(self, connection: RegistryConnections) -> None:
        self._connection = connection
        self._memo = Memo()

    def disconnect(self) -> None:
        """End the connections."""
        self._connection.close()

    def forget(self, name: str) -> None:
        """Ask again what was answered about an image, such as one whose push is under way."""
        self._memo.forget(lambda key: key[1] == name)
        self._connection.forget()

    def resolve(self, name: str, reference: str) -> Digest:
        """Return the digest of a tag or digest; raises `AbsentError` or `RegistryError`.

        It is what the registry says, and good for comparing: what is written is `prove`d.
        """

        def ask() -> Digest:
            # A HEAD is the shortcut: what does not prove that there is an image decides nothing.
            head = self._connection.get(name, f"manifests/{reference}", 0, method="HEAD")
            return digest_of_head(head, reference) or self._manifest(name, reference).digest

        return self._memo.answer(("digest", name, reference), ask)

    def prove(self, name: str, reference: str) -> Digest:
        """Return the digest of a tag or digest, computed from its bytes; raises as `resolve` does."""
        return self._memo.answer(
            ("proof", name, reference), lambda: self._manifest(name, reference).digest
        )

    def describe(self, name: str, reference: str) -> BuiltImage:
        """Return an image's digest, platforms, labels and creation; raises as `resolve` does."""
        return self._memo.answer(
            ("image", name, reference), lambda: self._described(name, reference)
        )

    def has_at(self, name: str, tag: str, digest: str) -> bool:
        """Return whether a tag is this image, or has it for a platform; raises as `resolve` does."""
        if self.resolve(name, tag) == digest:
            return True
        manifest = self._manifest(name, tag)
        return manifest.is_index and any(one.get("digest") == digest for one in manifest.members)

    def tags(self, name: str) -> tuple[str, ...]:
        """Return every tag of an image, in the registry's order; raises `RegistryError`."""
        return self._memo.answer(("tags", name), lambda: all_tags(self._connection, name))

    def referrers(self, name: str, digest: str) -> tuple[str, ...]:
        """Return the types of what refers to an image: signatures, attestations, bills of material."""
        answer = self._connection.get(name, f"referrers/{digest}", _MANIFEST)
        tag = digest.replace(":", "-", 1)
        if answer.status == 404:
            answer = self._connection.get(name, f"manifests/{tag}", _MANIFEST)
        listed = read_json(answer).get("manifests") if answer.status == 200 else []
        types = [one.get("artifactType") for one in objects(listed, "referrers")]
        signature = self._connection.get(name, f"manifests/{tag}.sig", 0, method="HEAD")
        if digest_of_head(signature, f"{tag}.sig"):
            types.append("application/vnd.dev.cosign.simplesigning.v1+json")
        return tuple(str(one) for one in types if one)

    def _manifest(self, name: str, reference: str) -> Manifest:
        """Return a manifest, proved by its bytes; raises `AbsentError` where none has that name."""
        answer = self._connection.get(name, f"manifests/{reference}", _MANIFEST)
        if answer.status == 200:
            return read_manifest(answer, reference)
        if answer.status == 404 and "MANIFEST_UNKNOWN" not in error_codes(answer):
            # It may be the name that is not known. A HEAD saves the list; its "no" decides nothing.
            answer = self._connection.get(name, "tags/list?n=1", 0, method="HEAD")
            if answer.status == 404:
                answer = self._connection.get(name, "tags/list?n=1", _MANIFEST)
        elif answer.status != 404:
            raise self._connection.refused(name, answer)
        if answer.status == 404 and "MANIFEST_UNKNOWN" not in error_codes(answer):
            raise self._connection.refused(name, answer)
        raise AbsentError(
            f"{name} has no {reference} in its registry",
            hint_for_absent(reference),
        )

    def _described(self, name: str, reference: str) -> BuiltImage:
        """Return an image's facts: those of its first platform, linux/amd64 before others."""
        manifest = self._manifest(name, reference)
        if not manifest.is_index:
            config = self._config(name, manifest)
            own = (config.platform,) if config.platform else ()
            return BuiltImage(manifest.digest, config.created, own, config.labels)
        images = sorted(
            self._platforms(name, manifest, iter(range(_READS))),
            key=lambda one: (one[0] != "linux/amd64", one[0]),
        )
        config = self._first_config(name, [digest for _, digest in images])
        platforms = tuple(sorted({platform for platform, _ in images}))
        return BuiltImage(manifest.digest, config.created, platforms, config.labels)

    def _platforms(
        self, name: str, index: Manifest, reads: Iterator[int], depth: int = 0
    ) -> list[tuple[str, Digest | Manifest]]:
        """Return the images of an index by platform; the index need not say it, nor be the only one.

        A member that is broken or not there is none of its images, and does not spoil the others.
        """
        images: list[tuple[str, Digest | Manifest]] = []
        for member in index.members:
            known = platform(member.get("platform"))
            if known:
                images.append((known, digest_of(member)))
                continue
            if next(reads, None) is None:
                raise RegistryError(f"an index of {name} has too many members without a platform")
            try:
                manifest = self._manifest(name, digest_of(member))
                if manifest.is_index and depth < _DEPTH:
                    images += self._platforms(name, manifest, reads, depth + 1)
                elif not manifest.is_index and (own := self._config(name, manifest).platform):
                    images.append((own, manifest))
            except (AbsentError, RegistryError) as error:
                if error.may_pass:
                    raise
        return images

    def _first_config(self, name: str, images: list[Digest | Manifest]) -> ImageConfig:
        """Return the first configuration that can be read; all were built from the same source."""
        first: RegistryError | AbsentError | None = None
        for one in images[:3]:
            try:
                manifest = one if not isinstance(one, str) else self._manifest(name, one)
                return self._config(name, manifest)
            except (AbsentError, RegistryError) as error:
                if error.may_pass:
                    raise
                first = first or error
        if first is not None:
            raise first
        return ImageConfig()

    def _config(self, name: str, manifest: Manifest) -> ImageConfig:
        digest = manifest.config
        if digest is None:
            return ImageConfig()
        answer = self._connection.get(name, f"blobs/{digest}", _CONFIG)
        if answer.status != 200 or not answer.body:
            raise RegistryError(f"the registry does not give the configuration of {name}")
        proved_digest(answer.body, None, digest)
        return ImageConfig.of(read_json(answer))
