"""Aurora's source repository, as far as the demo needs it: the commits between two releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.git.program import Git

if TYPE_CHECKING:
    from pathlib import Path

    from promoter.domain.deadline import Deadline

_START = 1_766_700_000
_DAY = 86_400
_ANA, _BO, _KIM = (f"{name} <{name.split()[0].lower()}@aurora.example>" for name in
                   ("Ana Ruiz", "Bo Lind", "Kim Oh"))  # fmt: skip
# Title, author, and the git tag where the commit was released.
_COMMITS = (
    ("feat: customer, fraud and notification services", _ANA, "v1.4.0"),
    ("fix(notification): retry a mail that RabbitMQ gave back (#141)", _KIM, "v1.4.1"),
    ("feat(fraud): score repeated small amounts (#147)", _ANA, None),
    ("fix(customer): keep the locale over a redirect (#150)", _BO, None),
    ("perf(fraud): one query for the last hundred transfers (#152)", _KIM, None),
    ("docs: how the three services are built with one tag", _BO, None),
    ("fix(fraud): no score for an account without transfers (#155)", _ANA, "v1.4.2"),
)


def make_source(directory: Path, deadline: Deadline) -> Git:
    """Make the source repository as a bare one in a new folder."""
    directory.mkdir(parents=True)
    git = Git(directory, deadline)
    git("init", "--quiet", "--bare", "--template=", str(directory))
    git("symbolic-ref", "HEAD", "refs/heads/main")
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    git("fast-import", "--quiet", "--date-format=raw", stdin=_stream())
    return git


def _stream() -> bytes:
    """Return the commits and their tags in the form that `git fast-import` reads."""
    out = []
    for number, (title, author, tag) in enumerate(_COMMITS):
        message, note = f"{title}\n".encode(), f"{number}\n".encode()
        who = f"{author} {_START + number * _DAY} +0000"
        out.append(f"commit refs/heads/main\nauthor {who}\ncommitter {who}\n".encode())
        out.append(f"data {len(message)}\n".encode() + message)
        out.append(f"M 100644 inline NOTES\ndata {len(note)}\n".encode() + note + b"\n")
        if tag:
            out.append(f"reset refs/tags/{tag}\nfrom refs/heads/main\n\n".encode())
    return b"".join(out)
