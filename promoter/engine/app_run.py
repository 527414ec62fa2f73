"""What is asked of one app, beside what the repository and the forge say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from promoter.config.config import Config
from promoter.config.layout import Target
from promoter.domain.branch import BranchState
from promoter.domain.dataclass import dataclass
from promoter.engine.run_context import RunContext
from promoter.gates import ProposedHold
from promoter.planning.plan import AppRequest, Request


@dataclass(frozen=True, slots=True)
class AppRun:
    """What is asked of one app, with what the repository and the forge say of it."""

    context: RunContext
    request: Request
    config: Config
    target: Target
    state: BranchState
    open_holds: Mapping[str, ProposedHold] = field(default_factory=dict)
    """By app, the hold that an open pull from another branch would begin."""

    @property
    def asked(self) -> AppRequest:
        """What is asked of the app."""
        return AppRequest(self.request, self.target)
