"""What a way to choose among an image's tags must say of itself."""

from __future__ import annotations

from typing import Any, ClassVar


class PolicyKind:
    """One way to choose a tag: the key that names it in `promoter.yaml`, and how it orders tags.

    It reads tags alone, and says nothing of tags that it cannot read.
    """

    name: ClassVar[str]
    """The key in `promoter.yaml`."""
    argument_type: ClassVar[Any]
    """The type of the key's value, as pydantic checks it."""
    meaning: ClassVar[str]
    """What the key means, for the reference of the configuration."""
    knows_prereleases: ClassVar[bool] = False
    """Whether `prereleases` may be given beside it."""
    by_creation: ClassVar[bool] = False
    """Whether the image's creation decides, and a tag's name only which images are asked about."""
    by_digest: ClassVar[bool] = False
    """Whether the tag stays and its digest is what changes."""
    takes_moving: ClassVar[bool] = True
    """Whether tags such as `latest` may be chosen."""

    def __init__(self, argument: Any, *, prereleases: bool = False) -> None:  # noqa: ANN401 - checked by its type
        self.argument = argument
        self.prereleases = prereleases

    @property
    def descending(self) -> bool:
        """Whether the first in order is wanted, rather than the last."""
        return False

    @property
    def limit(self) -> int | None:
        """How many tags are worth asking the registry about, or None where none is asked about."""
        return None

    def takes(self, tag: str) -> bool:  # noqa: ARG002 - a kind that takes whatever it can read
        """Return whether a tag may be chosen."""
        return True

    def rank(self, tag: str) -> Any:  # noqa: ANN401 - comparable with other ranks of its kind
        """Return what tags are ordered by, or None for a tag that has no place in the order."""
        raise NotImplementedError
