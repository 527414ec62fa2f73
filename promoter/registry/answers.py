"""What registries answer, read as far as it is what it should be; anything else is an error."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from promoter.domain.errors import PromoteError
from promoter.domain.image import Digest
from promoter.domain.redaction import redacted
from promoter.registry.failures import LyingError, UnreadableError

if TYPE_CHECKING:
    from promoter.registry.exchange import Answer

_LOGIN = "Log in with docker login, or set PROMOTER_REGISTRY_USERNAME and _PASSWORD."


def json_object(answer: Answer) -> dict[str, Any]:
    """Return an answer's JSON object, or raise `UnreadableError`."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnreadableError("the answer is not a registry's", "Check the image's name.")
    return found


def objects(found: object, what: str) -> list[dict[str, Any]]:
    """Return a JSON list of objects, or raise `UnreadableError` saying what is none."""
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise UnreadableError(f"the registry sends no list of {what}")
    return found


def digest_of(descriptor: object) -> Digest:
    """Return the digest that a descriptor names, or raise `UnreadableError` where it names none."""
    named = descriptor.get("digest") if isinstance(descriptor, dict) else None
    try:
        return Digest.parse(named if isinstance(named, str) else "")
    except PromoteError as error:
        raise UnreadableError(f"the registry's {error.message}") from None


def proved(answer: Answer, told: str | None, reference: str) -> Digest:
    """Return an answer's digest, computed where there is a body, or raise `LyingError`."""
    wanted = reference if ":" in reference else None
    if answer.body:
        computed = {
            name: f"{name}:{hashlib.new(name, answer.body).hexdigest()}"
            for name in {"sha256", *(n.partition(":")[0] for n in (told, wanted) if n)}
            if name in ("sha256", "sha512")
        }
        for named in (told, wanted):
            if named is not None and named not in computed.values():
                raise LyingError(
                    f"the registry gave other bytes than those of {redacted(named)[:26]}…",
                    "Do not use it.",
                )
        told = told or wanted or computed["sha256"]
    if told is None or (wanted is not None and told != wanted):
        raise LyingError(f"the registry names another digest for {reference[:26]}", "")
    return digest_of({"digest": told})


def refused(name: str, answer: Answer, trouble: str) -> UnreadableError:
    """Return what a registry said instead of an answer; `trouble` is the login's own."""
    said, status = f"{answer.status} {', '.join(_codes(answer.body))}".strip(), answer.status
    passing = status in (404, 429) or status >= 500
    if status == 404:
        told = f"the registry of {name} does not know that name ({said})"
        return UnreadableError(told, _LOGIN, passing=passing)
    told, hint = f"the registry of {name} can not be read ({said})", _LOGIN
    if status in (401, 403) and trouble:
        told, hint = f"{told}: {trouble}", "Mend the program, or log in without it."
    if status == 429:
        hint = "The registry's limit is reached: run again later, or log in."
    if status >= 500:
        hint = "Run again later."
    return UnreadableError(told, hint, passing=passing)


def platform(found: object) -> str | None:
    """Return `os/architecture[/variant]`; None for what is no platform, such as an attestation."""
    if not isinstance(found, dict):
        return None
    parts = [found.get("os"), found.get("architecture"), found.get("variant")]
    if not parts[0] or not parts[1] or "unknown" in parts:
        return None
    return "/".join(str(part) for part in parts if part)


def moment(text: object) -> datetime | None:
    """Return a moment of RFC 3339; None for none, and for the zero that reproducible builds write."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    except ValueError:
        return None
    return found if found.year > 1980 and found.tzinfo else None


def _codes(body: bytes) -> list[str]:
    """Return the error codes of a registry's answer."""
    try:
        errors = json.loads(body).get("errors", [])
        return [redacted(str(one.get("code")))[:40] for one in errors][:3]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return []
