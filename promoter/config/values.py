"""Single values of the configuration: what each must be, whatever else there is."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Annotated

from pydantic import AfterValidator, Field

from promoter.config.refs import check_ref_name, is_branch
from promoter.domain import urls
from promoter.domain.forges import FORGES, forge_hint
from promoter.domain.redaction import shown
from promoter.domain.section import held_to, must
from promoter.edits.targets.model import check_placeholders

# No brackets: the address must stand in Markdown as it is.
_PAGE = re.compile(
    r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~!$&*+,;=:%/-]*)?"
    r"(?:\?[A-Za-z0-9._~=&%-]*)?"
)
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?", re.ASCII)


def _check_name(text: str) -> None:
    """Raise `ValueError` for what is no name of an app or environment, with one that is."""
    try:
        check_ref_name(text)
    except ValueError as error:
        meant, hint = re.sub(r"[^a-z0-9._-]+|\.\.+", "-", text.lower()).strip("._-"), ""
        with suppress(ValueError):
            hint = f"\nWrite {check_ref_name(meant)}"
        raise ValueError(f"{error}{hint}") from None


def _check_image(text: str) -> None:
    if "://" in text:
        meant = text.partition("://")[2]
        raise ValueError(f"{shown(text)} is an address\nWrite the name alone: {meant}")
    if not text or "@" in text or not _is_word(text):
        name = text.partition("@")[0]
        meant = f"\nWrite the name alone: {name}" if name and _is_word(name) else ""
        raise ValueError(f"{shown(text)} is not an image's name{meant}")
    name, colon, tag = text.rpartition(":")
    if colon and "/" not in tag:
        raise ValueError(f"{shown(text)} holds a tag\nWrite the name alone: {name}")


def _check_images(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"{shown(twice)} is listed twice")
    return names


def _check_person(text: str) -> None:
    if re.fullmatch(r"[^@\s]+@[^@\s/]+\.[^@\s/]+", text):
        msg = f"{shown(text)} is an e-mail address, and GitHub asks users and teams"
        raise ValueError(f"{msg}\nWrite the name of the user, or team:NAME")
    if not _is_word(text.removeprefix("team:")) or "@" in text or "/" in text:
        name = text.removeprefix("team:").rpartition("/")[2].lstrip("@")
        meant = f'"team:{name}"' if "/" in text or text.startswith("team:") else name
        hint = f"\nWrite {meant}" if name and _is_word(name) and "@" not in name else ""
        raise ValueError(f"{shown(text)} is neither a user nor team:NAME{hint}")


# What machines and people call the architectures of platforms.
_ARCHITECTURES = {
    **{one: one for one in ("amd64", "arm64", "386", "arm/v7", "s390x", "ppc64le", "riscv64")},
    "x86_64": "amd64", "x86-64": "amd64", "x64": "amd64", "aarch64": "arm64", "arm64v8": "arm64",
    "i386": "386", "i686": "386", "x86": "386", "armv7": "arm/v7", "armv7l": "arm/v7",
    "armhf": "arm/v7", "arm": "arm/v7",
}  # fmt: skip


def _check_platform(text: str) -> None:
    """Raise `ValueError` for what is no platform as registries name it, such as linux/x86_64."""
    # Files of programs are named by linux-amd64 and linux_amd64.
    found = re.fullmatch(r"(?:(linux|windows|darwin|freebsd)[/_:-])?(.*)", text.strip().lower())
    system, machine = found.groups() if found else (None, "")
    meant = _ARCHITECTURES.get(machine)
    if _PLATFORM.fullmatch(text) and (meant in (None, machine) or machine == "arm"):
        return
    said = f"{shown(text)} is not a platform as registries name it"
    if meant is None:
        raise ValueError(f"{said}\nWrite it as in linux/amd64")
    raise ValueError(f"{said}\nDid you mean {system or 'linux'}/{meant}?")


def _is_word(text: str) -> bool:
    return text.isprintable() and text.split() == [text]


def _is_page(text: str) -> bool:
    return bool(
        _PAGE.fullmatch(text.replace("{app}", "app").replace("{environment}", "environment"))
    )


def _check_forge(text: str) -> None:
    if text not in FORGES:
        raise ValueError(f"{shown(text)} is not a forge\n{forge_hint(text)}")


Reference = Annotated[str, held_to(check_ref_name)]
"""A name that is given elsewhere, so that no other one may be proposed by its form."""
AppName = Annotated[str, held_to(_check_name)]
ApiUrl = Annotated[str, held_to(urls.check_api_url)]
Branch = Annotated[str, must(is_branch, "git has no branch that is called {}")]
PageUrl = Annotated[
    str,
    AfterValidator(check_placeholders),
    must(
        _is_page,
        "must be an http(s) address; it may hold {app} and {environment}, and no password",
    ),
]
ForgeName = Annotated[str, held_to(_check_forge), Field(json_schema_extra={"enum": sorted(FORGES)})]
Images = Annotated[tuple[Annotated[str, held_to(_check_image)], ...], AfterValidator(_check_images)]
Label = Annotated[
    str, must(lambda text: text.strip() and text.isprintable(), "{} must be one line of text")
]
Person = Annotated[str, held_to(_check_person)]
Platform = Annotated[str, held_to(_check_platform)]
Source = Annotated[str, held_to(urls.check_repository)]
