"""Which image a place in a file is of: by the name that the file or the target says."""

from __future__ import annotations

from collections.abc import Sequence

from promoter.domain.errors import SelectionError
from promoter.domain.image import may_be_one
from promoter.domain.model import ImageRequest
from promoter.domain.redaction import shown
from promoter.domain.suggest import nearest
from promoter.edits.site import Site
from promoter.edits.targets import FileTarget


def may_be_of(site: Site, target: FileTarget, image: str) -> bool:
    """Return whether a target's place may be an image's: its file may name another one beside it."""
    return not _says_its_image(site, target) or may_be_one(site.name, image)


def requests_of(
    site: Site, target: FileTarget, asked: Sequence[ImageRequest]
) -> Sequence[ImageRequest]:
    """Return the request that a target's place is of; none where its file names another image.

    Of two requests for what the file calls an image and for it at a mirror, the first is taken.
    Raises `SelectionError` where nothing says which of several images it is.
    """
    if _says_its_image(site, target):
        own = [one for one in asked if site.called(one.name)]
        return (own or [one for one in asked if may_be_one(site.name, one.name)])[:1]
    if len(asked) == 1:
        return asked
    raise SelectionError(
        f"{target.file}: the {target.kind} target does not say which of {len(asked)} images "
        "it holds",
        f"Give it `image`. {nearest('', (one.name for one in asked))}",
    )


def sites_of(sites: Sequence[Site], name: str) -> list[Site]:
    """Return the sites that a target of one image means: its places, then those that name it."""
    named = sites_named([site for site in sites if not site.by_place], name)
    return [*(site for site in sites if site.by_place), *named]


def sites_named(sites: Sequence[Site], name: str) -> list[Site]:
    """Return the sites of an image: by the name that they change, else by the only new one."""
    own = [site for site in sites if site.called(name)]
    renamed = [site for site in sites if site.new_name == name]
    if not own and len({site.name for site in renamed}) > 1:
        raise SelectionError(
            f"several overrides put {shown(name)} in place of another image",
            f"Name what it replaces: {', '.join(shown(site.name) for site in renamed[:5])}.",
        )
    return own or renamed


def _says_its_image(site: Site, target: FileTarget) -> bool:
    """Return whether the name beside a place counts: a path leads to it, and no target names it."""
    return target.image is None and site.loose and bool(site.names)
