"""What the registry says of the images of a promotion, held against what the environment wants."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from promoter.domain.errors import PromoteError
from promoter.domain.evidence import Built, GateResult
from promoter.domain.refusal import Refusal
from promoter.engine.image_lookup import Lookup
from promoter.engine.signature import verified
from promoter.policy.choose import may_be_release
from promoter.policy.tag_kinds import is_moving
from promoter.registry.failures import AbsentError, UnreadableError
from promoter.registry.manifest import is_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from promoter.config.layout import Target
    from promoter.config.sections import Checks
    from promoter.domain.deadline import Deadline
    from promoter.domain.model import ImageRequest
    from promoter.engine.image_lookup import Wanted
    from promoter.registry.client import Image, Registry

# Types of artifacts that refer to an image and sign it: cosign's, sigstore's bundles, Notary's.
_SIGNATURES = ("cosign", "sigstore", "notary")


@dataclass(frozen=True, slots=True)
class Findings:
    """What the registry said: refusals, warnings, verdicts, digests and what the text tells."""

    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()
    gates: tuple[GateResult, ...] = ()
    built: Mapping[str, Built] = field(default_factory=dict)
    images: tuple[ImageRequest, ...] = ()
    """The images as they shall be written: with digests, where the environment pins them."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """The labels of the first image that has any."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Asks the registry about the images of one promotion."""

    registry: Registry
    target: Target
    allow: frozenset[str]
    deadline: Deadline
    patience: float = 0.0
    """How long a missing image is waited for, in seconds."""
    notify: Callable[[str], None] = lambda _: None
    """Is given a line when the wait begins."""

    @property
    def checks(self) -> Checks:
        """What the environment wants."""
        return self.target.settings.checks

    @property
    def needed(self) -> bool:
        """Whether the registry has to be asked at all."""
        checks, pin = self.checks, self.target.settings.pin
        asked = (checks.exists, checks.platforms, checks.signature)
        return pin != "tag" or any(one not in ("off", ()) for one in asked)

    def run(self, wanted: Sequence[Wanted]) -> Findings:
        """Return the findings; raises `AbsentError` where an image must exist and does not."""
        moving = (*self._no_releases(wanted), *self._moving(wanted))
        if not self.needed:
            return Findings(moving, images=tuple(one.request for one in wanted))
        lookup = Lookup(self.registry, self.target, self.notify)
        found = lookup.find(wanted, min(self.patience, self.deadline.remaining()))
        parts = [self._one(one, image) for one, image in zip(wanted, found, strict=True)]
        return Findings(
            refusals=(*moving, *(refusal for part in parts for refusal in part.refusals)),
            warnings=tuple(dict.fromkeys(w for part in parts for w in part.warnings)),
            gates=_merged(gate for part in parts for gate in part.gates),
            built={name: one for part in parts for name, one in part.built.items()},
            images=tuple(image for part in parts for image in part.images),
            labels=next((part.labels for part in parts if part.labels), {}),
        )

    def _no_releases(self, wanted: Sequence[Wanted]) -> tuple[Refusal, ...]:
        """Refuse tags of signatures, attestations, bills of material and build caches."""
        policy = self.target.settings.policy
        return tuple(
            Refusal(
                "no-release",
                f"{one.request} is no release, but a signature, an attestation, a bill of material "
                "or a build cache",
                "Promote the tag of the image itself, or name this one in the policy's include.",
            )
            for one in wanted
            if one.request.tag is not None and not may_be_release(policy, one.request.tag)
        )

    def _moving(self, wanted: Sequence[Wanted]) -> tuple[Refusal, ...]:
        """Refuse tags that move, unless a digest stands beside them."""
        pinned = self.target.settings.pin != "tag" or "mutable-tag" in self.allow
        if pinned or self.checks.mutable != "refuse":
            return ()
        names = [str(one.request) for one in wanted if _moves(one.request)]
        return tuple(
            Refusal(
                "mutable-tag",
                f"{name} is a tag that moves: what runs would change without a diff",
                "Promote a version, set pin: digest, or give --allow mutable-tag.",
            )
            for name in names
        )

    def _one(self, wanted: Wanted, found: Image | PromoteError) -> Findings:
        """Return the findings about one image."""
        if isinstance(found, PromoteError):
            return self._unknown(wanted, found)
        gates = [GateResult("exists", "passed", f"in the registry as {found.digest[:19]}…")]
        refusals: list[Refusal] = []
        warnings: list[str] = []
        for severity, verdict in (self._platforms(wanted, found), self._signature(wanted, found)):
            if verdict is None:
                continue
            gates.append(verdict)
            if verdict.verdict == "failed" and severity == "refuse":
                refusals.append(Refusal(verdict.name, f"{wanted.request}: {verdict.detail}", ""))
            elif verdict.verdict == "failed":
                warnings.append(f"{wanted.request}: {verdict.detail}")
        return Findings(
            tuple(refusals),
            tuple(warnings),
            tuple(gates),
            {wanted.request.name: Built(str(found.digest), found.created, found.platforms)},
            (self._pinned(wanted.request, found),),
            found.labels,
        )

    def _unknown(self, wanted: Wanted, error: PromoteError) -> Findings:
        """Return the findings about an image of which the registry says nothing."""
        pin, checks = self.target.settings.pin, self.checks
        if isinstance(error, AbsentError):
            if checks.exists == "refuse" or pin != "tag":
                raise error
        elif not isinstance(error, UnreadableError) or pin != "tag":
            raise error
        told = f"{wanted.request} could not be checked: {error.message}"
        refusals = []
        if checks.signature == "refuse" or checks.platforms not in ("off", "warn", ()):
            refusals.append(Refusal("registry", told, error.hint))
        shown = checks.exists != "off" and not refusals
        return Findings(
            tuple(refusals),
            (f"{told}. {error.hint}".removesuffix(". "),) if shown else (),
            (GateResult("exists", "unknown", error.message),),
            images=(wanted.request,),
        )

    def _platforms(self, wanted: Wanted, found: Image) -> tuple[str, GateResult | None]:
        """Return the verdict on the image's platforms, and how grave it is."""
        asked = self.checks.platforms
        if isinstance(asked, str):
            if asked == "off" or wanted.replaces is None:
                return asked, None
            try:
                required = self.registry.describe(wanted.repository, wanted.replaces).platforms
            except PromoteError:
                return asked, GateResult("platforms", "unknown", "what runs now could not be read")
            severity = asked
        else:
            required, severity = asked, "refuse"
            if not required:
                return severity, None
        missing = [one for one in required if not any(is_for(has, one) for has in found.platforms)]
        if missing:
            has = ", ".join(found.platforms) or "none that is known"
            return severity, GateResult(
                "platforms", "failed", f"not for {', '.join(missing)} (has {has})"
            )
        return severity, GateResult("platforms", "passed", ", ".join(required) or "any")

    def _signature(self, wanted: Wanted, found: Image) -> tuple[str, GateResult | None]:
        """Return cosign's verdict on the image's digest, and how grave it is."""
        checks = self.checks
        if checks.signature == "off":
            return "off", None
        gate = verified(checks, f"{wanted.repository}@{found.digest}")
        if gate.verdict == "failed":
            gate = replace(gate, detail=f"{gate.detail}{self._signatures(wanted, found)}")
        return checks.signature, gate

    def _signatures(self, wanted: Wanted, found: Image) -> str:
        """Return what helps to tell an unsigned image from one that somebody else has signed."""
        try:
            kinds = self.registry.referrers(wanted.repository, found.digest)
        except PromoteError:
            return ""
        if any(sign in kind for kind in kinds for sign in _SIGNATURES):
            return "; the registry holds a signature of it"
        return "; the registry holds no signature of it"

    def _pinned(self, request: ImageRequest, found: Image) -> ImageRequest:
        """Return an image as the environment wants it written."""
        pin = self.target.settings.pin
        if pin == "tag":
            return request
        return replace(request, digest=found.digest, tag=None if pin == "digest" else request.tag)


def _moves(request: ImageRequest) -> bool:
    """Say whether a request is for a tag that is moved by habit, without a digest."""
    return request.digest is None and request.tag is not None and is_moving(request.tag)


def _merged(gates: Iterable[GateResult]) -> tuple[GateResult, ...]:
    """Return one gate a rule: the gravest verdict stands for all images."""
    order = ("failed", "unknown", "warned", "allowed", "passed")
    found: dict[str, GateResult] = {}
    for gate in gates:
        known = found.get(gate.name)
        if known is None or order.index(gate.verdict) < order.index(known.verdict):
            found[gate.name] = gate
    return tuple(found.values())
