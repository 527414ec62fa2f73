"""What to write in place of a value that cannot stand where it does: if possible, the value itself.

A hint is copied as it stands, so that each value that one proposes is tried on the model first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import yaml
from pydantic import BaseModel, ValidationError

from promoter.config.mistakes.examples import EXAMPLES, example_for
from promoter.config.mistakes.known_keys import get, has
from promoter.config.mistakes.probable import PATTERNS, pattern_meant
from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import shown
from promoter.domain.rules import RULES
from promoter.domain.suggest import closest, named_by_others

# By a word of promoter.yaml, what others say for it; the likeliest of those with the same comes first.
_OTHER_WORDS = {
    "pull-request": "pr mr pull merge-request pullrequest", "push": "direct commit",
    "auto-merge": "automerge auto merge", "merge": "automerge auto",
    "digest": "sha sha256 hash", "tag": "version", "git": "ssh https",
    "refuse": "true on yes error fail deny block enforce require required must", "on": "true",
    "warn": "true on yes warning info", "strict": "error fail deny block enforce require required",
    "off": "none never no disabled false ignore allow",
    "yaml-path": "helm values yaml helm-values", "kustomize": "kustomization kustomize-image",
    "manifest": "deployment kubernetes", "argocd": "application argo",
}  # fmt: skip
# The first key of what stands in a section by its name.
_FIRST_KEYS = {"environments": "path", "apps": "images", "groups": "apps"}
# Greater numbers are not shown as the text that was probably meant.
_NUMBER = 10**12
# Keys that people write beside an environment's name.
_OF_AN_ENVIRONMENT = ("path", "deliver", "pin", "render", "soak", "policy", "promotes-from")
# Tags that move, whose digest can be followed.
_MOVING = ("latest", "stable", "edge", "nightly", "main", "master")
# What people write for an empty list.
_NOTHING = ("none", "no", "nothing", "never", "off", "false", "null")
# One value; a sentence about it is none.
_PROPOSAL = re.compile(r"""Write (?:the name alone: )?([^\s"']+|"[^"]*"|'[^']*')""")
# A longer value is not repeated.
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Mistake:
    """A value that cannot stand where it does: its place in a document, and what is said of it."""

    place: tuple[object, ...]
    values: tuple[object, ...]
    """What pydantic has read there, once for each kind that it may be of."""
    said: str
    document: object
    model: type[BaseModel]


def hint_for(mistake: Mistake, known: str) -> str:
    """Return what to write in place of a value; `known` is what its own check says, if anything."""
    names = "environments" if "environments" in mistake.model.model_fields else "reason"
    example = _as_sibling(mistake.place, mistake.document)
    example = example or f"Write it as in {example_for(mistake.place, EXAMPLES[names])}"
    if known:
        return example if _is_refused(known, mistake) else known
    if any(
        one and isinstance(one, dict) and set(one) <= {"app", "environment"}
        for one in mistake.values
    ):
        return f"YAML reads {{ }} without quotes as a mapping. {example}"
    if not mistake.place:
        return example
    if mistake.said == "is missing":
        return example
    return _misplaced(mistake) or _meant(mistake) or example


def choice_of(expected: str, given: object, key: str) -> str:
    """Return what is said of a value that is none of some words, with the one that is meant."""
    words = re.findall(r"'([^']*)'", expected)
    text = str(given).lower() if isinstance(given, bool) else str(given)
    plain = text.lower().replace("_", "-")
    meant = (one for one in named_by_others(plain, _OTHER_WORDS) if one in words)
    close = next(meant, None) or closest(plain, words)
    said = f"must be {'one of ' if key else ''}{expected}, not {shown(text)}"
    return f"{said}\nDid you mean {f'{key}: ' if key else ''}{close}?" if close else said


def document_keys(value: object, location: Sequence[int | str]) -> tuple[object, ...]:
    """Return pydantic's location of a mistake as the keys and indexes of the document alone."""
    place: list[object] = []
    for part in location:
        if has(value, part):
            place.append(part)
            value = get(value, part)
    return tuple(place)


def _misplaced(mistake: Mistake) -> str:
    place, value, key = mistake.place, mistake.values[0], mistake.place[-1]
    environments = get(mistake.document, "environments")
    is_environment = place[0] == "environments" and len(place) == 2
    beside = [one for one in _OF_AN_ENVIRONMENT if get(environments, one) is not None]
    if is_environment and value is None and beside:
        return f"Indent what belongs to it: {key}: {{{', '.join(f'{one}: ...' for one in beside)}}}"
    if not isinstance(value, str):
        return ""
    if is_environment and (found := re.fullmatch(r"([a-z-]+):(\S.*)", value)):
        return f"Write a blank after the ':': {found[1]}: {found[2]}"
    if is_environment and key in _OF_AN_ENVIRONMENT:
        return f"Indent it: {key} belongs to an environment, as in {EXAMPLES['environments']}"
    if "allow" in place[-2:] and value.lower() in ("all", "any", "*"):
        return "Leave allow out: then every rule that can be overridden may be."
    if "allow" in place[-2:] and value in RULES and (other := RULES[value].warns_by):
        return f"It cannot be overridden: set {other} in the environment instead."
    return ""


def _as_sibling(place: tuple[object, ...], document: object) -> str:
    """Return the line for the path that an environment lacks, as another has it; '' for none."""
    environments = get(document, "environments")
    if (
        place[:1] != ("environments",)
        or place[2:] != ("path",)
        or not isinstance(environments, dict)
    ):
        return ""
    own = str(place[1])
    for name, one in environments.items():
        if isinstance(path := get(one, "path"), str) and name != own:
            parts = [own if part == str(name) else part for part in path.split("/")]
            return f'Write it as in path: "{"/".join(parts)}"'
    return ""


def _meant(mistake: Mistake) -> str:
    """Return the hint that has the value in another form, which the model takes; '' for none."""
    key = mistake.place[-1]
    for one in _other_forms(mistake):
        text = yaml.safe_dump(
            one, default_flow_style=True, allow_unicode=True, width=999, sort_keys=False
        ).partition("\n")[0]
        # What stands there already is what is complained of.
        is_there = _at(mistake.document, mistake.place) == one
        if not is_there and len(text) < _LONGEST and _takes(mistake, one):
            return f"Write {text}" if isinstance(key, int) else f"Write {key}: {text}"
    return ""


def _other_forms(mistake: Mistake) -> list[object]:
    """Return a value in other forms, the likeliest first: as text, in a section, in a list, alone."""
    place, value = mistake.place, mistake.values[0]
    key, section = place[-1], str(place[0])
    first_key = _FIRST_KEYS.get(section) if len(place) == 2 else None
    if value is None and first_key:
        return [{}]
    if type(value) is int and abs(value) < _NUMBER:
        return [str(value)]
    is_nothing = value is False or (isinstance(value, str) and value.lower() in _NOTHING)
    if is_nothing and _takes(mistake, []):
        return [[]]
    if key == "policy" and value in _MOVING:
        return [{"digest": value}]
    if isinstance(value, str) and value.strip(" ,") and value != key:
        words = re.split(r"[\s,]+", value.strip(" ,"))
        if first_key == "path":
            return [{"path": value}] if [value] == words else []
        # A label may have blanks within.
        commas = [one.strip() for one in value.strip(" ,").split(",")]
        return [{first_key: words}] if first_key else [commas, words]
    if isinstance(value, list) and value:
        names = [dict(_named(section, one) for one in value)] if len(place) == 1 else []
        return [{first_key: value}] if first_key else [*names, *_alone(key, value)]
    return _forms_of_mapping(mistake, value) if isinstance(value, dict) and value else []


def _alone(key: object, value: Sequence[object]) -> Sequence[object]:
    """Return the one value that a list may stand for, as the key takes it; none for any other list."""
    if key == "dates":
        return [" - ".join(map(str, value))]
    one = value[0] if len(value) == 1 else None
    if not isinstance(one, str):
        return []
    return [pattern_meant(one) or one] if key in PATTERNS else [one]


def _forms_of_mapping(mistake: Mistake, value: dict[str, object]) -> list[object]:
    key, alone = mistake.place[-1], list(value.values()) if len(value) == 1 else []
    if key == "images":
        # Where a name is given to each, the images are the values.
        images = [one for one in value.values() if isinstance(one, str) and "/" in one]
        return [images or list(value)]
    is_text = "must be text" in mistake.said
    texts = [f"{name}:{one}" for name, one in value.items()] if is_text and alone else []
    return (
        [value.get("name"), *texts, *alone] if isinstance(key, int) else [[value], *texts, *alone]
    )


def _named(section: str, entry: object) -> tuple[str, object]:
    """Return an entry of a list as the name and the value that a section has for it."""
    inner = dict(entry) if isinstance(entry, dict) else {}
    name = str(inner.pop("name", next(iter(inner), "") if isinstance(entry, dict) else entry))
    if list(inner) == ["image"]:
        inner = {"images": [inner["image"]]}
    empty = {"environments": {"path": "..."}, "groups": {"apps": ["..."]}}
    return name, inner or empty.get(section, {})


def _is_refused(hint: str, mistake: Mistake) -> bool:
    """Return whether the model refuses what a hint says to write; False where it names no value."""
    found = _PROPOSAL.fullmatch(hint)
    # It may be the key that is to be written otherwise.
    is_key = mistake.values[0] in mistake.place[-1:]
    return found is not None and not is_key and not _takes(mistake, found[1].strip("\"'"))


def _takes(mistake: Mistake, value: object) -> bool:
    try:
        mistake.model.model_validate(_with(mistake.document, mistake.place, value))
    except ValidationError as error:
        wrong = (
            document_keys(mistake.document, one["loc"]) for one in error.errors(include_url=False)
        )
        return not any(one[: len(mistake.place)] == mistake.place for one in wrong)
    return True


def _at(value: object, place: Sequence[object]) -> object:
    for key in place:
        value = get(value, key)
    return value


def _with(value: object, place: Sequence[object], proposed: object) -> object:
    if not place:
        return proposed
    first, rest = place[0], place[1:]
    if isinstance(value, list) and isinstance(first, int):
        return [_with(one, rest, proposed) if at == first else one for at, one in enumerate(value)]
    known = value if isinstance(value, dict) else {}
    return known | {first: _with(known.get(first), rest, proposed)}
