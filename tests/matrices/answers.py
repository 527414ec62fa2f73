"""Hostile text in answers that are right otherwise: it commands nothing, is no markup and ends no run."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.matrices.deliveries import DELIVERIES, READS, Delivery, World
from tests.matrices.fault import LARGEST, judged
from tests.matrices.table import AT_ONCE, Row, some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

# Names under which answers have text that people or other servers have chosen.
_KEYS = {
    "title", "body", "message", "messageHeadline", "login", "name", "label", "description", "email",
    "html_url", "url", "committedDate", "date", "created", "createdAt", "mergedAt", "merged_at",
    "org.opencontainers.image.source", "org.opencontainers.image.revision",
    "org.opencontainers.image.version", "mergeable_state", "visibility", "slug",
}  # fmt: skip
TEXTS = {
    "escapes": "\x1b[2J\x1b]0;INJECTED\x07\x9b31m",
    "commands of the runner": "\n::error::INJECTED\n##[error]INJECTED\n::stop-commands::x\n",
    "bidi controls": "\u202eabc\u2066\u2069\u200f",
    "HTML": "</details><script>alert(1)</script><img src=x onerror=alert(1)><!-- --><h1>INJECTED",
    "Markdown": "\n\n# INJECTED\n\n[x](javascript:alert(1)) ![x](https://x.example/p) @everyone #1\n```\n",
    "a megabyte": "x" * (1 << 20),
    "lone surrogates": "\ud800\udfff\ud800",
    "a number": 10**400,
    "nothing": None,
    "a list": [[[{"x": 1}]]],
}
_RUNNER = re.compile(r"(?m)^\s*(?:::[a-z-]+[^:\n]*::(?:INJECTED|x)|##\[)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_MARKUP = re.compile(r"<script|<img|<h1>|onerror=alert\(1\)>|\]\(javascript:|(?m:^# INJECTED)")


@dataclass
class Rewritten:
    """Puts a text in place of those that an answer has under its known names."""

    text: Any

    def before(self, _: BaseHTTPRequestHandler) -> bool:
        """Have the request processed."""
        return True

    def after(self, answer: bytes, _: BaseHTTPRequestHandler) -> bytes:
        """Answer as the server does, but for the texts."""
        head, _blank, body = answer.partition(b"\r\n\r\n")
        try:
            document = json.loads(body)
        except ValueError:
            return answer
        changed = json.dumps(self._changed(document)).encode()
        head = re.sub(
            rb"(?i)\r\nContent-Length: \d+", b"\r\nContent-Length: %d" % len(changed), head
        )
        return head + b"\r\n\r\n" + changed

    def _changed(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: self.text if key in _KEYS and isinstance(one, str) else self._changed(one)
                for key, one in value.items()
            }
        return [self._changed(one) for one in value] if isinstance(value, list) else value


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield a row for each command: every text at every request, once for each kind of request."""
    names = ("pull by git, renewed", "pull by API, renewed", "pull by git, finished and merged",
             "rollback by pull", "status", "status by API", "pulls")  # fmt: skip
    chosen = [one for one in (*DELIVERIES, *READS) if one.name in names]

    def row(numbered: tuple[int, Delivery]) -> Row:
        number, delivery = numbered
        row = Row("hostile", f"texts in answers: {delivery.name}")
        with World(home / f"answers-{number}", delivery) as world:
            world.restore()
            assert world.start().end().code == 0
            reached = {
                name: at for at, name in reversed(list(enumerate(world.interceptor.reached)))
            }
            asked = [(at, name) for name, at in reached.items() if "git-" not in name]
            cases = [(at, name, text) for at, name in asked for text in TEXTS]
            for one in some(cases, 1 if short else None, number):
                at, name, text = cases[one]
                row.runs += 1
                row.check(f"{text} at {name} ({at})", *_told(world, at, TEXTS[text]))
        return row

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(row, enumerate(chosen))


def _told(world: World, at: int, text: Any) -> list[str]:
    """Run with a text in an answer; return what it brought about."""
    world.restore()
    world.interceptor.begin({at: Rewritten(text)})
    started = world.start_plain(
        *world.delivery.command, "--timeout", "20", env={"GITHUB_ACTIONS": "true"}
    )
    done = started.end()
    wrong, printed = judged(done), done.stdout + done.stderr
    if control := _CONTROL.findall(printed):
        wrong.append(f"prints {set(control)!r}")
    if injected := _RUNNER.findall(printed):
        wrong.append(f"speaks to the runner: {injected}")
    if len(printed) > 400_000:
        wrong.append(f"prints {len(printed):,} characters")
    if started.memory > LARGEST:
        wrong.append(f"took {started.memory} MiB")
    # What the pulls were before has no text of these.
    said = [str(one.get("body") or "") for one in world.github.pulls]
    said += [text for texts in world.github.comments.values() for text in texts]
    wrong += [f"the pull has {found[0]!r}" for one in said if (found := _MARKUP.search(one))]
    wrong += [
        f"a text of the pull has {len(one):,} characters" for one in said if len(one) > 65_536
    ]
    return wrong
