"""The fields of a kustomization and what stands before them, held to what kustomize accepts."""

from __future__ import annotations

import re

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from promoter.domain.suggest import nearest
from promoter.edits.text import Source

# The fields of kustomize 5's Kustomization; kustomize refuses any other.
ROOT_FIELDS = {
    name.lower(): name
    for name in (
        "apiVersion", "kind", "metadata", "sortOptions", "resources", "bases", "namePrefix",
        "nameSuffix", "namespace", "crds", "commonLabels", "labels", "commonAnnotations",
        "patchesStrategicMerge", "patchesJson6902", "patches", "configMapGenerator",
        "secretGenerator", "helmCharts", "helmChartInflationGenerator", "helmGlobals",
        "generatorOptions", "vars", "images", "imageTags", "replacements", "replicas",
        "configurations", "generators", "transformers", "validators", "components", "openapi",
        "buildMetadata",
    )
}  # fmt: skip
_DIRECTIVE = re.compile(r"^%[^\r\n]*", re.MULTILINE)
_KNOWN_DIRECTIVE = re.compile(r"%YAML[ \t]+1\.1[ \t]*(?:#.*)?|%TAG[ \t].*")


def check_directives(source: Source) -> None:
    """Refuse directives that kustomize does not read: any version but 1.1."""
    for found in _DIRECTIVE.finditer(source.text):
        if not _KNOWN_DIRECTIVE.fullmatch(found[0]):
            reason = "kustomize reads no directive but %YAML 1.1 and %TAG"
            raise source.refuse("directive", reason, "Remove it.", at=found.start())


def images_field(source: Source, root: MappingNode) -> tuple[ScalarNode, Node] | None:
    """Return the `images` field, after the checks that kustomize makes on the whole file."""
    found: dict[str, tuple[ScalarNode, Node]] = {}
    texts = {k.value.lower(): v for k, v in root.value if isinstance(k, ScalarNode)}
    _check_kind(source, texts)
    for key, value in root.value:
        at = key.start_mark.index
        if not isinstance(key, ScalarNode):
            raise source.refuse(
                "key", "a key that is not text", "It is not a kustomization.", at=at
            )
        name = ROOT_FIELDS.get(key.value.lower())
        if key.value == "<<":
            continue
        if name is None:
            raise source.refuse(
                "unknown-field", f"kustomize knows no field {key.value!r}",
                nearest(key.value, ROOT_FIELDS.values()), at=at,
            )  # fmt: skip
        if name in found:
            raise source.refuse(
                "duplicate-key", f"{name} stands twice, and the last one wins silently",
                "Merge the two.", at=at,
            )  # fmt: skip
        found[name] = (key, value)
    if "imageTags" in found:
        raise source.refuse(
            "image-tags", "imageTags is the old name of images, and kustomize merges both",
            "Rename it to images.", at=found["imageTags"][0].start_mark.index,
        )  # fmt: skip
    return found.get("images")


def _check_kind(source: Source, texts: dict[str, Node]) -> None:
    """Refuse a resource that only shares the file's name, such as a Flux Kustomization."""
    version, kind = texts.get("apiversion"), texts.get("kind")
    if version is not None and not str(version.value).startswith("kustomize.config.k8s.io/"):
        raise source.refuse(
            "kind", f"apiVersion {version.value} is not kustomize's",
            "It is another kind of resource: name a kustomization.",
            at=version.start_mark.index,
        )  # fmt: skip
    if kind is not None and kind.value not in ("Kustomization", "Component"):
        raise source.refuse(
            "kind", f"kind {kind.value} is neither Kustomization nor Component",
            "Check the spelling; kustomize build refuses it.", at=kind.start_mark.index,
        )  # fmt: skip
