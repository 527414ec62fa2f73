"""What to write in place of a value that cannot stand where it does: if possible, the value itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from promoter.config.examples import EXAMPLES, example_for
from promoter.config.known_keys import get
from promoter.domain.dataclass import dataclass
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

# The words of promoter.yaml for what others say, where a key takes them.
_MEANT = {
    **dict.fromkeys(("pr", "mr", "pull", "merge-request", "pullrequest"), ("pull-request",)),
    **dict.fromkeys(("direct", "commit"), ("push",)),
    **dict.fromkeys(("automerge", "auto", "merge"), ("auto-merge", "merge")),
    **dict.fromkeys(("sha", "sha256", "hash"), ("digest",)),
    "version": ("tag",),
    **dict.fromkeys(("ssh", "https"), ("git",)),
    "true": ("refuse", "on", "warn"),
    **dict.fromkeys(("error", "fail", "deny", "block", "enforce"), ("refuse", "strict")),
    **dict.fromkeys(("warning", "info"), ("warn",)),
    **dict.fromkeys(("none", "never", "no", "disabled", "false", "ignore"), ("off",)),
    **dict.fromkeys(("helm", "values", "yaml", "helm-values"), ("yaml-path",)),
    **dict.fromkeys(("kustomization", "kustomize-image"), ("kustomize",)),
    **dict.fromkeys(("deployment", "kubernetes"), ("manifest",)),
    **dict.fromkeys(("application", "argo"), ("argocd",)),
}
# What a text is put in, at a section that begins with it and at a list.
_WRAPPED = {"environments": "{{path: {}}}", "apps": "{{images: [{}]}}"}
_LIST = "[{}]"
_LISTS = (
    "images", "labels", "reviewers", "assignees", "allow", "platforms", "include", "exclude",
    "exceptions",
)  # fmt: skip
# Greater numbers are not shown as the text that was probably meant.
_NUMBER = 10**12
_SECTIONS = {"environments": "{path: ...}", "apps": "{}", "groups": "{apps: [...]}"}
_LISTS_OF_MAPPINGS = ("targets", "linked", "freeze")
# Rules that no --allow goes past, and the key that makes them a warning.
_NOT_ALLOWED = {
    "signature": "checks.signature: warn",
    "platforms": "checks.platforms: warn",
    "missing-image": "checks.exists: warn",
    "render": "render: off",
}
# Keys that people write beside an environment's name.
_OF_AN_ENVIRONMENT = ("path", "deliver", "pin", "render", "soak", "policy", "promotes-from")
_TEMPLATE = {"app", "environment"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a hint is asked about: the model of the file, the file's value, and what is said of it."""

    model: type[BaseModel]
    document: object
    said: str


def hint_for(place: tuple[object, ...], values: Sequence[object], asked: Asked) -> str:
    """Return what to write at a place in place of a value, which may be read other than as meant.

    `values` is what pydantic has read there, once for each kind that it may be of.
    """
    hint = example_hint(place, asked.model)
    if any(one and isinstance(one, dict) and set(one) <= _TEMPLATE for one in values):
        return f"YAML reads {{ }} without quotes as a mapping. {hint}"
    return (_own_value(place, values, asked) if place else "") or hint


def example_hint(place: tuple[object, ...], model: type[BaseModel]) -> str:
    """Return the hint that shows a place's usual form, with none of the mistake's own value."""
    known = "environments" if "environments" in model.model_fields else "reason"
    return f"Write it as in {example_for(place, EXAMPLES[known])}"


def _own_value(place: tuple[object, ...], values: Sequence[object], asked: Asked) -> str:
    """Return the hint that has the value itself in the form that is wanted; '' where none can."""
    value, key = values[0], place[-1]
    if asked.said == "is missing":
        return _as_sibling(place, asked.document)
    if value is None:
        if len(place) == 2 and place[0] == "environments":
            return _of_no_environment(key, get(asked.document, "environments"))
        return f"Write {key}: {{}}" if len(place) == 2 and place[0] == "apps" else ""
    if isinstance(value, str):
        return _of_text(place, value)
    if isinstance(value, list):
        if len(place) == 2 and place[0] == "groups" and all(isinstance(one, str) for one in value):
            return f"Write {key}: {{apps: [{', '.join(map(str, value))}]}}"
        return _of_list(key, value, top=len(place) == 1)
    if isinstance(value, dict):
        return _of_mapping(key, value, wants_text="must be text" in asked.said)
    wants_text = "must be text" in asked.said and type(value) is int and abs(value) < _NUMBER
    if not wants_text:
        return ""
    return f'Write "{value}"' if isinstance(key, int) else f'Write {key}: "{value}"'


def _as_sibling(place: tuple[object, ...], document: object) -> str:
    """Return the line for the path that an environment lacks, as another has it; '' for none."""
    environments = get(document, "environments")
    if len(place) != 3 or place[0] != "environments" or not isinstance(environments, dict):
        return ""
    own = str(place[1])
    for name, one in environments.items():
        path = get(one, "path") if place[-1] == "path" else None
        if isinstance(path, str) and name != own:
            parts = [own if part == str(name) else part for part in path.split("/")]
            return f'Write it as in path: "{"/".join(parts)}"'
    return ""


def _of_no_environment(name: object, environments: object) -> str:
    """Return the hint for an environment without keys; they may stand beside it, not below it."""
    keys = [one for one in _OF_AN_ENVIRONMENT if get(environments, one) is not None]
    if not keys:
        return ""
    return f"Indent what belongs to it: {name}: {{{', '.join(f'{one}: ...' for one in keys)}}}"


def _of_text(place: tuple[object, ...], text: str) -> str:
    """Return the hint for a text: in a list, in a section, or among the rules."""
    key = place[-1]
    if "allow" in place[-2:] and (way := _of_rule(text)):
        return way
    if text == key:
        return ""
    if place[0] == "environments" and len(place) == 2:
        if found := re.fullmatch(r"([a-z-]+):(\S.*)", text):
            return f"Write a blank after the ':': {found[1]}: {found[2]}"
        if key in _OF_AN_ENVIRONMENT:
            return f"Indent it: {key} belongs to an environment, as in {EXAMPLES['environments']}"
    around = place[0] if len(place) == 2 else None
    if len(place) == 3 and place[0] == "groups":
        around, key = "", "apps"
    form = _WRAPPED.get(str(around)) or (_LIST if key in _LISTS or around == "" else None)
    if form is None:
        return ""
    # A label may have blanks within.
    parted = re.split(r"\s*,\s*" if key == "labels" else r"[\s,]+", text.strip(" ,"))
    return f"Write {key}: {form.format(', '.join(map(_scalar, parted)))}"


def _of_rule(name: str) -> str:
    """Return the hint for what stands in `allow` and is no rule that may be overridden."""
    if name.lower() in ("all", "any", "*"):
        return "Leave allow out: then every rule that can be overridden may be."
    key = _NOT_ALLOWED.get(name)
    return f"It cannot be overridden: set {key} in the environment instead." if key else ""


def _of_list(key: object, value: list[object], *, top: bool) -> str:
    """Return the hint for a list where a mapping or a single value is wanted."""
    names = [str(get(one, "name") or one) for one in value if isinstance(one, str | dict)]
    if top and key in _SECTIONS and names and all(re.fullmatch(r"[\w.-]+", one) for one in names):
        parts = [
            f"{name}: {_flow(one, key) if isinstance(one, dict) else _SECTIONS[str(key)]}"
            for name, one in zip(names, value, strict=False)
        ]
        return f"Write {key}: {{{', '.join(parts)}}}"
    alone = value[0] if len(value) == 1 else None
    is_text = isinstance(alone, str) and key not in (*_LISTS, *_LISTS_OF_MAPPINGS, *_SECTIONS)
    begun = "Write " if isinstance(key, int) else f"Write {key}: "
    return f"{begun}{_scalar(str(alone))}" if is_text else ""


def _of_mapping(key: object, value: dict[object, object], *, wants_text: bool) -> str:
    """Return the hint for a mapping where a text or a list is wanted."""
    if "name" in value and isinstance(key, int) and wants_text:
        return f"Write the name alone: {shown(str(value['name']))}"
    if key == "images" and value:
        return f"Write images: [{', '.join(_scalar(str(name)) for name in value)}]"
    texts = {str(name): one for name, one in value.items() if isinstance(one, str)}
    if key in _LISTS_OF_MAPPINGS and len(texts) == len(value):
        inner = ", ".join(f"{name}: {_scalar(one)}" for name, one in texts.items())
        return f"Write {key}: [{{{inner}}}]"
    if wants_text and len(texts) == len(value) == 1:
        return f"Write {key}: {_scalar(next(iter(texts.values())))}"
    return ""


def _flow(section: dict[object, object], key: object) -> str:
    """Return a section without its name, in braces; its usual form where it holds no texts alone."""
    texts = {str(name): one for name, one in section.items() if isinstance(one, str)}
    texts.pop("name", None)
    if key == "apps" and set(texts) == {"image"}:
        return f"{{images: [{texts['image']}]}}"
    inner = ", ".join(f"{name}: {_scalar(one)}" for name, one in texts.items())
    return f"{{{inner}}}" if len(texts) == len(section) - 1 else _SECTIONS[str(key)]


def _scalar(text: str) -> str:
    """Return a text as it is written in YAML, in quotes where it may need them."""
    return text if re.fullmatch(r"[A-Za-z][\w./-]*", text, re.ASCII) else shown(text)


def choice_of(expected: str, given: object, key: str) -> str:
    """Return what is said of a value that is none of some words, with the one that is meant."""
    words = re.findall(r"'([^']*)'", expected)
    text = str(given).lower() if isinstance(given, bool) else str(given)
    plain = text.lower().replace("_", "-")
    meant = _MEANT.get(plain, ())
    close = next((one for one in meant if one in words), None) or closest(plain, words)
    said = f"must be {'one of ' if key else ''}{expected}, not {shown(text)}"
    return f"{said}\nDid you mean {f'{key}: ' if key else ''}{close}?" if close else said
