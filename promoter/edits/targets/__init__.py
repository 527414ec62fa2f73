"""The kinds of targets: where an app's images are written. A new kind is one file and one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, Union

from pydantic import Field

from promoter.edits.targets.argocd import ArgocdTarget
from promoter.edits.targets.manifest import ManifestTarget
from promoter.edits.targets.marker import MarkerTarget
from promoter.edits.targets.model import FileTarget, KustomizeTarget, Linked
from promoter.edits.targets.patch import PatchTarget
from promoter.edits.targets.yaml_path import YamlPathTarget

__all__ = [
    "TARGETS",
    "ArgocdTarget",
    "EditTarget",
    "FileTarget",
    "KustomizeTarget",
    "Linked",
    "ManifestTarget",
    "MarkerTarget",
    "PatchTarget",
    "YamlPathTarget",
]

# Where a file holds an image in several ways, discovery takes the first kind.
TARGETS: tuple[type[FileTarget], ...] = (
    MarkerTarget,
    ArgocdTarget,
    ManifestTarget,
    PatchTarget,
    YamlPathTarget,
)

if TYPE_CHECKING:
    EditTarget: TypeAlias = KustomizeTarget | FileTarget
else:
    EditTarget = Annotated[Union[(KustomizeTarget, *TARGETS)], Field(discriminator="kind")]
