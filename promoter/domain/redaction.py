"""The secrets of a run, and text without them, however the other side has encoded what it echoes.

Each secret of ours is added where it comes into being: a token in the settings, a login in Docker's
configuration, a token that a forge or a registry has just made. Others' messages (a server's error,
git's stderr) pass `redacted_message` where they enter, before any of them is cut off; it takes out
what other variables hold, too. All text passes `redacted` where it leaves, which takes out ours
alone: the password of a test database may be a word that names an app.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from operator import is_
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
# Shorter secrets would be found in ordinary words, e.g. an environment's name.
SHORTEST = 8
# What servers and proxies echo of a request, even where the secret is none of those we know.
_SHAPES = re.compile(
    r"(?P<scheme>\b(?:basic|bearer)(?:\s|%20|\+)+)(?=[\w.~+/=%-]*(?-i:[A-Z0-9]))[\w.~+/=%-]{20,4096}"
    r"|(?P<user>//)[^/\s@\"'<>]{0,255}:[^/\s@\"'<>]{1,1024}@"
    r"|(?P<key>[?&;](?:[\w.-]{0,40}[_-])?(?:token|password|secret|signature|sig|api_?key)=)"
    r"[^&\s\"'<>#]{1,4096}"
    r"|\bgh[a-z]_[A-Za-z0-9]{20,255}|\bgithub_pat_\w{20,255}"
    r"|\beyJ[\w-]{10,4096}\.[\w-]{10,4096}\.[\w-]{10,4096}",
    re.IGNORECASE | re.ASCII,
)
# Each shape holds one of these, in lower case; most texts hold none, which takes far less to see.
_SIGNS = re.compile("[@=]|basic|bearer|gh|github_pat_|eyj")
# How many characters of a hostile text are shown.
_SHOWN = 60
_LONGEST_LINE = 500
# So many forms are searched for one by one. Of more, the first characters lead to those that begin
# so, where they can stand within a run of such characters.
_FEW = 200
_RUN = re.compile(r"[\w%+/=.~:-]{8,}", re.ASCII)
_BASE64 = "[A-Za-z0-9+/_-]"


class _Secrets:
    """The secrets that are known, and the forms in which they may stand in a text, in lower case."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self._searched: set[str] = set()
        self._patterns: dict[str, str] = {}
        self._by_beginning: dict[str, set[str]] = {}
        self._others: set[str] = set()

    def pattern(self, form: str) -> str:
        """Return the regular expression of what is replaced where a form stands."""
        return self._patterns[form]

    def found_in(self, text: str) -> list[str]:
        """Return the forms that a text in lower case holds, the longest first."""
        self._refresh()
        if len(self._patterns) <= _FEW:
            found = {form for form in tuple(self._patterns) if form in text}
            return sorted(found, key=len, reverse=True)
        found = {form for form in tuple(self._others) if form in text}
        for run in set(_RUN.findall(text)):
            for start in range(len(run) - SHORTEST + 1):
                for form in tuple(self._by_beginning.get(run[start : start + SHORTEST], ())):
                    if run.startswith(form, start):
                        found.add(form)
        return sorted(found, key=len, reverse=True)

    def _refresh(self) -> None:
        """Take in what was added since; a thread that does the same at once does no harm."""
        if len(self.known) == len(self._searched):
            return
        for secret in self.known.copy() - self._searched:
            for form, pattern in _forms(secret).items():
                self._patterns[form] = pattern
                if _RUN.fullmatch(form):
                    self._by_beginning.setdefault(form[:SHORTEST], set()).add(form)
                else:
                    self._others.add(form)
            self._searched.add(secret)


_secrets = _Secrets()
_others_secrets = _Secrets()


def add_secret(*secrets: str | None) -> None:
    """Let `redacted` take these out of every text from now on; each line of a key is a secret."""
    for secret in filter(None, secrets):
        _secrets.known.update(_parts(secret))


def add_others_secret(*values: str) -> None:
    """Let `redacted_message` take out what other variables hold, unless it reads as a name."""
    for value in values:
        _others_secrets.known.update(one for one in _parts(value) if not _is_name(one))


def _parts(secret: str) -> Iterator[str]:
    """Yield what is searched for of a secret: its text and each of its lines, if they are long enough."""
    plain = secret.replace("\\n", "\n")
    for one in (secret.strip(), *(line.strip() for line in plain.splitlines())):
        if len(one) >= SHORTEST and not one.startswith("-----"):
            yield one


def _is_name(text: str) -> bool:
    """Return whether a text consists of words and numbers that stand apart, as names do."""
    groups = re.split(r"[-_./: ]", text)
    return all(re.fullmatch(r"v?[0-9]+|[a-z]*|[A-Z]*|[A-Z][a-z]+", one) for one in groups)


def add_login(user: str, password: str) -> None:
    """Let `redacted` take out a login: its password, and the two as HTTP's Basic scheme sends them.

    A password that is too short to be searched for by itself is found in that form.
    """
    add_secret(password, base64.b64encode(f"{user}:{password}".encode()).decode())


def forget_secrets() -> None:
    """Know no secret any more: what comes now is another run."""
    global _secrets, _others_secrets
    _secrets, _others_secrets = _Secrets(), _Secrets()


def holds_secret(text: str) -> bool:
    """Return whether a secret of ours stands in a text, in any encoding."""
    return bool(_secrets.found_in(text.lower()))


def redacted(text: str) -> str:
    """Return a text in which no secret of ours stands in any encoding, nor what reads as a login."""
    return without_logins(_without(_secrets, text))


def redacted_message(text: str) -> str:
    """Return others' message without our secrets, and without those of variables that are not ours."""
    return redacted(_without(_others_secrets, text))


def without_logins(text: str) -> str:
    """Return a text without what reads as a login, whosever it is."""
    return _SHAPES.sub(_mask, text) if _SIGNS.search(text.lower()) else text


def _without(secrets: _Secrets, text: str) -> str:
    for form in secrets.found_in(text.lower()):
        text = re.sub(secrets.pattern(form), MASK, text, flags=re.IGNORECASE)
    return text


def shown(text: str) -> str:
    """Return hostile text quoted, escaped and short enough for one line of a message."""
    text = redacted_message(text)
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return ascii(cut).replace("\\u2026", "…")


def one_line(text: str) -> str:
    """Return outside text as one printable line of bounded length."""
    return printable_line(redacted(text))


def printable_line(text: str) -> str:
    """Return a text as one printable line of bounded length, as it stands otherwise."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:_LONGEST_LINE]


def redacted_values(value: Any) -> Any:  # noqa: ANN401 - of any shape
    """Return a value in which every text, keys included, is redacted; the rest is as it was.

    It may be JSON, or dataclasses of such values.
    """
    return _redacted_values(value, {})


def _redacted_values(value: Any, texts: dict[str, str]) -> Any:  # noqa: ANN401 - of any shape
    """Return a redacted value; of thousands of apps, most texts are the same: each is searched once."""
    if isinstance(value, Enum):
        return value
    if isinstance(value, str):
        text = texts.get(value)
        if text is None:
            text = texts[value] = redacted(value)
        return value if text == value else text
    if isinstance(value, dict):
        return {
            _redacted_values(key, texts): _redacted_values(one, texts) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        items = [_redacted_values(one, texts) for one in value]
        return value if all(map(is_, items, value)) else type(value)(items)
    if is_dataclass(value) and not isinstance(value, type):
        known = {one.name: getattr(value, one.name) for one in fields(value)}
        made = {name: _redacted_values(one, texts) for name, one in known.items()}
        # Not by `==`, which passes over fields that do not count for it.
        changed = {name: one for name, one in made.items() if one is not known[name]}
        return replace(value, **changed) if changed else value
    return value


def _mask(found: re.Match[str]) -> str:
    """Return what stands in place of a secret's shape, with what says which it was."""
    if found["user"]:
        return f"//{MASK}@"
    return f"{found['scheme'] or found['key'] or ''}{MASK}"


def _forms(secret: str) -> dict[str, str]:
    """Return how a secret may stand in a text: each form in lower case, with what is replaced."""
    data = secret.encode("utf-8", "surrogatepass")
    as_json = {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    plain = {
        secret,
        quote(data),
        quote(data, safe=""),
        quote_plus(data),
        "".join(f"%{byte:02x}" for byte in data),
        data.hex(),
        html.escape(secret),
        repr(secret)[1:-1],
        *as_json,
        *(form.replace("/", "\\/") for form in as_json),
    }
    found = {form.lower(): re.escape(form) for form in plain}
    for form in _base64_forms(data):
        # What stands around it is the rest of the same text, e.g. the user of a login.
        around = f"{_BASE64}{{0,400}}"
        found.setdefault(form.lower(), f"{around}{re.escape(form)}{around}={{0,2}}")
    return found


def _base64_forms(data: bytes) -> set[str]:
    """Return what base64 makes of bytes wherever they stand in a text, in both alphabets."""
    found = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        # Characters that also hold bits of what stands before or after can be any.
        first = -(-8 * before // 6)
        whole = 8 * (before + len(data)) // 6
        form = encoded[first:whole]
        found |= {form, form.replace("+", "-").replace("/", "_")}
    return {form for form in found if len(form) >= SHORTEST}
