"""GitHub's own OpenAPI description, to which exchanges are held where the environment names it."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_VARIABLE = "PROMOTER_TEST_GITHUB_OPENAPI"
# GitHub's own answers break its description here, so that an exact one cannot keep to it.
_LOOSE = frozenset({"/repos/{owner}/{repo}/compare/{basehead}"})


@cache
def _description() -> dict[str, Any] | None:
    """Return the description, or None where it, or the validator that reads it, is not there."""
    named = os.environ.get(_VARIABLE)
    if not named or not Path(named).exists() or find_spec("jsonschema") is None:
        return None
    found: dict[str, Any] = json.loads(Path(named).read_text(encoding="utf-8"))
    return found


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Return the described paths as patterns, the most literal first."""
    found = _description() or {"paths": {}}
    pairs = []
    for template in found["paths"]:
        pattern = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
        pattern = re.sub(r"\{(ref|path|branch|basehead|file_sha|tree_sha)\}$", ".+", pattern)
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", pattern)
        pairs.append((re.compile(pattern), template))
    return sorted(pairs, key=lambda pair: pair[1].count("{"))


def violations(  # noqa: PLR0917 - an exchange has so many parts
    method: str, path: str, query: dict[str, str], body: Any, status: int, answer: Any
) -> list[str]:
    """Return what is wrong with an exchange; nothing where there is no description."""
    description = _description()
    if description is None:
        return []
    template = next((t for pattern, t in _paths() if pattern.fullmatch(path)), None)
    operation = description["paths"].get(template, {}).get(method.lower()) if template else None
    if operation is None:
        return [f"{method} {path} is not described"]
    where = f"{method} {template}"
    known = {_followed(one)["name"] for one in operation.get("parameters", ())}
    found = [f"{where}: unknown parameter {name}" for name in query if name not in known]
    if body is not None and "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        found += [f"{where}: request: {one}" for one in _errors(schema, body)]
    described = operation["responses"].get(str(status))
    if described is None and status < 400:
        found.append(f"{where}: {status} is not described")
    content = _followed(described or {}).get("content", {}).get("application/json")
    if content and status < 400 and template not in _LOOSE:
        found += [f"{where}: answer {status}: {one}" for one in _errors(content["schema"], answer)]
    return found


def _followed(one: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference leads to."""
    while "$ref" in one:
        found: Any = _description()
        for part in one["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        one = found
    return one


def _errors(schema: dict[str, Any], value: Any) -> list[str]:
    """Return where a value breaks a schema."""
    from jsonschema import Draft202012Validator  # brought by .ci/run, as the description is

    whole = {**_schema(json.dumps(schema)), "components": _components()}
    return [
        f"{'/'.join(map(str, one.absolute_path))}: {one.message[:200]}"
        for one in Draft202012Validator(whole).iter_errors(value)
    ][:5]


@cache
def _components() -> dict[str, Any]:
    """Return the description's schemas, in JSON Schema's words."""
    found: dict[str, Any] = _plain((_description() or {})["components"])
    return found


@cache
def _schema(text: str) -> dict[str, Any]:
    """Return one schema in JSON Schema's words."""
    found: dict[str, Any] = _plain(json.loads(text))
    return found


def _plain(value: Any) -> Any:
    """Return OpenAPI 3.0's `nullable` as JSON Schema says it."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {key: _plain(one) for key, one in value.items()}
    if found.pop("nullable", False) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found
