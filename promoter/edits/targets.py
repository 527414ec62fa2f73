"""The places where an app's tags live, as the configuration names them, and the edits of them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from promoter.domain.section import Section
from promoter.edits import yaml_path

if TYPE_CHECKING:
    from typing import Self


def _check_file(text: str) -> str:
    """Return a path inside the repository, or raise `ValueError`."""
    if not text.isprintable() or "\\" in text or not text.strip("/"):
        msg = "must be a file of the repository, relative to the environment's folder or to '/'"
        raise ValueError(msg)
    if text.startswith("/") and ".." in PurePosixPath(text).parts:
        msg = "must not hold '..' behind '/', which is the repository's root"
        raise ValueError(msg)
    unknown = set(re.findall(r"\{([^{}]*)\}", text)) - {"app", "environment"}
    if unknown:
        msg = f"knows the placeholders {{app}} and {{environment}}, not {{{min(unknown)}}}"
        raise ValueError(msg)
    return text


def _check_path(text: str) -> str:
    """Return a path to a scalar, or raise `ValueError`."""
    yaml_path.parts(text)
    return text


File = Annotated[str, AfterValidator(_check_file)]
ScalarPath = Annotated[str, AfterValidator(_check_path)]


class _InFile(Section):
    """A part of the configuration that names a file."""

    file: File
    """The file, relative to the environment's folder; `/` in front means the repository's root.
    `{app}` and `{environment}` are replaced."""


class _Target(_InFile):
    """A target in one file."""

    image: str | None = None
    """The image that is set here, by the name that a promotion gives it; else the file's own names
    decide, or there is only one image."""


class KustomizeTarget(Section):
    """The entries under `images` of the environment's kustomization."""

    kind: Literal["kustomize"]


class ManifestTarget(_Target):
    """Containers in manifests: by the image's name, or by the container's."""

    kind: Literal["manifest"]
    container: str = ""
    """The container's name; its image is set whatever its name is."""
    resource: str = ""
    """Only in this object, as `kind/name`: `Deployment/app`."""


class PatchTarget(_Target):
    """Images in patches: a patch's file, or a kustomization's inline patches."""

    kind: Literal["patch"]
    container: str = ""
    """Strategic merge: the container's name."""
    resource: str = ""
    """Strategic merge: only in the patch of this object, as `kind/name`."""
    path: str = ""
    """JSON patch: only operations with this path, e.g. `/spec/template/spec/containers/0/image`."""


class YamlPathTarget(_Target):
    """Scalars by their path, e.g. in Helm values."""

    kind: Literal["yaml-path"]
    tag: ScalarPath | None = None
    """The path of the tag: `image.tag`."""
    digest: ScalarPath | None = None
    """The path of the digest; emptied where a promotion has none, as it would win."""
    reference: ScalarPath | None = None
    """The path of a whole image, `name:tag`."""
    repository: ScalarPath | None = None
    """The path of the image's name, which is held against the promotion's and never changed."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        """Raise `ValueError` where there is nothing to set."""
        if self.tag is None and self.digest is None and self.reference is None:
            msg = "names nothing to set: give tag, digest or reference"
            raise ValueError(msg)
        return self


class ArgocdTarget(_Target):
    """Image overrides of an Argo CD Application: `spec.source(s).kustomize.images`."""

    kind: Literal["argocd"]
    application: str = ""
    """Only the Application (or ApplicationSet) of this name."""


class MarkerTarget(_Target):
    """Lines with a marker: `# {"$imagepolicy": "ns:policy:tag"}` or `# {"$promoter": "IMAGE:tag"}`."""

    kind: Literal["marker"]
    policy: str = ""
    """Flux: the policy, `namespace:name`, whose markers stand for the image."""


EditTarget: TypeAlias = Annotated[
    KustomizeTarget | ManifestTarget | PatchTarget | YamlPathTarget | ArgocdTarget | MarkerTarget,
    Field(discriminator="kind"),
]
FileTarget: TypeAlias = ManifestTarget | PatchTarget | YamlPathTarget | ArgocdTarget | MarkerTarget


class Linked(_InFile):
    """Strings that hold the tag too and move with it: `?ref=` of a remote base, labels."""

    file: File = "kustomization.yaml"
    """The file, as for a target."""
    path: ScalarPath
    """The path of the strings: `resources.*`, `commonLabels.version`."""
