"""Where a repository is that has moved: git says that a server redirects it, and not where to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from promoter.domain.errors import RemoteError
from promoter.domain.redaction import one_line
from promoter.git.failures import MOVED, git_error
from promoter.git.isolation import CA_FILE, CA_FOLDER
from promoter.system.budget import MOVED_ANSWER

if TYPE_CHECKING:
    from promoter.git.program import Git, GitResult

_REFS = "/info/refs?service=git-upload-pack"
# The answer is worth so many bytes.
_LIMIT = 64 << 10


def failure_there(git: Git, url: str, verb: str, result: GitResult) -> RemoteError:
    """Return the failure of a git command that asked a URL; of what has moved, with its new URL."""
    error = git_error(verb, result)
    if error.hint != MOVED or urlsplit(url).scheme not in ("http", "https"):
        return error
    if moved := _new_url(url, git.configuration, MOVED_ANSWER.of(git.deadline.remaining())):
        error.hint = f"The repository has moved: give --repo {one_line(moved)}"
    return error


def _new_url(url: str, settings: Mapping[str, str], seconds: float) -> str:
    """Return the URL that a server redirects to; "" where it says none."""
    # Late: git needs no HTTP of ours, and few repositories move.
    from urllib3 import Timeout
    from urllib3.exceptions import HTTPError

    from promoter.system.http import HttpRequest, TooLargeError, send_request
    from promoter.system.pools import Pools

    name, _, value = settings.get(f"http.{url}.extraHeader", "").partition(": ")
    request = HttpRequest("GET", f"{url}{_REFS}", {name: value} if value else {}, _LIMIT)
    pools = Pools(settings.get(CA_FILE) or settings.get(CA_FOLDER))
    try:
        answer = send_request(pools.to(url), request, Timeout(total=seconds))
    except (HTTPError, OSError, TooLargeError):
        return ""
    finally:
        pools.close()
    to = urljoin(url, str(answer.headers.get("location", ""))) if answer.is_redirect else ""
    parts = urlsplit(to)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return ""
    return to.removesuffix(_REFS) if to.endswith(_REFS) else ""
