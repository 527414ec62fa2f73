"""The endpoints of refs: read, find, make, move, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.github.errors import RejectedError, not_found
from tests.servers.github.protection import refused
from tests.servers.github.routes import Answer, Request, route

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub


@route("GET", "/git/ref/{name+}")
def read(github: GitHub, request: Request, name: str) -> Answer:
    """Show the ref of exactly this name."""
    del request
    sha = github.store.ref(f"refs/{name}")
    if sha is None:
        raise not_found()
    return 200, _shown(github, f"refs/{name}", sha)


@route("GET", "/git/matching-refs/{prefix+}")
def matching(github: GitHub, request: Request, prefix: str) -> Answer:
    """List the refs whose names begin so."""
    del request
    every = github.store.refs("refs/").items()
    wanted = f"refs/{prefix}"
    return 200, [_shown(github, ref, sha) for ref, sha in every if ref.startswith(wanted)]


@route("POST", "/git/refs", "contents")
def made(github: GitHub, request: Request) -> Answer:
    """Make a ref."""
    name, sha = request.text("ref"), request.text("sha")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise RejectedError(
            422, "Reference name must start with 'refs/' and have at least two slashes."
        )
    if not github.store.asks("check-ref-format", name):
        raise RejectedError(422, f"{name} is not a valid ref name.")
    if github.store.ref(name):
        raise RejectedError(422, "Reference already exists")
    if len(sha) != 40 or github.store.sha(sha) != sha:
        raise RejectedError(422, "Object does not exist")
    if not github.store.move((name, None, sha)):
        raise RejectedError(422, "Reference update failed")
    return 201, _shown(github, name, sha)


@route("PATCH", "/git/refs/{name+}", "contents")
def moved(github: GitHub, request: Request, name: str) -> Answer:
    """Move a ref, forward alone unless forced."""
    ref, sha = f"refs/{name}", request.text("sha")
    before = github.store.ref(ref)
    if before is None:
        raise RejectedError(422, "Reference does not exist")
    if len(sha) != 40 or github.store.sha(sha) != sha:
        raise RejectedError(422, "Object does not exist")
    if not request.body.get("force") and not github.store.is_ancestor(before, sha):
        raise RejectedError(422, "Update is not a fast forward")
    if reason := refused(github, ref, before, sha):
        raise RejectedError(422, reason)
    if not github.store.move((ref, before, sha)):
        raise RejectedError(409, "Reference cannot be updated")
    return 200, _shown(github, ref, sha)


@route("DELETE", "/git/refs/{name+}", "contents")
def deleted(github: GitHub, request: Request, name: str) -> Answer:
    """Delete a ref; a pull from it is closed."""
    del request
    ref = f"refs/{name}"
    before = github.store.ref(ref)
    if before is None:
        raise RejectedError(422, "Reference does not exist")
    if reason := refused(github, ref, before, None):
        raise RejectedError(422, reason)
    github.store.move((ref, before, None))
    return 204, None


def _shown(github: GitHub, ref: str, sha: str) -> dict[str, Any]:
    return {
        "ref": ref,
        "node_id": f"REF_{ref}",
        "url": f"{github.repository_url}/git/{ref}",
        "object": {
            "type": "commit",
            "sha": sha,
            "url": f"{github.repository_url}/git/commits/{sha}",
        },
    }
