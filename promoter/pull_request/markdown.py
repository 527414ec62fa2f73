"""GitHub-flavoured Markdown in which text from outside is escaped, cut without being broken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.json import parse_json
from promoter.domain.redaction import one_line

# GitHub takes this many characters; bytes are bounded too, for characters outside of ASCII.
LIMIT = 65_536
_BYTES = 250_000
_JOINER = "\u2060"
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&$@^]")
_WEB = re.compile(
    r"https?://[A-Za-z0-9.:\[\]-]+(?:/[A-Za-z0-9._~!$&'*+,;=:@%/-]*)?(?:\?[A-Za-z0-9._~=&%-]*)?(?:#L[0-9]{1,9})?"
)


@dataclass(frozen=True, slots=True)
class BodySection:
    """A part of a body: its heading, its text, and how long it stays when there is too much."""

    heading: str
    text: str
    weight: int
    """The higher, the longer it stays; 0 goes first."""
    more: tuple[str, ...] = ()
    """Blocks behind the text, each whole by itself; the last of them goes first."""
    folded: str = ""
    """The line below which those blocks are folded away, where they are."""
    titled: bool = True
    """Whether the heading is shown."""

    @property
    def shown(self) -> str:
        """The section as it stands in a body."""
        more = self.more
        if self.folded and more:
            # Lines of a list stand together.
            joint = "\n" if all(one.startswith("- ") for one in more) else "\n\n"
            more = (details(inert(self.folded), joint.join(more)),)
        heading = f"### {inert(self.heading)}" if self.titled else ""
        return "\n\n".join(filter(None, [heading, self.text, *more]))


def code(text: str) -> str:
    """Return outside text as an inline code span that nothing in it can leave."""
    shown = one_line(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if fence != "`" or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def inert(text: str) -> str:
    """Return outside text for a sentence: no markup, mention, reference, link or HTML is left in it."""
    # Every character that could begin something becomes an entity, so that it begins no markup.
    shown = _SPECIAL.sub(lambda found: f"&#{ord(found[0])};", one_line(text))
    if "://" in shown or re.search(r":\S*:", shown):  # an address, or the name of an emoji
        shown = shown.replace(":", f"&#58;{_JOINER}")
    # Mentions, issues, emojis and commits are looked for in the text that the markup has become: a
    # word joiner, which nobody sees, keeps them from being words of that kind.
    for sign in ("&#64;", "&#35;"):
        shown = shown.replace(sign, sign + _JOINER)
    shown = re.sub(r"\b(?=[0-9a-f]{7,40}\b)([0-9a-f])", "\\1\u2060", shown)
    return re.sub(r"\b(www(?=\.)|gh(?=-\d))", "\\1\u2060", shown, flags=re.IGNORECASE)


def anchor(text: str, url: str | None) -> str:
    """Return Markdown as a link where the address is one of the web, else as it is."""
    return f"[{text}]({url})" if is_page(url) else text


def is_page(url: str | None) -> bool:
    """Return whether an address is one of the web that can stand in Markdown as it is."""
    return url is not None and _WEB.fullmatch(url) is not None


def fenced(text: str, language: str = "") -> str:
    """Return text as a code block that nothing in it can leave."""
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text).rstrip("\n")
    fence = "`" * max(3, max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    return f"{fence}{language}\n{shown}\n{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def details(summary: str, text: str) -> str:
    """Return text folded away below a line that is HTML-safe Markdown."""
    return f"<details>\n<summary>{summary}</summary>\n\n{text}\n\n</details>"


def hidden(name: str, value: dict[str, Any]) -> str:
    """Return a value as a comment for machines; nothing in it can end the comment."""
    text = json.dumps(value, sort_keys=True)
    for character in "-<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"<!-- promoter:{name} {text} -->"


def find_hidden(name: str, body: str) -> dict[str, Any] | None:
    """Return the last such value in a body, whatever people wrote around it; None without one."""
    text, begin, end = "", f"<!-- promoter:{name} ", len(body)
    while not text and (place := body.rfind(f"{begin}{{", 0, end)) >= 0:
        inner, closing, _ = body[place + len(begin) : end].partition("} -->")
        text = f"{inner}}}" if closing and "\n" not in inner else ""
        end = place
    try:
        value = parse_json(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def bounded_body(head: str, sections: Sequence[BodySection], foot: str, *, around: str = "") -> str:
    """Return a body within the forge's limit: what is long is shortened first, and then left out.

    Whatever is not shown is named. `around` is what a template adds to the body.
    """
    most, most_bytes = LIMIT - len(around), _BYTES - len(around.encode())
    # A section and its text, which is made anew only where the section is shortened.
    kept = [(one, one.shown) for one in sections]
    left_out: dict[str, None] = {}
    while True:
        note = (
            f"_Left out, for the forge takes no more: {', '.join(left_out)}._" if left_out else ""
        )
        parts = [part for part in (head, *(text for _, text in kept), note, foot) if part]
        if not kept or sum(map(len, parts)) <= most:
            text = "\n\n".join(parts) + "\n"
            if not kept or (len(text) <= most and len(text.encode()) <= most_bytes):
                return text
        long = [place for place, (one, _) in enumerate(kept) if one.more]
        if long:
            longest = max(long, key=lambda place: len(kept[place][1]))
            one = kept[longest][0]
            shorter = replace(one, more=one.more[:-1])
            kept[longest] = (shorter, shorter.shown)
            left_out[f"the end of “{one.heading.lower()}”"] = None
            continue
        least = min(range(len(kept)), key=lambda place: kept[place][0].weight)
        left_out[kept.pop(least)[0].heading.lower()] = None
