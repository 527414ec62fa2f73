"""The target by which a file's image would be set: what its own content shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field, replace
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RefusedError
from promoter.edits.region import Region, Spot, roots
from promoter.edits.targets import argocd, manifest
from promoter.edits.targets.marker import marks
from promoter.edits.targets.model import image_names

_DEPTH = 12
# Objects that hold the values of a chart.
_VALUES_INSIDE = ("HelmRelease", *argocd.KINDS)
# What another program fills in, and what is no key of a path without brackets.
_FILLED_IN = ("{{", "${", "$(")
_NO_KEY = re.compile(r"[.\[\]\\/]")
# Images that run beside an app, and are another's.
_SERVICES = re.compile(
    r"(?:.*[/-])?(?:mongo|mongodb|redis|valkey|postgres|postgresql|mysql|mariadb|memcached|rabbitmq|"
    r"minio|busybox)(?:-.*)?",
    re.ASCII,
)
_IMAGE = re.compile(r"[a-z0-9][\w./-]*(?::\d+/[\w./-]+)?:[\w][\w.-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class TargetKeys:
    """A target's keys but for its file, as promoter.yaml has them."""

    kind: str
    key: str = ""
    path: str = ""
    """Of `kind: yaml-path`: `tag` or `reference`, and the path of the scalar; of a marker: its policy."""
    repository: str = ""
    """The path of the image's name, where it is not known by its key."""
    images: tuple[str, ...] = ()
    """The images that are called like the app, where the file has others as well."""
    all_images: tuple[str, ...] = field(default=(), compare=False)
    """The images of a manifest."""
    is_own: bool = field(default=False, compare=False)
    """Whether the image, or the way to it, is called like the app."""


def target_of_file(path: PurePosixPath, data: bytes, app: str | None) -> TargetKeys | None:
    """Return the target for an app's image in a file; None where it holds no image that is seen.

    Of several scalars that hold one, that is taken which is called like the app, and no other one.
    """
    try:
        region = Region.of(path, data)
        if argocd.find(region):
            return TargetKeys("argocd")
        policies = (one.subject for one in marks(region) if not one.own)
        if policy := next((one for one in policies if app and names_app(one, app)), None):
            return TargetKeys("marker", "policy", policy, is_own=True)
        kinds = {kind.text for root in roots(region) if (kind := root.get("kind")) is not None}
        if kinds and kinds.isdisjoint(_VALUES_INSIDE) and (sites := manifest.find(region)):
            found_names = image_names(sites)
            own_names = _own(found_names, app)
            is_own = any(app and names_app(one, app) for one in found_names)
            return TargetKeys(
                "manifest", images=own_names, all_images=tuple(found_names), is_own=is_own
            )
        found = [one for root in roots(region) for one in _scalars(root, "", 0)]
    except PromoteError:
        return None
    apps = [one for one in found if not _is_of_service(*one, app)]
    own = [one for one, said in apps if app and names_app(said, app)]
    # In a file of the app's, what is beside the images of services is the app's.
    found = apps if len(found) == 1 or (app and names_app(str(path), app)) else found
    if own or len(found) != 1:
        return replace(own[0], is_own=True) if own else None
    return found[0][0]


def _own(images: list[str], app: str | None) -> tuple[str, ...]:
    own = [one for one in images if app and _word(app).search(one)]
    return tuple(own) if len(own) < len(images) else ()


def is_service(image: str) -> bool:
    """Return whether an image is a database or the like, which runs beside an app."""
    return _SERVICES.fullmatch(image) is not None


def _is_of_service(target: TargetKeys, said: str, app: str | None) -> bool:
    """Return whether a scalar holds the image of a service that is not the app itself."""
    names = [*target.path.split("."), said.rpartition(" ")[2].partition(":")[0]]
    return any(is_service(one) and not (app and names_app(one, app)) for one in names)


def names_app(image: str, app: str) -> bool:
    """Return whether an image is called like an app."""
    return _word(app).search(image) is not None


def _word(app: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9]){re.escape(app)}(?![A-Za-z0-9])")


def _scalars(spot: Spot, path: str, depth: int) -> Iterator[tuple[TargetKeys, str]]:
    """Yield each scalar below a node that holds an image's tag, or a whole image, with its name."""
    if depth > _DEPTH:
        return
    name, tag = spot.get("name"), spot.get("value")
    if name is not None and tag is not None and name.text.endswith("image.tag"):
        yield TargetKeys("yaml-path", "tag", f"{path}.value"), path
        return
    tag, named = spot.get("tag"), {key: spot.get(key) for key in ("repository", "image", "name")}
    names = {key: one.text for key, one in named.items() if one is not None and _is_name(one)}
    is_image = "image" in path.rpartition(".")[2].lower() or not {*names} <= {"name"}
    if tag is not None and is_image and _is_plain(tag):
        key = next(iter(names), "repository")
        # By this key alone it is known without being said.
        beside = "" if key == "repository" else _joined(path, key)
        said = f"{path} {names.get(key, '')}"
        yield TargetKeys("yaml-path", "tag", _joined(path, "tag"), beside), said
        return
    for child in spot.below():
        key = _key(child, path)
        if child.path[-1] == "image" and _IMAGE.fullmatch(child.text):
            yield TargetKeys("yaml-path", "reference", key), f"{key} {child.text}"
        elif child.style in ("|", ">"):
            with suppress(RefusedError):
                for root in roots(child.inside()):
                    yield from _scalars(root, key, depth + 1)
        else:
            yield from _scalars(child, key, depth + 1)


def _is_name(spot: Spot) -> bool:
    """Return whether a scalar may be an image's name, without its tag."""
    return bool(spot.text) and _is_plain(spot) and not re.search(r":(?!\d+/)", spot.text)


def _is_plain(spot: Spot) -> bool:
    return not any(one in spot.text for one in _FILLED_IN) and not any(True for _ in spot.below())


def _key(child: Spot, path: str) -> str:
    """Return the path of a child: of an element of a list by its name, where it has one."""
    part = child.path[-1]
    if not isinstance(part, int):
        return _joined(path, part)
    name = child.get("name")
    is_named = name is not None and name.text and not re.search(r"[\[\]]", name.text)
    return f"{path}[name={name.text}]" if name and is_named else f"{path}[{part}]"


def _joined(path: str, key: str) -> str:
    if _NO_KEY.search(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
