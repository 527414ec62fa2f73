"""The gates on the images: they exist, for the platforms that are wanted, signed, held by a digest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from promoter.domain.evidence import GateStatus
from promoter.domain.proposal import Proposal
from promoter.domain.refusal import Refusal
from promoter.domain.suggest import listed
from promoter.gates.facts import Facts, ImageFacts
from promoter.gates.gate import Verdict, gravest_verdict, refused, several
from promoter.policy.choose import may_be_release
from promoter.policy.tag_kinds import is_moving

# The variant that a platform has where none is named.
_VARIANTS = {"arm64": "v8", "amd64": "v1", "arm": "v7"}


def mutable_tag(facts: Facts) -> Verdict | None:
    """Refuse a tag that is moved by habit, unless a digest stands beside it."""
    settings = facts.target.settings
    if not facts.makes_commit or settings.checks.mutable != "refuse":
        return None
    images = facts.proposal.declaration.images if facts.proposal else ()
    # The gate `missing-image` tells of images that are not there, and which tag may be meant.
    absent = [one.request for one in facts.images if one.absent and must_exist(facts)]
    # What a base sets is not written here.
    left = _left_to_bases(facts.proposal) if facts.proposal and facts.goes_back else ()
    moving = [
        str(one)
        for one in images
        if one.digest is None and one.tag and is_moving(one.tag) and one not in absent
        if one.name not in left
    ]
    if not moving:
        return None
    reason = f"{several(moving)}: a tag that moves, so that what runs would change without a diff"
    return refused(
        "mutable-tag",
        reason,
        "" if facts.goes_back else "Promote a version, or set pin: both or pin: digest.",
    )


def _left_to_bases(proposal: Proposal) -> set[str]:
    """Return the images whose entries go, so that a base sets them again."""
    changes = [one for edit in proposal.edits for one in edit.changes]
    return {one.image for one in changes} - {one.image for one in changes if one.new is not None}


def no_release(facts: Facts) -> Verdict | None:
    """Refuse tags of signatures, attestations, bills of material and build caches."""
    policy = facts.target.settings.policy
    images = facts.proposal.declaration.images if facts.proposal and facts.makes_commit else ()
    others = [str(one) for one in images if one.tag and not may_be_release(policy, one.tag)]
    if not others:
        return None
    return refused(
        "no-release",
        f"{several(others)}: not a release, but a signature, an attestation, a bill of material "
        "or a build cache",
        "Promote the tag of the image itself, or name this one in the policy's include.",
    )


def missing_image(facts: Facts) -> Verdict | None:
    """Refuse an image that its registry does not have."""
    if not facts.images and facts.target.settings.checks.exists == "off":
        return _not_required(facts)
    verdict = gravest_verdict(_exists(one, facts) for one in alike(facts.images))
    if verdict is None or verdict.status is not GateStatus.PASSED:
        return verdict and _absent_together(verdict, facts)
    others = [one.request for one in facts.images if not one.is_of_tag]
    if not others:
        return replace(verdict, detail=_present(facts.images))
    said = f"{several([str(one) for one in others])}: the registry has another image at that tag"
    warning = f"{said}, so that the tag may not say what runs"
    return replace(verdict, status=GateStatus.WARNED, detail=said, warnings=(warning,))


def platforms(facts: Facts) -> Verdict | None:
    """Refuse an image that is not for the platforms that are wanted, or that run now."""
    wanted = facts.target.settings.checks.platforms
    if wanted in ("off", ()):
        return None
    found = (_platforms(one, wanted, facts) for one in alike(facts.images, _known_platforms))
    return gravest_verdict(one for one in found if one is not None)


def signature(facts: Facts) -> Verdict | None:
    """Refuse an image that is not signed by whom the environment trusts."""
    if facts.target.settings.checks.signature == "off":
        return _not_required(facts)
    found = (_signature(one, facts) for one in alike(facts.images, _signature_check))
    return gravest_verdict(one for one in found if one is not None)


def alike(
    images: Sequence[ImageFacts], by: Callable[[ImageFacts], object] = lambda one: one.image is None
) -> list[ImageFacts]:
    """Return the first of all images of which the same is to be said, with the others beside it.

    A registry that does not answer is then reported once. `by` is what a gate looks at; an image
    that is absent stands alone.
    """
    groups: dict[object, list[ImageFacts]] = {}
    for one in images:
        said = (one.error.message, one.error.hint) if one.error else ()
        cause = tuple(text.replace(one.repository, "") for text in said)
        groups.setdefault((one.absent and one.request, cause, by(one)), []).append(one)
    return [
        replace(first, alike=tuple(one.request for one in others))
        for first, *others in groups.values()
    ]


def names_of(one: ImageFacts) -> str:
    """Return the image, with those of which the same is said, for a sentence."""
    return several([str(request) for request in (one.request, *one.alike)])


def _known_platforms(one: ImageFacts) -> object:
    return one.image and one.image.platforms, one.platforms


def _signature_check(one: ImageFacts) -> object:
    return one.signature


def _not_required(facts: Facts) -> Verdict | None:
    skipped = Verdict(GateStatus.SKIPPED, f"not required in {facts.target.environment}")
    return skipped if facts.proposal else None


def _exists(one: ImageFacts, facts: Facts) -> Verdict:
    checks = facts.target.settings.checks
    if one.image is not None:
        return Verdict(GateStatus.PASSED)
    message = one.error.message if one.error else "the registry says nothing"
    hint = one.error.hint if one.error else ""
    if one.absent and must_exist(facts):
        refusal = Refusal("missing-image", message, hint, images=(one.repository,))
        return Verdict(GateStatus.FAILED, message, (refusal,))
    if checks.exists == "off" or _needs_registry(facts):
        return Verdict(GateStatus.UNKNOWN, message)
    warning = f"{_unchecked(one)}. {hint}".removesuffix(". ")
    return Verdict(GateStatus.UNKNOWN, message, warnings=(warning,))


def _absent_together(verdict: Verdict, facts: Facts) -> Verdict:
    """Return the verdict with one refusal for images that lack the same tag.

    Each has its own where another tag of it may be meant.
    """
    absent = [one for one in facts.images if one.absent]
    tags = {one.request.tag for one in absent}
    hints = list(dict.fromkeys(one.hint for one in verdict.refusals))
    is_meant = len(hints) > 1 and any(one.startswith("Did you mean") for one in hints)
    if len(verdict.refusals) < 2 or len(tags) > 1 or is_meant:
        return verdict
    names = [one.repository for one in absent]
    reason = f"there is no {tags.pop()} of {listed(names, 3)} in their registry"
    hint = hints[0] if len(hints) == 1 else f"{names[0]}: {hints[0]}"
    refusal = replace(verdict.refusals[0], reason=reason, hint=hint, images=tuple(names))
    return replace(verdict, refusals=(refusal,))


def _present(images: Sequence[ImageFacts]) -> str:
    """Return in words that all images exist, for which platforms, and when they were built."""
    count = len(images)
    which = {1: "the image exists", 2: "both images exist"}.get(count, f"all {count} images exist")
    built = [one.image for one in images if one.image is not None]
    common = [name for name in built[0].platforms if all(name in one.platforms for one in built)]
    words = f"{which} for {' and '.join(common)}" if common else which
    days = sorted({one.created.date() for one in built if one.created is not None})
    if not days or any(one.created is None for one in built):
        return words
    shown = [f"{day.day} {day:%b %Y}" for day in days]
    return f"{words}, built {shown[0]}" + (f" to {shown[-1]}" if len(days) > 1 else "")


def must_exist(facts: Facts) -> bool:
    """Return whether an image that its registry does not have is refused."""
    settings = facts.target.settings
    return settings.checks.exists == "refuse" or (settings.pin != "tag" and not facts.goes_back)


def _needs_registry(facts: Facts) -> bool:
    """Return whether another gate refuses what its registry does not answer."""
    checks = facts.target.settings.checks
    return checks.signature == "refuse" or checks.platforms not in ("off", "warn", ())


def _unchecked(one: ImageFacts) -> str:
    return (
        f"{names_of(one)} could not be checked: {one.error.message if one.error else 'no answer'}"
    )


def _platforms(one: ImageFacts, wanted: str | tuple[str, ...], facts: Facts) -> Verdict | None:
    warns = wanted == "warn"
    if one.image is None:
        return None if warns else _unread("platforms", one, facts)
    if isinstance(wanted, str):
        if one.platforms is None:
            return Verdict(GateStatus.UNKNOWN, "what runs now could not be read")
        wanted = one.platforms
    if not wanted:
        return None
    missing = [name for name in wanted if not any(is_for(has, name) for has in one.image.platforms)]
    if not missing:
        return Verdict(GateStatus.PASSED, ", ".join(wanted))
    has = ", ".join(one.image.platforms)
    detail = f"not for {', '.join(missing)} ({f'has {has}' if has else 'it names no platform'})"
    hint = "Build it for them too, or change checks.platforms of the environment."
    return _failed("platforms", one, detail, hint, warns=warns)


def _signature(one: ImageFacts, facts: Facts) -> Verdict | None:
    warns = facts.target.settings.checks.signature == "warn"
    if one.image is None:
        return None if warns else _unread("signature", one, facts)
    if one.signature is None:
        return None
    if one.signature.verified:
        return Verdict(GateStatus.PASSED, one.signature.detail)
    return _failed("signature", one, one.signature.detail, one.signature.hint, warns=warns)


def _failed(rule: str, one: ImageFacts, detail: str, hint: str, *, warns: bool) -> Verdict:
    refusal = Refusal(rule, f"{names_of(one)}: {detail}", hint)
    return Verdict(GateStatus.FAILED, detail, (refusal,), warns=warns)


def _unread(rule: str, one: ImageFacts, facts: Facts) -> Verdict | None:
    """Return the verdict on an image that could not be checked though it has to be."""
    if one.absent and must_exist(facts):
        return None
    return refused(rule, _unchecked(one), one.error.hint if one.error else "")


def is_for(image: str, wanted: str) -> bool:
    """Return whether an image for a platform serves a wanted one.

    `linux/arm64` and `linux/arm64/v8` are the same; any variant serves a platform without one.
    """
    return image == wanted or _whole(image) == _whole(wanted) or image.startswith(f"{wanted}/")


def _whole(platform: str) -> str:
    """Return a platform with the variant that it has where none is named."""
    default = _VARIANTS.get(platform.rpartition("/")[2]) if platform.count("/") == 1 else None
    return f"{platform}/{default}" if default else platform
