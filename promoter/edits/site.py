"""Scalars that hold an image or a part of one, and the step by which a request sets them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import islice

from ruamel.yaml.nodes import ScalarNode

from promoter.domain.dataclass import dataclass
from promoter.domain.image import Ref, join, split, split_tag
from promoter.domain.model import ImageRequest
from promoter.domain.placeholders import holds_placeholder, masked
from promoter.domain.redaction import shown
from promoter.edits.anchors import owner
from promoter.edits.digest_keys import digest_rank, is_bare, is_whole
from promoter.edits.engine import EditStep, check_fit, set_text
from promoter.edits.insert_key import insert_key
from promoter.edits.nodes import Path
from promoter.edits.placeholders import (
    check_placeholder,
    digest_fault,
    reference_fault,
    refuse_placeholder,
    tag_fault,
)
from promoter.edits.region import Spot

_ALGORITHM = "sha256:"
_DIGEST = re.compile(r"(?:[a-z0-9]+(?:[.+_-][a-z0-9]+)*:)?[0-9a-f]{32,128}")
_BARE = re.compile(r"[0-9a-f]{64}")
_TAGS_LISTED = 5
# What kustomize takes in an override for the name or the tag that is there.
_KEPT = "*"


class Part(StrEnum):
    """What of an image a scalar holds."""

    REFERENCE = "image"
    """`name[:tag][@digest]`"""
    TAG = "tag"
    """`tag` or `tag@digest`"""
    DIGEST = "digest"
    """`sha256:hex`, or the bare hex digits"""
    OVERRIDE = "override"
    """`[old=]name[:tag][@digest]`, as Argo CD has it"""


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """A scalar that holds an image, or a part of one; or the place where one is missing."""

    spot: Spot
    part: Part
    names: tuple[str, ...] = ()
    """What the file calls the image, the fullest name first; empty where it does not."""
    new_name: str = ""
    """The name that an override puts in the image's place; '' where there is none."""
    by_place: bool = False
    """Whether the target means this very place, whatever image stands there."""
    loose: bool = False
    """Whether the file may leave the registry's host out of the name."""
    digest_beside: bool = False
    """Whether the image's digest stands in a scalar of its own."""
    missing: tuple[str, ...] = ()
    """The keys that are not there yet below `spot`; empty where the scalar is there."""

    @classmethod
    def reference(cls, spot: Spot) -> Site:
        """Return the site of a whole image."""
        return cls(spot, Part.REFERENCE, (split(spot.text)[0],))

    @classmethod
    def override(cls, spot: Spot) -> Site:
        """Return the site of an override, which is called by the name that it replaces."""
        old, reference = _override(spot.text)
        new = split(reference)[0]
        if old:
            return cls(spot, Part.OVERRIDE, (old,), "" if new == _KEPT else new)
        return cls(spot, Part.OVERRIDE, (new,))

    @property
    def name(self) -> str:
        """What the file calls the image; '' where it does not."""
        return self.names[0] if self.names else ""

    @property
    def path(self) -> Path:
        """The way to it, through keys that are not there yet, too."""
        return (*self.spot.path, *self.missing)

    @property
    def key(self) -> str:
        """The key that it stands under; a number in a list."""
        return self.missing[-1] if self.missing else str(self.spot.path[-1])

    @property
    def mapping(self) -> Spot | None:
        """What it stands in; None where that is missing, too."""
        if self.missing:
            return self.spot if len(self.missing) == 1 else None
        return self.spot.parent

    @property
    def text(self) -> str:
        """The scalar's text, by a merge (`<<`) too; '' where it is missing."""
        if not self.missing:
            return self.spot.text
        return self._merged.text if self._merged else ""

    @property
    def _merged(self) -> Spot | None:
        """What a missing scalar is by a merge (`<<`), which stands elsewhere."""
        return self.mapping.merged().get(self.key) if self.mapping else None

    @property
    def value(self) -> Ref:
        """The tag and the digest that stand here."""
        if self.part is Part.DIGEST:
            text = self.text
            return Ref(None, (_ALGORITHM + text if _BARE.fullmatch(text) else text) or None)
        if self.part is Part.TAG:
            tag, digest = split_tag(self.text)
            return Ref(tag or None, digest or None)
        return Ref(*split(self._reference(self.text))[1:])

    def called(self, name: str) -> bool:
        """Return whether the file means this image."""
        return name in self.names or (
            self.loose and any(name.endswith(f"/{one}") for one in self.names)
        )

    def digests_beside(self) -> Iterator[Site]:
        """Yield the scalars beside it that hold a digest of the same image, or could."""
        parent = self.mapping
        if parent is None or self.part is Part.DIGEST:
            return
        own = {str(spot.path[-1]): spot for spot in parent.below()}
        known = {**parent.merged(), **own}
        ranks = {key: digest_rank(key, self.key) for key in known if key != self.key}
        usual = [(rank, key) for key, rank in ranks.items() if rank is not None]
        for _, key in sorted(usual):
            if not isinstance(known[key].node, ScalarNode):
                continue
            if key in own:
                yield replace(self, spot=own[key], part=Part.DIGEST, missing=())
            else:
                yield replace(self, spot=parent, part=Part.DIGEST, missing=(key,))

    def digests(self) -> list[Site]:
        """Return the digests of its image that stand beside it."""
        return [site for site in self.digests_beside() if site.holds_digest]

    @property
    def holds_digest(self) -> bool:
        """Whether the scalar is a digest and nothing else: a commit's hash is none."""
        text = self.text
        return bool(_DIGEST.fullmatch(text)) and (":" in text or bool(_BARE.fullmatch(text)))

    @property
    def wins(self) -> bool:
        """Whether the scalar, a digest or not, is taken for one: it would win over a tag."""
        text = self.text
        whole = is_whole(self.key)
        return bool(text) and (whole or holds_placeholder(text))

    def step(
        self, request: ImageRequest, *, placeholders: bool = False
    ) -> tuple[EditStep | None, tuple[str, ...]]:
        """Return the step by which a request sets it, None where it is so, and warnings.

        Raises `RefusedError` where it cannot be set.
        """
        new = self._new(request)
        if self.missing:
            if not new:
                self._refuse_inherited_digest()
                return None, ()
            step = insert_key(self.spot, self.missing, new, (str(self.part), request.name))
            path, merged = ".".join(self.missing), self._merged
            said = "was not there and is added"
            if merged is not None and merged.text:
                line, column = merged.position
                origin = f"{merged.region.file.path}:{line}:{column}"
                said = f"comes by a merge (<<) from {origin}, and is set here alone"
            return step, (f"{request.name}: {self.spot.place}: {path} {said}",)
        spot, warnings = owner(self.spot, partial=self.part in (Part.TAG, Part.DIGEST))
        check_fit(spot)
        self._check_value(spot, placeholders=placeholders)
        digest = self.value.digest
        warnings = tuple(f"{request.name}: {one}" for one in warnings)
        if digest and not request.digest:
            begun = ascii(self.text.partition("@")[2][:19] or self.text[:19])[1:-1]
            lost = f"the digest {begun}… is dropped, as it would win over the tag"
            warnings = (f"{request.name}: {lost}", *warnings)
        if new == spot.text:
            return None, ()
        return set_text(spot, new, str(self.part), request.name), warnings

    def _check_value(self, spot: Spot, *, placeholders: bool) -> None:
        """Raise `RefusedError` for what something else fills in, if that is not allowed or too much."""
        reference = self._reference(spot.text)
        if self.part is Part.OVERRIDE:
            reference = reference.replace(_KEPT, "x")
        if placeholders:
            if self.part in (Part.REFERENCE, Part.OVERRIDE) and reference:
                refuse_placeholder(spot, split(reference)[0])
        elif self.part is Part.TAG:
            check_placeholder(spot, tag_fault(spot.text))
        elif self.part is Part.DIGEST:
            check_placeholder(spot, digest_fault(spot.text))
        else:
            check_placeholder(spot, reference_fault(reference))

    def _refuse_inherited_digest(self) -> None:
        """Raise `RefusedError` where a digest comes by a merge, and would stay."""
        if self.value.digest:
            raise self.spot.region.refuse(
                "stale-digest",
                f"{self.key} comes here by a merge (<<), and would win over the tag",
                f'Write {self.key}: "" here, or take it out of what is merged.',
                at=self.spot.written,
            )

    def _new(self, request: ImageRequest) -> str:
        tag, digest = request.tag, request.digest
        if self.part is Part.DIGEST:
            return self._digest(str(digest or ""))
        if self.part is Part.TAG:
            if tag is None:
                raise self.spot.region.refuse(
                    "tag",
                    f"here stands the tag {shown(self.text)}, and {request} cannot be written as "
                    "a tag",
                    "Ask for a tag, or name the place of the digest as well.",
                    at=self.spot.written,
                )
            return f"{tag}@{digest}" if digest and self.value.digest else str(tag)
        reference = self._reference(self.text)
        old = self.text.removesuffix(reference) if reference else self.text
        if self.digest_beside and tag and not self.value.digest:
            digest = None
        name = split(reference)[0] if reference else request.name
        return old + join(name, tag, digest)

    def _reference(self, text: str) -> str:
        """Return the image of a text, without what an override puts before it."""
        return _override(text)[1] if self.part is Part.OVERRIDE else text

    def _digest(self, digest: str) -> str:
        """Return a digest in the form of what stands here: bare hex digits, or with `sha256:`."""
        bare = ":" not in self.text if self.text else is_bare(self.key)
        if not bare:
            return digest
        if digest and not digest.startswith(_ALGORITHM):
            raise self.spot.region.refuse(
                "digest",
                f"here stand the bare digits of a sha256 digest, which {digest} is not",
                "Give a sha256 digest.",
                at=self.spot.written,
            )
        return digest.removeprefix(_ALGORITHM)


def _override(text: str) -> tuple[str, str]:
    """Return the name that an override replaces, '' where it has none, and the image."""
    start = masked(text).rfind("=") + 1
    return text[: max(start - 1, 0)], text[start:]


def value_of(sites: Sequence[Site]) -> Ref:
    """Return what the sites of one image say together: the first tag and the first digest."""
    values = [site.value for site in sites]
    return Ref(
        next((one.tag for one in values if one.tag), None),
        next((one.digest for one in values if one.digest), None),
    )


def several_tags(name: str, new: str | None, places: Mapping[str, str]) -> str:
    """Return in words that an image has several tags, each with its place; '' for fewer than two.

    The key '' stands for no tag.
    """
    if len(places) < 2 or new is None:
        return ""
    first = islice(places.items(), _TAGS_LISTED)
    listed = [f"{shown(tag) if tag else 'no tag'} ({place})" for tag, place in first]
    more = f" and {len(places) - len(listed)} more" if len(places) > len(listed) else ""
    return f"{name} has several tags, and all become {new}: {', '.join(listed)}{more}"
