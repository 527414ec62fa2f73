"""The configuration reference and the JSON schema, generated from the models that read the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promoter.config import Config
from promoter.edits.differences import DIFFERENCES
from promoter.edits.targets import (
    ArgocdTarget,
    KustomizeTarget,
    Linked,
    ManifestTarget,
    MarkerTarget,
    PatchTarget,
    YamlPathTarget,
)
from promoter.policy.model import Policy
from promoter.sections import App, Checks, Environment, Override, Templates

if TYPE_CHECKING:
    from pydantic import BaseModel

_SECTIONS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("The file", Config),
    ("`environments.<environment>`", Environment),
    ("`environments.<environment>.checks`", Checks),
    ("`environments.<environment>.policy`", Policy),
    ("`apps.<app>`", App),
    ("`apps.<app>.targets`: `kind: manifest`", ManifestTarget),
    ("`apps.<app>.targets`: `kind: patch`", PatchTarget),
    ("`apps.<app>.targets`: `kind: yaml-path`", YamlPathTarget),
    ("`apps.<app>.targets`: `kind: argocd`", ArgocdTarget),
    ("`apps.<app>.targets`: `kind: marker`", MarkerTarget),
    ("`apps.<app>.targets`: `kind: kustomize`", KustomizeTarget),
    ("`apps.<app>.linked`", Linked),
    ("`apps.<app>.environments.<environment>`", Override),
    ("`templates`", Templates),
)

_HEAD = """\
# Configuration

`promoter.yaml` at the root of the GitOps repository says which apps and environments there are and
how a tag reaches them. Where it is at the base commit, it alone decides that: a caller's `--config`
may then hold wiring only (repository, base, forge, api-url, transport, author, templates). Without
one, `--config` may supply everything, and else the repository's layout is discovered.

Keys are kebab-case; unknown keys, wrong types and impossible values are errors with their place.
Names of apps and environments are `[A-Za-z0-9][A-Za-z0-9._-]*`.

Examples: [minimal](minimal.yaml), [Aurora](aurora.yaml), [full](full.yaml). The
[JSON schema](promoter.schema.json) serves editors:
`# yaml-language-server: $schema=…/config/promoter.schema.json`.

This page and the schema are generated: `python -m promoter.reference config`.
"""


def markdown() -> str:
    """Return the configuration reference."""
    parts = [_HEAD]
    for title, model in _SECTIONS:
        head = f"## {title}\n"
        if "kind" in model.model_fields:
            head += f"\n{model.__doc__}\n"
        rows = [_row(name, model) for name in model.model_fields if name != "kind"]
        table = ["| key | default | meaning |", "|---|---|---|", *rows] if rows else []
        parts.append("\n".join([head, *table]))
    listed = "\n".join(f"- **{one.what}** {one.why}" for one in DIFFERENCES)
    parts.append(f"## `promote set-image` beside `kustomize edit set image`\n\n{listed}")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def schema() -> str:
    """Return the JSON schema of `promoter.yaml`."""
    found: dict[str, Any] = Config.model_json_schema(by_alias=True)
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps(found, indent=2) + "\n"


def _row(name: str, model: type[BaseModel]) -> str:
    """Return one key's line."""
    field = model.model_fields[name]
    default = field.get_default(call_default_factory=True, validated_data={})
    shown = "required" if field.is_required() else _shown(default)
    return (
        f"| `{field.alias or name}` | {shown} | {(field.description or '').replace(chr(10), ' ')} |"
    )


def _shown(value: object) -> str:
    """Return a default as it would stand in the file."""
    if value is None or value in ((), {}):
        return ""
    return f"`{value}`" if isinstance(value, str) else ""


def _write(directory: str) -> None:
    """Write both into a folder."""
    from pathlib import Path

    (Path(directory) / "README.md").write_text(markdown(), encoding="utf-8")
    (Path(directory) / "promoter.schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    import sys

    _write(sys.argv[1])
