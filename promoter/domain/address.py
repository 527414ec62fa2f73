"""The address of a repository."""

from __future__ import annotations

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError


def is_repository(address: str, name: str) -> bool:
    """Return whether an address, or its path, is that of a repository given as OWNER/NAME."""
    path = address.replace(":", "/").strip("/").removesuffix(".git").lower()
    return f"/{path}".endswith(f"/{name.lower()}")


@dataclass(frozen=True, slots=True)
class Address:
    """A repository's URL: what git is given, and what it says of host, owner and name."""

    url: str
    scheme: str
    host: str
    path: str

    @property
    def local(self) -> bool:
        """Whether the repository is a folder on this machine."""
        return self.scheme == "file"

    @property
    def given(self) -> str:
        """The address as `--repo` takes it: a path where it is a folder, else the URL."""
        return self.path if self.local else self.url

    @property
    def owner_and_name(self) -> tuple[str, str]:
        """The last two parts of the path, without `.git`; raises `UsageError` for fewer."""
        parts = [
            part for part in self.path.removesuffix("/").removesuffix(".git").split("/") if part
        ]
        if len(parts) < 2:
            raise UsageError(
                f"{self.url} does not end in OWNER/REPOSITORY",
                "Give the repository's clone URL, e.g. https://github.com/owner/repository.",
            )
        return parts[-2], parts[-1]
