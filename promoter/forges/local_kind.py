"""The kind of the local forge: a folder on this machine, which needs no token and has no API."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from promoter.domain.address import Address
from promoter.domain.errors import UsageError
from promoter.forges.kinds import ForgeConnection, ForgeKind

if TYPE_CHECKING:
    from promoter.forges.local import LocalForge


def _serves(address: Address) -> bool:
    return address.local


def _open(connection: ForgeConnection) -> LocalForge:
    # Late: flags and configuration want the kind's name alone.
    from promoter.forges.local import LocalForge
    from promoter.git.program import Git

    where = connection.address
    if not where.local:
        raise UsageError(
            f"{where.url} is not on this machine, and the local forge keeps its pull requests there",
            "Give --repo the path of a bare repository.",
        )
    return LocalForge(Git(Path(where.path), connection.deadline), connection.committer)


KIND = ForgeKind("local", _serves, _open)
