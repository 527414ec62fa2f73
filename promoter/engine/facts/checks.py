"""Asks the registry and cosign about a promotion's images, as far as its gates want to know."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from subprocess import TimeoutExpired
from typing import TYPE_CHECKING

from promoter.config.layout import Target
from promoter.config.sections import Checks
from promoter.domain.dataclass import dataclass
from promoter.domain.duration import format_seconds
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import BuiltImage
from promoter.domain.image import Digest
from promoter.domain.model import ImageRequest
from promoter.domain.redaction import redacted_message
from promoter.engine.facts.image_lookup import look_up
from promoter.gates import ImageFacts, SignatureCheck
from promoter.registry.failures import AbsentError, RegistryError
from promoter.system import limits
from promoter.system.budget import COSIGN, IMAGE_WAIT
from promoter.system.deadline import Deadline
from promoter.system.environment import child_environment

if TYPE_CHECKING:
    from promoter.registry.client import Registry

# Types of artifacts that refer to an image and sign it: cosign's, sigstore's bundles, Notary's.
_SIGNATURES = ("cosign", "sigstore", "notary")
_INSTALL = "Install cosign: https://docs.sigstore.dev"


@dataclass(frozen=True, slots=True)
class Checker:
    """Asks the registry about the images of one promotion."""

    registry: Registry
    target: Target
    deadline: Deadline
    patience: float = 0.0
    """How long a missing image is waited for, in seconds."""
    needs_digest: bool = False
    """Whether the registry's digest is written."""

    @property
    def checks(self) -> Checks:
        """What the environment wants."""
        return self.target.settings.checks

    @property
    def needed(self) -> bool:
        """Whether the registry has to be asked at all."""
        checks = self.checks
        asked = (checks.exists, checks.platforms, checks.signature)
        if self.needs_digest or self.target.settings.max_age is not None:
            return True
        return any(one not in ("off", ()) for one in asked)

    def ask(
        self, images: Sequence[ImageFacts], running: Mapping[str, str | None]
    ) -> tuple[ImageFacts, ...]:
        """Return images with what is known of them; none where nobody wants to know.

        `running` has the tag or digest that runs now, by the names of the images. Raises what is no
        answer about an image, such as a registry whose bytes are not what it says.
        """
        if not self.needed:
            return ()
        patience = min(self.patience, IMAGE_WAIT.of(self.deadline.remaining()))
        found = look_up(self.registry, self.target, images, patience)
        if patience < self.patience:
            for error in (one for one in found if isinstance(one, AbsentError)):
                error.hint += (
                    f" --timeout ended the wait, of {format_seconds(self.patience)}: give it more."
                )
        return tuple(
            self._with_answer(one, answer, running.get(one.request.name))
            for one, answer in zip(images, found, strict=True)
        )

    def _with_answer(
        self, asked: ImageFacts, found: BuiltImage | PromoteError, running: str | None
    ) -> ImageFacts:
        if isinstance(found, PromoteError):
            absent = isinstance(found, AbsentError)
            # A digest that is given needs no registry to be written.
            written = not self.needs_digest or asked.request.digest is not None
            unread = isinstance(found, RegistryError) and written
            if not (absent or unread):
                raise found
            return replace(asked, error=found, absent=absent)
        platforms = self._platforms(asked.repository, running)
        signature = self._signature(asked.repository, found.digest)
        is_of_tag = self._is_of_tag(asked)
        return replace(
            asked, image=found, platforms=platforms, signature=signature, is_of_tag=is_of_tag
        )

    def _is_of_tag(self, asked: ImageFacts) -> bool:
        """Return whether a digest that is asked for with a tag is that tag's, as far as is known."""
        tag, digest = asked.request.tag, asked.request.digest
        if tag is None or digest is None or self.checks.exists == "off":
            return True
        with suppress(PromoteError):
            return self.registry.has_at(asked.repository, tag, digest)
        return True

    def _platforms(self, repository: str, running: str | None) -> tuple[str, ...] | None:
        """Return the platforms of what runs now, where the environment compares with them."""
        if self.checks.platforms not in ("warn", "refuse"):
            return None
        if running is None:
            return ()
        try:
            return self.registry.describe(repository, running).platforms
        except PromoteError:
            return None

    def _signature(self, repository: str, digest: str) -> SignatureCheck | None:
        """Return what cosign says of an image, where the environment wants to know."""
        if self.checks.signature == "off":
            return None
        seconds = COSIGN.of(self.deadline.remaining())
        said = verified(self.checks, f"{repository}@{digest}", seconds)
        if said.verified:
            return said
        has_one = self._has_signature(repository, digest)
        if has_one is None:
            return said
        which = "a signature" if has_one else "no signature"
        hint = said.hint if has_one else "Sign it first, as with cosign sign."
        detail = f"{said.detail}; the registry holds {which} of it"
        return replace(said, detail=detail, hint=hint)

    def _has_signature(self, repository: str, digest: str) -> bool | None:
        """Return whether the registry has a signature of anybody; None where it does not answer."""
        try:
            kinds = self.registry.referrers(repository, digest)
        except PromoteError:
            return None
        return any(sign in kind for kind in kinds for sign in _SIGNATURES)


def pinned(request: ImageRequest, image: ImageFacts, pin: str) -> ImageRequest:
    """Return an image as the environment wants it written: `pin` is tag, digest or both."""
    known = image.image.digest if image.image is not None else request.digest
    if pin == "tag" or known is None:
        return request
    digest = Digest.parse(known)
    if pin == "both":
        return replace(request, digest=digest)
    return replace(request, digest=digest, tag=None, known_as=request.tag)


def verified(checks: Checks, image: str, seconds: float) -> SignatureCheck:
    """Return cosign's verdict on an image, which is named by its digest; it may take so long."""
    program = shutil.which("cosign")
    if program is None:
        return SignatureCheck(False, "not verified, as cosign is not on PATH", _INSTALL)
    try:
        command = [program, "verify", *_signer(checks), image]
        done = limits.run(command, b"", child_environment("cosign"), seconds)
    except limits.TooMuchOutputError:
        return SignatureCheck(False, "cosign printed more than is read")
    except TimeoutExpired:
        reason = f"cosign did not answer within {seconds:.3g} s"
        return SignatureCheck(False, reason, "Check the network, or give more time with --timeout.")
    except OSError as error:
        return SignatureCheck(False, f"cosign cannot be run: {error.strerror}", _INSTALL)
    if done.returncode == 0:
        return SignatureCheck(True, "verified by cosign")
    said = redacted_message(done.stderr.decode("utf-8", "replace")).strip().splitlines()
    reason = next((line for line in said if line.lower().startswith("error")), "not verified")
    return SignatureCheck(False, f"cosign: {reason[:200]}")


def _signer(checks: Checks) -> list[str]:
    """Return cosign's arguments that say whose signature is wanted, and whether it is in a log."""
    log = ["--insecure-ignore-tlog=true"] if checks.cosign_log == "off" else []
    if checks.cosign_key:
        return ["--key", checks.cosign_key, *log]
    who = ["--certificate-identity-regexp", checks.cosign_identity or ""]
    return [*who, "--certificate-oidc-issuer", checks.cosign_issuer or "", *log]
