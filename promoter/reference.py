"""The configuration reference and the JSON schema, generated from the models that read the file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from promoter.config import App, Checks, Config, Environment, Override, Templates
from promoter.edits.differences import DIFFERENCES

if TYPE_CHECKING:
    from promoter.config import Section

_SECTIONS: tuple[tuple[str, type[Section]], ...] = (
    ("The file", Config),
    ("`environments.<environment>`", Environment),
    ("`environments.<environment>.checks`", Checks),
    ("`apps.<app>`", App),
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
        rows = [_row(name, model) for name in model.model_fields]
        parts.append(
            "\n".join([f"## {title}\n", "| key | default | meaning |", "|---|---|---|", *rows])
        )
    listed = "\n".join(f"- **{one.what}** {one.why}" for one in DIFFERENCES)
    parts.append(f"## `promote set-image` beside `kustomize edit set image`\n\n{listed}")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def schema() -> str:
    """Return the JSON schema of `promoter.yaml`."""
    found: dict[str, Any] = Config.model_json_schema(by_alias=True)
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps(found, indent=2) + "\n"


def _row(name: str, model: type[Section]) -> str:
    """Return one key's line."""
    field = model.model_fields[name]
    default = field.get_default(call_default_factory=True, validated_data={})
    shown = "required" if field.is_required() else _shown(default)
    return f"| `{field.alias or name}` | {shown} | {field.description} |"


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
