"""The entries under `images` of a kustomization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

from promoter.domain.section import Section

if TYPE_CHECKING:
    from collections.abc import Mapping


class KustomizeTarget(Section):
    """The entries under `images` of the environment's kustomization."""

    kind: Literal["kustomize"]

    def filled(self, values: Mapping[str, str]) -> Self:  # noqa: ARG002 - as other targets have it
        """Return it as it is: it names nothing."""
        return self
