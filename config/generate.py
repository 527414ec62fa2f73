"""Write config/README.md and config/promoter.schema.json from the models that read promoter.yaml.

Run it from the repository's root: `python -m config.generate`.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args, get_origin

from promoter.config.config import Config
from promoter.config.gate_settings import GateSettings
from promoter.config.sections import App, Checks, Environment, Group, Override, Templates
from promoter.domain.section import Section
from promoter.edits.targets import (
    ArgocdTarget,
    KustomizeTarget,
    Linked,
    ManifestTarget,
    MarkerTarget,
    PatchTarget,
    YamlPathTarget,
)
from promoter.policy.freeze import FreezeWindow
from promoter.policy.model import AnyPolicy, Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECTIONS: tuple[tuple[str, type[Section]], ...] = (
    ("The file", Config),
    ("`environments.<environment>`", Environment),
    ("`environments.<environment>.checks`", Checks),
    ("`environments.<environment>.policy`", Policy),
    ("`environments.<environment>.freeze`", FreezeWindow),
    ("`apps.<app>`", App),
    ("`apps.<app>.targets`: `kind: manifest`", ManifestTarget),
    ("`apps.<app>.targets`: `kind: patch`", PatchTarget),
    ("`apps.<app>.targets`: `kind: yaml-path`", YamlPathTarget),
    ("`apps.<app>.targets`: `kind: argocd`", ArgocdTarget),
    ("`apps.<app>.targets`: `kind: marker`", MarkerTarget),
    ("`apps.<app>.targets`: `kind: kustomize`", KustomizeTarget),
    ("`apps.<app>.linked`", Linked),
    ("`apps.<app>.environments.<environment>`", Override),
    ("`groups.<group>`", Group),
    ("`templates`", Templates),
)

_HEAD = """\
# Configuration

`promoter.yaml` at the root of the GitOps repository says which apps and environments there are and
how a tag reaches them. What counts is the file on the base branch, the one that is deployed. A
caller's `--config` may then only say where things are and how commits look (`repository`, `base`,
`forge`, `api-url`, `transport`, `author`, and `templates` but for `branch`). The first four are
known before the repository's own file is read, and are warned of in it. Without a `promoter.yaml` in
the repository, `--config` may hold everything; without either, the layouts of
[the README](../README.md#where-the-tag-lives) are known.

Keys are kebab-case; unknown keys, wrong types and impossible values are errors with their place.
Names of apps and environments are `[A-Za-z0-9][A-Za-z0-9._-]*`.

Examples: [minimal](minimal.yaml), [Aurora](aurora.yaml), [full](full.yaml). The
[JSON schema](promoter.schema.json) serves editors:
`# yaml-language-server: $schema=…/config/promoter.schema.json`.

This page and the schema are generated: `python -m config.generate`.
"""


class _Difference(NamedTuple):
    """One deliberate difference and its reason."""

    what: str
    why: str


_DIFFERENCES = (
    _Difference(
        "The file stays as it is.",
        "Comments, order, quotes, indentation, line ends and the final newline are kept; entries are "
        "neither sorted nor merged, and no header is added. Sorting can change what is rendered.",
    ),
    _Difference(
        "A tag keeps `newName`.",
        "`nginx:v2` means `nginx=*:v2`: losing the registry with the tag is never meant. "
        "`nginx=nginx:v2` says it where it is.",
    ),
    _Difference(
        "Names, tags and digests are held to the OCI grammar.",
        "A tag such as `a b` or `1.2.3+build`, an empty part, a second `:` or `@` would only fail later.",
    ),
    _Difference(
        "One entry is set once.",
        "With the same name in two arguments the last one would silently win entirely.",
    ),
    _Difference(
        "`name=localhost:5000` is refused.",
        "It reads as the name `localhost` with the tag `5000`, not as a registry's port.",
    ),
    _Difference(
        "`name=v27.0.0` is refused.",
        "It would rename the image to `v27.0.0` and drop its tag. `name=*:v27.0.0` sets the tag, "
        "`name=v27.0.0:*` renames.",
    ),
    _Difference(
        "Names that carry a tag are edited, never added.",
        "Such an entry matches only containers of exactly that tag.",
    ),
    _Difference(
        "A name that is only some entry's `newName` is refused.",
        "The new entry would act on the result of the other one.",
    ),
    _Difference(
        "A missing entry is added only where a container uses it.",
        "Where the whole graph can be read and none does, the entry would be dead; "
        "`--allow dead-edit` adds it all the same.",
    ),
    _Difference(
        "A `tagSuffix` on the entry is refused.",
        "A tag silences it, and kustomize drops it without a word.",
    ),
    _Difference(
        "Duplicate entries, duplicate keys, several documents, `imageTags` are refused.",
        "kustomize keeps one and drops the other, and `edit` and `build` disagree on which.",
    ),
    _Difference(
        "A value that another place shares by an anchor is refused.",
        "Setting one place would set the other; an anchor without an alias is edited.",
    ),
    _Difference(
        "Placeholders such as `${TAG}` are refused.",
        "So is what is no tag (`$TAG`, `@TAG@`): something else fills it in. "
        "`--allow placeholder` replaces it.",
    ),
    _Difference(
        "A `*` that keeps nothing is refused.",
        "`nginx=*@*` on an entry without a digest would only remove its tag.",
    ),
    _Difference(
        "A doubtful value is written in double quotes.",
        "Whatever kustomize, ruamel.yaml or PyYAML would not read as a string: `1.10`, `1e3`, `yes`.",
    ),
    _Difference(
        "The kind is checked.",
        "Another resource under the same file name, as Flux has it, is refused at once.",
    ),
    _Difference(
        "A literal `*` in the file is refused.",
        "kustomize erases it.",
    ),
)


def markdown() -> str:
    """Return the configuration reference."""
    parts = [_HEAD]
    for title, model in _SECTIONS:
        head = f"## {title}\n"
        # An override has the environment's keys, which need not stand here twice.
        keys = [] if model is Override else sorted(model.model_fields, key=_is_option)
        if "kind" in keys or not keys:
            head += f"\n{inspect.getdoc(model)}\n"
        rows = [_row(name, model) for name in keys if name != "kind"]
        table = ["| key | default | meaning |", "|---|---|---|", *rows] if rows else []
        parts.append("\n".join([head, *table]))
    listed = "\n".join(f"- **{one.what}** {one.why}" for one in _DIFFERENCES)
    parts.append(f"## `promote set-image` beside `kustomize edit set image`\n\n{listed}")
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _is_option(name: str) -> bool:
    """Say whether a key stands behind the others: a gate's, or one that a policy's own key needs."""
    return name in AnyPolicy.model_fields or name in GateSettings.model_fields


def schema() -> str:
    """Return the JSON schema of `promoter.yaml`."""
    found: dict[str, Any] = Config.model_json_schema(by_alias=True)
    shapes = {**found["$defs"], Config.__name__: found}
    for model in _models(Section):
        for name in _meanings(model).keys() & model.model_fields.keys():
            shape = shapes.get(model.__name__, {}).get("properties", {})
            key = model.model_fields[name].alias or name
            if key in shape:
                shape[key] = dict(
                    sorted({**shape[key], "description": _meanings(model)[name]}.items())
                )
    for name in ("Override", "CheckOverride"):
        for shape in shapes[name]["properties"].values():
            # What is absent there is as the environment has it, and not the default.
            shape.pop("default", None)
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps(found, indent=2) + "\n"


def _models(model: type[Section]) -> Iterator[type[Section]]:
    """Yield every part of the configuration."""
    for one in model.__subclasses__():
        yield one
        yield from _models(one)


@cache
def _meanings(model: type[Section]) -> dict[str, str]:
    """Return what the keys of a part mean: the texts that stand below them in its source."""
    fields = model.model_fields.items()
    found = {name: field.description for name, field in fields if field.description}
    for one in reversed(model.__mro__[: model.__mro__.index(Section)]):
        if AnyPolicy in one.__bases__:
            continue  # made of a table, which says what its keys mean
        (source,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
        assert isinstance(source, ast.ClassDef)
        for key, text in zip(source.body, source.body[1:], strict=False):
            match key, text:
                case (
                    ast.AnnAssign(target=ast.Name(id=name)),
                    ast.Expr(value=ast.Constant(value=str(meaning))),
                ):
                    found[name] = inspect.cleandoc(meaning)
    return found


def _row(name: str, model: type[Section]) -> str:
    """Return one key's line."""
    field = model.model_fields[name]
    default = field.get_default(call_default_factory=True, validated_data={})
    shown = "required" if field.is_required() else _shown(default)
    meaning = _meanings(model).get(name, "").replace("\n", " ")
    choices = [f"`{one}`" for one in _choices(field.annotation)]
    if any(one not in meaning for one in choices):
        meaning += f" Values: {', '.join(choices)}."
    return f"| `{field.alias or name}` | {shown} | {meaning} |"


def _choices(annotation: object) -> list[str]:
    """Return the words that a key takes, where there is only a list of them."""
    if get_origin(annotation) is Literal:
        return [str(one) for one in get_args(annotation)]
    return [word for one in get_args(annotation) for word in _choices(one)]


def _shown(value: object) -> str:
    """Return a default as it would stand in the file."""
    if value is None or value in ((), {}):
        return ""
    return f"`{value}`" if isinstance(value, str) else ""


def main() -> None:
    """Write both beside this file."""
    directory = Path(__file__).parent
    (directory / "README.md").write_text(markdown(), encoding="utf-8")
    (directory / "promoter.schema.json").write_text(schema(), encoding="utf-8")


if __name__ == "__main__":
    main()
