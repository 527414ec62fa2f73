"""The part of the apps that one of several machines takes."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Self

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown

_SHARD = re.compile(r"([0-9]{1,5})/([0-9]{1,5})", re.ASCII)
_COUNT_LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` shards; `index` counts from 1, as in `2/4`.

    An app is in the shard that its name's SHA-256 leaves as remainder: the same on every machine,
    evenly spread, and without a table. Another count moves most apps, which does no harm: a shard
    keeps nothing from one run to the next.
    """

    index: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        """Raise `UsageError` where there is no such shard."""
        if not 1 <= self.count <= _COUNT_LIMIT:
            raise UsageError(
                f"{self.count} shards are none or too many",
                f"Split the apps into 1 to {_COUNT_LIMIT} shards.",
            )
        if not 1 <= self.index <= self.count:
            raise UsageError(
                f"there is no shard {self.index} of {self.count}",
                f"The first is 1/{self.count}, the last {self.count}/{self.count}.",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the shard of `I/N`, counted from 1, or raise `UsageError`."""
        found = _SHARD.fullmatch(text.strip())
        if found is None:
            raise UsageError(
                f"{shown(text)} is not a shard", "Write I/N, as in 2/4: the second of four."
            )
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of_job(cls, index: int, count: int) -> Self:
        """Return the shard of an Indexed Job's pod, which Kubernetes counts from 0."""
        return cls(index + 1, count)

    def holds(self, app: str) -> bool:
        """Return whether an app is in this shard; of all shards of one count, it is in exactly one."""
        remainder = int.from_bytes(sha256(app.encode()).digest()) % self.count
        return remainder == self.index - 1

    def __str__(self) -> str:
        """Return `I/N`."""
        return f"{self.index}/{self.count}"
