"""Where an app, what it stands on and its promotion probably are, before anything of it is known.

Where an app lives is said by `promoter.yaml`, which comes in the same answer; so the places where
repositories keep apps are asked for, and what is elsewhere is asked for later.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath

from promoter.domain.branch_name import BRANCH_PREFIX, HOLD_BRANCH, promotion_branch
from promoter.domain.dataclass import dataclass

# The environment of a request that names none, and those that stand beside it.
_ENVIRONMENT = "prod"
_OTHERS = ("dev", "dev-kind", "staging")
KUSTOMIZATION = "kustomization.yaml"
_LAYOUTS = (
    "clusters/{environment}/apps/{app}",
    "apps/{app}/overlays/{environment}",
    "overlays/{environment}/{app}",
    "{app}/overlays/{environment}",
)
# Whose files have a history in the first answer; a path that is not there costs the server most.
_HISTORIES = _LAYOUTS[:2]
_SHARED = ("base", "bases", "common", "components")


@dataclass(frozen=True, slots=True)
class Guess:
    """One app, and where it and its promotion probably are."""

    app: str
    environment: str
    base: str | None
    is_named: bool = True
    """Whether the environment was asked for."""

    @property
    def head(self) -> str:
        """The base as the beginning of a path in it."""
        return f"refs/heads/{self.base}" if self.base else "HEAD"

    @property
    def branches(self) -> list[str]:
        """The branches that the promotion may have, and that of a hold.

        They are those of several environments where none is named.
        """
        environments = (self.environment, *(() if self.is_named else _OTHERS))
        own = [f"{BRANCH_PREFIX}{one}/{self.app}" for one in dict.fromkeys(environments)]
        return [*own, self.hold_branch]

    @property
    def branch(self) -> str:
        """The promotion's branch, unless a template names it otherwise."""
        return self.branches[0]

    @property
    def hold_branch(self) -> str:
        """The branch on which a hold of the app is proposed by itself."""
        return promotion_branch(self.environment, self.app, HOLD_BRANCH)

    @property
    def own_branches(self) -> tuple[str, str]:
        """The branch of the promotion, and that of a hold."""
        return self.branch, self.hold_branch

    @property
    def own(self) -> list[PurePosixPath]:
        """The folders of the app in its environment."""
        return [_filled(layout, self.app, self.environment) for layout in _LAYOUTS]

    @property
    def folders(self) -> tuple[PurePosixPath, ...]:
        """The folders that are looked into: where the app may live, and what it may stand on."""
        return _folders(self.app, self.environment)

    @property
    def histories(self) -> list[PurePosixPath]:
        """The files whose versions are asked for."""
        environments = dict.fromkeys((self.environment, *_OTHERS))
        return [
            _filled(layout, self.app, one) / KUSTOMIZATION
            for layout in _HISTORIES
            for one in environments
        ]


def guess(app: str, environments: Sequence[str], base: str | None) -> Guess:
    """Return where an app's promotion to the one environment that was asked for probably is."""
    is_named = len(environments) == 1
    return Guess(app, environments[0] if is_named else _ENVIRONMENT, base, is_named)


# The query, the reading of its answer and the comparison of the two ask for the same.
@lru_cache(maxsize=1)
def _folders(app: str, environment: str) -> tuple[PurePosixPath, ...]:
    environments = dict.fromkeys((environment, *_OTHERS))
    own = [_filled(layout, app, environment) for layout in _LAYOUTS]
    there = [_filled(layout, app, one) for one in environments for layout in _LAYOUTS]
    near = [
        parent / name
        for folder in there
        if folder.parts[0] in ("clusters", "apps") or folder in own
        for parent in folder.parents[:2]
        for name in _SHARED
        if parent != PurePosixPath()
    ]
    names = ("apps/{app}", "apps/{app}/overlays", "{app}", "{app}/overlays", "base/{app}")
    more = [_filled(one, app, "") for one in (*names, "apps/base/{app}")]
    fixed = [PurePosixPath("clusters"), PurePosixPath("overlays")]
    # Its kustomization may include all apps, and set their images again.
    fixed.append(PurePosixPath("clusters", environment))
    # An overlay is looked for as if its folder were named for the app.
    fixed += [PurePosixPath("apps", one) for one in environments]
    return tuple(dict.fromkeys([*there, *near, *more, *fixed]))


def _filled(layout: str, app: str, environment: str) -> PurePosixPath:
    return PurePosixPath(layout.replace("{app}", app).replace("{environment}", environment))
