"""What goes wrong on demand, and what has been asked so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """What goes wrong with the next matching requests."""

    method: str
    pattern: str
    status: int | None = None
    after: bool = False
    # What is done is answered in half.
    cut: bool = False
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=lambda: {"message": "Server Error"})
    delay: float = 0.0

    @property
    def is_instead(self) -> bool:
        """Say whether it comes in place of what was asked for."""
        return not (self.after or self.cut or self.is_slow_only)

    @property
    def is_slow_only(self) -> bool:
        """Say whether the request is answered rightly in the end."""
        return self.delay > 0 and self.status is None and not (self.after or self.cut)


@dataclass
class Seen:
    """One request that arrived."""

    method: str
    path: str
    authorization: str
    api: bool
    graphql: bool = False
    body: Any = None
    query: str = ""
    size: int = 0
    """How many bytes the answer has."""


@dataclass
class Limit:
    """The primary rate limit of REST (`core`) or of GraphQL; every request takes one."""

    resource: str = "core"

    limit: int = 5000
    remaining: int = 5000
    resets_in: float = 3600.0

    def take(self) -> bool:
        """Take one request, and say whether there was one left."""
        if self.remaining <= 0:
            return False
        self.remaining -= 1
        return True

    def headers(self) -> dict[str, str]:
        """Return what every answer tells of the limit."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Used": str(self.limit - self.remaining),
            "X-RateLimit-Reset": str(int(time.time() + self.resets_in)),
            "X-RateLimit-Resource": self.resource,
        }
