"""The hidden block of a body: what the bot reads its own state from, whatever people write around it."""

from __future__ import annotations

import hashlib

from promoter.domain.dataclass import dataclass
from promoter.domain.diff import unified
from promoter.domain.evidence import Evidence
from promoter.domain.proposal import Proposal
from promoter.domain.pull import Pull, PullDraft
from promoter.pull_request.markdown import LIMIT, find_hidden, hidden

_NAME = "state"
_IMAGES_LIMIT = 8_000
_APPS_LIMIT, _REASON_LIMIT = 8_000, 120
_CLOSED = "<!-- promoter:closed -->"


def block(proposal: Proposal, evidence: Evidence) -> str:
    """Return the block: which promotion the body is about, and which facts it has of it."""
    declaration = proposal.declaration
    images = [str(image) for image in declaration.images]
    state: dict[str, object] = {
        "schema": 1,
        "app": declaration.app,
        "environment": declaration.environment,
        "images": images,
        "key": _key(proposal),
        "facts": list(evidence.facts),
    }
    apps = [one.app for one in declaration.members]
    if declaration.is_together and len("".join(apps)) <= _APPS_LIMIT:
        state["apps"] = apps
    begun = [one for one in declaration.members if one.hold and not one.hold.ends]
    if begun and begun[0].hold and len("".join(one.app for one in begun)) <= _APPS_LIMIT:
        state["holds"] = [one.app for one in begun]
        state["reason"] = begun[0].hold.reason[:_REASON_LIMIT]
    if len("".join(images)) > _IMAGES_LIMIT:
        # The block must leave room for what people read.
        state |= {"images": _hashes(images), "hashed": True}
    return hidden(_NAME, state)


@dataclass(frozen=True, slots=True)
class _BodyState:
    """What a body's block says."""

    key: object
    facts: frozenset[str]
    images: tuple[str, ...] | None
    hashed: bool

    @classmethod
    def of(cls, body: str) -> _BodyState | None:
        """Return what a body says, or None where it has no block."""
        found = find_hidden(_NAME, body)
        if found is None:
            return None
        facts, images = found.get("facts"), found.get("images")
        return cls(
            found.get("key"),
            frozenset(map(str, facts)) if isinstance(facts, list) else frozenset(),
            tuple(map(str, images)) if isinstance(images, list) else None,
            bool(found.get("hashed")),
        )

    def listed(self, proposal: Proposal) -> tuple[str, ...]:
        """Return a proposal's images as this block lists its own."""
        images = [str(image) for image in proposal.declaration.images]
        return tuple(_hashes(images) if self.hashed else images)


def agrees(pull: Pull, draft: PullDraft) -> bool:
    """Return whether a pull is about the same commit as the draft, and says no less of it."""
    if pull.title != draft.title:
        return False
    if pull.body == draft.body:
        return True
    state, wanted = _BodyState.of(pull.body), _BodyState.of(draft.body)
    if state is None or wanted is None:
        return False
    return state.key == wanted.key and wanted.facts <= state.facts


def facts_of(pull: Pull, proposal: Proposal) -> frozenset[str] | None:
    """Return the facts that a pull has of a proposal, or None where it is about another."""
    state = _BodyState.of(pull.body)
    return state.facts if state and state.key == _key(proposal) else None


def declines(pull: Pull, proposal: Proposal) -> bool:
    """Return whether a closed pull is a person's no to the same images at the same tags."""
    state = None if closed_by_us(pull.body) else _BodyState.of(pull.body)
    if state is None or state.images is None:
        return False
    return set(state.listed(proposal)) <= set(state.images)


def tells_others(pull: Pull, proposal: Proposal) -> bool | None:
    """Return whether a pull is about other images than a proposal's; None where it does not say."""
    state = _BodyState.of(pull.body)
    return state.listed(proposal) != state.images if state and state.images is not None else None


def proposed_images(pull: Pull) -> frozenset[str]:
    """Return the images that a pull proposes, in the form of `--image`; none where it lists hashes."""
    state = _BodyState.of(pull.body)
    return frozenset() if state is None or state.hashed else frozenset(state.images or ())


def holds_of(pull: Pull) -> tuple[tuple[str, str, str], ...]:
    """Return the app, the environment and the reason of each hold that a pull says to begin."""
    found = find_hidden(_NAME, pull.body) or {}
    apps = found.get("holds")
    where, reason = str(found.get("environment", "")), str(found.get("reason", ""))
    return tuple((str(one), where, reason) for one in apps) if isinstance(apps, list) else ()


def places_of(pull: Pull) -> tuple[tuple[str, str], ...]:
    """Return each app of a pull that is for several, with the environment; none of any other."""
    found = find_hidden(_NAME, pull.body) or {}
    apps, environment = found.get("apps"), str(found.get("environment", ""))
    return tuple((str(one), environment) for one in apps) if isinstance(apps, list) else ()


def is_ours(body: str) -> bool:
    """Return whether a pull's body was written by promote."""
    return find_hidden(_NAME, body) is not None


def mark_closed(body: str) -> str:
    """Return a body that says the closing was ours, so that it is not taken for a human's no."""
    return body if closed_by_us(body) else f"{body[: LIMIT - len(_CLOSED) - 1]}\n{_CLOSED}"


def closed_by_us(body: str) -> bool:
    """Return whether a closed pull was closed by promote itself."""
    # What stands before the block may quote it, as a diff does.
    rest = body[body.rfind(f"<!-- promoter:{_NAME} ") :] if is_ours(body) else body
    return _CLOSED in map(str.strip, rest.splitlines())


def _hashes(images: list[str]) -> list[str]:
    """Return images in short, so that hundreds of them can be kept apart."""
    return [hashlib.sha256(image.encode()).hexdigest()[:12] for image in images]


def _key(proposal: Proposal) -> str:
    """Return what makes one promotion's commit differ from another's: its trailers and its diff."""
    text = "\n".join([*proposal.declaration.trailers(), unified(proposal.edits)])
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:24]
