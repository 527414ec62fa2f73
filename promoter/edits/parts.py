"""What of an image a scalar holds, and the text that a request makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from promoter.domain.image import join, shown, split
from promoter.edits.site import Setting, check_fit, position

if TYPE_CHECKING:
    from promoter.domain.model import ImageRequest
    from promoter.edits.site import Region, Spot


class Part(StrEnum):
    """What of an image a scalar holds."""

    REFERENCE = "image"
    """`name[:tag][@digest]`"""
    TAG = "tag"
    DIGEST = "digest"
    OVERRIDE = "override"
    """`[old=]name[:tag][@digest]`, as Argo CD has it"""


@dataclass(frozen=True, slots=True)
class Site:
    """A scalar that holds an image, or a part of one."""

    region: Region
    spot: Spot
    part: Part

    @property
    def name(self) -> str:
        """The image's name as the scalar has it; '' for a mere tag or digest."""
        text = self.spot.text
        if self.part is Part.OVERRIDE:
            old, equals, reference = text.rpartition("=")
            return old if equals else split(reference)[0]
        return split(text)[0] if self.part is Part.REFERENCE else ""

    @property
    def new_name(self) -> str:
        """The name that an override puts in the image's place; '' where there is none."""
        old, equals, reference = self.spot.text.rpartition("=")
        return split(reference)[0] if self.part is Part.OVERRIDE and old and equals else ""

    @property
    def place(self) -> str:
        """The scalar's `file:line:column`."""
        return ":".join(map(str, (self.region.file.path, *position(self.region, self.spot))))

    def setting(self, request: ImageRequest, *, placeholders: bool = False) -> tuple[Setting, str]:
        """Return what a request makes of the scalar, and a warning or ''; raises `RefusedError`."""
        check_fit(self.region, self.spot, placeholders=placeholders)
        text = self.spot.text
        digest = text if self.part is Part.DIGEST else split(text.rpartition("=")[2])[2]
        warning = ""
        if digest and not request.digest and self.part is not Part.TAG:
            begun = ascii(digest[:19])[1:-1]
            warning = f"{request.name}: the digest {begun}… goes, as it would win over the tag"
        new = self._text(text, request)
        return Setting(self.region, self.spot, new, str(self.part), request.name), warning

    def _text(self, text: str, request: ImageRequest) -> str:
        """Return the scalar's new text, or raise `RefusedError`."""
        if self.part is Part.DIGEST:
            return str(request.digest or "")
        if self.part is Part.TAG:
            if request.tag and "@" not in text:
                return str(request.tag)
            raise self.region.refuse(
                "tag",
                f"here stands the tag {shown(text)}, and {request} can not be written as a tag",
                "Ask for a tag, or name the place of the digest as well.",
                at=self.spot.node.start_mark.index,
            )
        old, equals, reference = text.rpartition("=")
        return old + equals + join(split(reference)[0], request.tag, request.digest)
