"""Single values of the configuration: what each must be, whatever else there is."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from promoter.config.refs import is_branch
from promoter.domain import urls
from promoter.domain.errors import UsageError
from promoter.domain.forges import FORGES
from promoter.domain.redaction import shown
from promoter.domain.suggest import nearest

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
# No brackets: the address must stand in Markdown as it is.
_PAGE = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&*+,;=:%/-]*)?"
    r"(?:\?[A-Za-z0-9._~=&%-]*)?"
)
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?", re.ASCII)


# A part of a ref is the name of a file, which may have 255 bytes with what git adds to it.
_LONGEST_NAME = 200


def check_name(text: str) -> str:
    """Return a name of an app or environment, or raise `ValueError`; it becomes part of a ref."""
    if not _NAME.fullmatch(text):
        msg = "must begin with a letter or digit and hold only letters, digits, '.', '_' and '-'"
        raise ValueError(msg)
    if len(text) > _LONGEST_NAME:
        msg = f"must have at most {_LONGEST_NAME} characters"
        raise ValueError(msg)
    if ".." in text or text.endswith((".", ".lock")):
        msg = "must not hold '..' nor end in '.' or '.lock': git allows no such branch"
        raise ValueError(msg)
    return text


def _check_image(text: str) -> str:
    """Return an image's name as it stands in a kustomization, or raise `ValueError`."""
    if not text or "@" in text or not _is_word(text):
        name = text.partition("@")[0]
        meant = f"\nWrite the name alone: {name}" if name and _is_word(name) else ""
        msg = f"{shown(text)} is not an image's name{meant}"
        raise ValueError(msg)
    name, colon, tag = text.rpartition(":")
    if colon and "/" not in tag:
        msg = f"{shown(text)} holds a tag\nWrite the name alone: {name}"
        raise ValueError(msg)
    return text


def _check_images(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return names that stand once each, or raise `ValueError`."""
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        msg = f"{shown(twice)} stands twice"
        raise ValueError(msg)
    return names


def _check_branch(text: str) -> str:
    """Return a branch's name, or raise `ValueError`."""
    if not is_branch(text):
        msg = f"git has no branch that is called {shown(text)}"
        raise ValueError(msg)
    return text


def _check_api_url(text: str) -> str:
    """Return the URL of a forge's API, or raise `ValueError`."""
    try:
        urls.check_api_url(text)
    except UsageError as error:
        raise ValueError(error.message) from None
    return text


def _check_source(text: str) -> str:
    """Return a source repository's address, or raise `ValueError`."""
    try:
        urls.check_repository(text)
    except UsageError as error:
        raise ValueError(error.message) from None
    return text


def _check_person(text: str) -> str:
    """Return a user or `team:NAME`, or raise `ValueError`."""
    if text.startswith("@") and _is_word(text):
        team = "/" in text
        name = text.rpartition("/")[2].lstrip("@")
        meant = f'"team:{name}"' if team else name
        msg = f"{shown(text)} begins with '@'\nWrite {meant}"
        raise ValueError(msg)
    if not _is_word(text.removeprefix("team:")):
        msg = f"{shown(text)} is neither a user nor team:NAME"
        raise ValueError(msg)
    return text


def _check_label(text: str) -> str:
    """Return a text of one line, or raise `ValueError`."""
    if not text.strip() or not text.isprintable():
        msg = f"{shown(text)} must be one line of text"
        raise ValueError(msg)
    return text


def _check_platform(text: str) -> str:
    """Return a platform, or raise `ValueError`."""
    if not _PLATFORM.fullmatch(text):
        meant = f"linux/{text}" if text in ("amd64", "arm64", "arm/v7", "386") else "linux/amd64"
        msg = f"{shown(text)} is not a platform\nWrite it as in {meant}"
        raise ValueError(msg)
    return text


def _is_word(text: str) -> bool:
    """Say whether a text is one printable word."""
    return text.isprintable() and text.split() == [text]


def _check_page(text: str) -> str:
    """Return a web page's address with the placeholders that it may hold, or raise `ValueError`."""
    plain = text.replace("{app}", "app").replace("{environment}", "environment")
    if not _PAGE.fullmatch(plain):
        msg = "must be an http(s) address; it may hold {app} and {environment}, and no password"
        raise ValueError(msg)
    return text


def _check_forge(text: str) -> str:
    """Return the name of a kind of forge, or raise `ValueError`."""
    if text not in FORGES:
        msg = f"{shown(text)} is not a forge\n{nearest(text, sorted(FORGES))}"
        raise ValueError(msg)
    return text


AppName = Annotated[str, AfterValidator(check_name)]
ApiUrl = Annotated[str, AfterValidator(_check_api_url)]
Branch = Annotated[str, AfterValidator(_check_branch)]
PageUrl = Annotated[str, AfterValidator(_check_page)]
ForgeName = Annotated[
    str, AfterValidator(_check_forge), Field(json_schema_extra={"enum": sorted(FORGES)})
]
Images = Annotated[
    tuple[Annotated[str, AfterValidator(_check_image)], ...], AfterValidator(_check_images)
]
Label = Annotated[str, AfterValidator(_check_label)]
Person = Annotated[str, AfterValidator(_check_person)]
Platform = Annotated[str, AfterValidator(_check_platform)]
Source = Annotated[str, AfterValidator(_check_source)]
