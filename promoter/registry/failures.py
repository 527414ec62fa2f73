"""How a question to a registry can fail: not there, not readable, or not to be believed."""

from __future__ import annotations

from promoter.domain.errors import Exit, RemoteError


class AbsentError(RemoteError):
    """The tag or digest is not in the registry."""

    code = "absent"
    exit = Exit.SELECTION
    may_pass = False


class RegistryError(RemoteError):
    """The registry could not be read: no access, an unknown name, no answer, an answer of no registry."""

    code = "registry"

    def __init__(
        self, message: str, hint: str = "", *, may_pass: bool = False, is_unknown_name: bool = False
    ) -> None:
        super().__init__(message, hint)
        self.may_pass = may_pass
        """Whether it may be otherwise soon, without anybody's doing."""
        self.is_unknown_name = is_unknown_name
        """Whether the registry says that it knows no image of this name."""


class LyingError(RemoteError):
    """The registry's bytes are not those of the digest that it names."""

    code = "digest-mismatch"
    may_pass = False
