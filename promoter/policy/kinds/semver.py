"""The policy `semver`: the greatest version in a range."""

from __future__ import annotations

from typing import Annotated

from promoter.domain.section import Text, held_to
from promoter.policy.kinds.kind import PolicyKind
from promoter.policy.version import Version, is_prerelease, range_of, version_of


class Semver(PolicyKind):
    """The greatest version in a range."""

    name = "semver"
    argument_type = Annotated[Text, held_to(range_of)]
    meaning = (
        'The greatest version in a range: `">=1.2 <2"`, `"^1.4"`, `"1.x || 2.x"`, `"*"`; '
        'prereleases only where the range mentions one (`">=1.0.0-0"`).'
    )
    knows_prereleases = True

    def takes(self, tag: str) -> bool:
        """Say whether a tag is a version in the range."""
        version = version_of(tag)
        wanted = range_of(self.argument)
        return version is not None and wanted.holds(version, prereleases=self.prereleases)

    def rank(self, tag: str) -> Version | None:
        """Return a version; no prerelease where the policy would choose none."""
        version = version_of(tag)
        if version is None or not is_prerelease(version) or self.prereleases:
            return version
        return version if any(part.mentions for part in range_of(self.argument).parts) else None
