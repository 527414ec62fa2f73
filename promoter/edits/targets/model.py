"""What every target is: a part of the configuration that finds the places of images in a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator

from promoter.domain.errors import NoPlaceError, SelectionError
from promoter.domain.section import Section, held_to
from promoter.edits import scalar_path
from promoter.edits.region import Region
from promoter.edits.site import Site

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# A placeholder that is not known, and one as a shell, a template or a page about it has it.
_OTHER_PLACEHOLDER = re.compile(
    r"\$\{([^{}]*)\}|\$(app|env|environment|[A-Z_]{2,})\b|\{\{([^{}]*)\}\}|<(app|env|environment)>"
    r"|\{(?!app\}|environment\})([^{}]*)\}"
)


# What others call the two.
_MEANT = {
    **dict.fromkeys(("app", "name", "service", "application", "appname"), "app"),
    **dict.fromkeys(("environment", "env", "stage", "cluster", "environ"), "environment"),
}


def check_placeholders(text: str) -> str:
    """Return a text whose placeholders are known, or raise `ValueError`."""
    if found := _OTHER_PLACEHOLDER.search(text):
        name = next(one for one in found.groups() if one is not None)
        close = _MEANT.get(re.sub(r"\W", "", name).lower())
        hint = f"Did you mean {text.replace(found[0], f'{{{close}}}')}?"
        if close is None:
            hint = "Write the name itself: nothing else is filled in."
        raise ValueError(
            f"knows the placeholders {{app}} and {{environment}}, not {found[0]}\n{hint}"
        )
    return text


def _check_file(text: str) -> str:
    if not text.isprintable() or "\\" in text or not text.strip("/"):
        msg = "must be a file of the repository, relative to the environment's folder or to '/'"
        raise ValueError(msg)
    if text.startswith("/") and ".." in PurePosixPath(text).parts:
        raise ValueError("must not hold '..' behind '/', which is the repository's root")
    return check_placeholders(text)


File = Annotated[str, AfterValidator(_check_file)]
ScalarPath = Annotated[str, held_to(scalar_path.check), AfterValidator(check_placeholders)]
Filled = Annotated[str, AfterValidator(check_placeholders)]


def _check_resource(text: str) -> None:
    kind, slash, name = text.partition("/")
    if text and not (kind and slash and name):
        raise ValueError(
            f"must be kind/name, not {text!r}\nWrite it as in Deployment/{text.strip('/')}"
        )


Resource = Annotated[str, held_to(_check_resource), AfterValidator(check_placeholders)]


class InFile(Section):
    """A part of the configuration that names a file."""

    file: File
    """The file, relative to the environment's folder; `/` in front means the repository's root.
    In this key and in all others, `{app}` and `{environment}` are replaced."""

    PATHS: ClassVar[frozenset[str]] = frozenset()
    """The keys that hold the path of a scalar, where a dot in a name has to be escaped."""

    def filled(self, values: Mapping[str, str]) -> Self:
        """Return it with the app's and the environment's names in place of the placeholders."""
        texts = {
            key: fill(text, values, path=key in self.PATHS)
            for key in type(self).model_fields
            if isinstance(text := getattr(self, key), str)
        }
        return self.model_copy(update=texts)


class FileTarget(InFile):
    """A kind of place where images stand in one file."""

    kind: str
    image: Filled | None = None
    """The image that is set here, by the name that a promotion gives it; else the file's own names
    decide, or there is only one image."""

    def find(self, region: Region) -> Iterable[Site]:
        """Yield the places of images in a file.

        Raises `SelectionError` where the target means one place and the file has none or several,
        and `RefusedError` where it cannot be said what a place means.
        """
        raise NotImplementedError

    @classmethod
    def in_file(cls, file: str, region: Region) -> Mapping[str, FileTarget]:
        """Return a target of this kind for each image that a file holds by its name."""
        any_image = {"kind": get_args(cls.model_fields["kind"].annotation)[0], "file": file}
        try:
            sites = cls.model_validate(any_image).find(region)
        except SelectionError:
            return {}
        return {
            name: cls.model_validate({**any_image, "image": name}) for name in image_names(sites)
        }


class KustomizeTarget(Section):
    """The entries under `images` of the environment's kustomization."""

    kind: Literal["kustomize"]

    def filled(self, values: Mapping[str, str]) -> Self:  # noqa: ARG002 - as other targets have it
        """Return it as it is: it names nothing."""
        return self


class Linked(InFile):
    """Strings that hold the tag too and move with it: `?ref=` of a remote base, labels."""

    file: File = "kustomization.yaml"
    """The file, as for a target."""
    path: ScalarPath
    """The path of the strings: `commonLabels.version`; `resources.*` for the `?ref=` of remote bases."""

    PATHS: ClassVar[frozenset[str]] = frozenset({"path"})


def fill(text: str, values: Mapping[str, str], *, path: bool = False) -> str:
    """Return a text with its placeholders replaced; in a scalar's path a name is one part."""
    if not path:
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
    pieces = re.split(r"(\[[^\]]*\])", text)
    escaped = {key: re.sub(r"([.\\\[\]])", r"\\\1", value) for key, value in values.items()}
    return "".join(fill(piece, values if piece.startswith("[") else escaped) for piece in pieces)


def only(sites: Sequence[Site], region: Region, kind: str) -> Site:
    """Return the only site, or raise `SelectionError` with the places of all."""
    if len(sites) == 1:
        return sites[0]
    if not sites:
        raise NoPlaceError(
            f"the {kind} target finds no image",
            "Check the names that it asks for in promoter.yaml.",
            file=region.file.path,
        )
    places = ", ".join(site.spot.place for site in sites[:5])
    raise SelectionError(
        f"the {kind} target finds {len(sites)} images where one is needed: {places}",
        "Say more: the resource as kind/name, or the container.",
        file=region.file.path,
    )


def image_names(sites: Iterable[Site]) -> list[str]:
    """Return the images that sites name, each name once."""
    return list(dict.fromkeys(site.name for site in sites if site.name))
