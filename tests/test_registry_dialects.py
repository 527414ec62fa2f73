"""Registries that differ a little: no unreadable answer of a shortcut is ever the verdict."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from promoter.gates.images import is_for
from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials, Login
from promoter.registry.failures import AbsentError, RegistryError
from promoter.registry.login import Challenge, challenges
from promoter.registry.manifest import platform
from tests.servers.registry import INDEX, Registry, digest

if TYPE_CHECKING:
    from collections.abc import Iterator

QUESTIONS = ("resolve", "prove", "describe")
UNKNOWN_MANIFEST = b'{"errors": [{"code": "MANIFEST_UNKNOWN"}]}'


@pytest.fixture
def server() -> Iterator[Registry]:
    """A registry with an image at 1.0.0."""
    with Registry() as found:
        found.push("app", "1.0.0")
        yield found


def client(login: Credentials | None = None) -> Client:
    """Return a client with a login."""
    return Client(RegistryConnections(login or Credentials()))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 410, 500, 501])
def test_an_image_is_there_whatever_a_head_is_answered(
    server: Registry, status: int, question: str
) -> None:
    server.refusals = [("^HEAD", status, b"")]
    getattr(client(), question)(server.name("app"), "1.0.0")
    with pytest.raises(AbsentError):
        getattr(client(), question)(server.name("app"), "9.9.9")


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("status", [401, 404, 405, 501])
def test_a_registry_that_lists_no_tags_still_says_that_a_manifest_is_unknown(
    server: Registry, status: int, question: str
) -> None:
    server.refusals = [("tags/list", status, b"")]
    with pytest.raises(AbsentError):
        getattr(client(), question)(server.name("app"), "9.9.9")


def test_a_404_that_says_nothing_is_decided_by_the_list_of_tags(server: Registry) -> None:
    server.refusals = [("manifests", 404, b"<html>not found</html>"), ("^HEAD.*tags", 404, b"")]
    with pytest.raises(AbsentError):
        client().resolve(server.name("app"), "9.9.9")
    server.refusals += [("tags", 404, b"<html>not found</html>")]
    with pytest.raises(RegistryError, match="does not know that name"):
        client().resolve(server.name("app"), "9.9.9")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", []),
        ("Basic", [("basic", {})]),
        ('Basic realm="a, b"', [("basic", {"realm": "a, b"})]),
        ('bearer realm="https://t/x?a=b,c" , service = "r"',
         [("bearer", {"realm": "https://t/x?a=b,c", "service": "r"})]),
        ("Bearer realm=https://t/x?a=b,service=r,scope=repository:a:pull",
         [("bearer", {"realm": "https://t/x?a=b", "service": "r", "scope": "repository:a:pull"})]),
        ('Basic realm="r", Bearer realm="https://t",service="s"',
         [("basic", {"realm": "r"}), ("bearer", {"realm": "https://t", "service": "s"})]),
        ('Negotiate, Bearer REALM = "https://t" service="s", Basic',
         [("negotiate", {}), ("bearer", {"realm": "https://t", "service": "s"}), ("basic", {})]),
        (r'Bearer realm="https://t/\"q\"", realm="https://second"',
         [("bearer", {"realm": 'https://t/"q"'})]),
        ('realm="https://t"', []),
        ('Bearer realm="https://t', [("bearer", {}), ("realm", {}), ("https", {}), ("t", {})]),
    ],
)  # fmt: skip
def test_challenges_are_read_as_rfc_9110_has_them(
    header: str, wanted: list[tuple[str, dict[str, str]]]
) -> None:
    found = challenges(header)
    assert [(one.scheme, one.parameters) for one in found[: len(wanted)]] == wanted
    assert len(found) == len(wanted) or "https" in [one.scheme for one in found]


@pytest.mark.parametrize("hostile", ['a="' * 5000, "\\" * 9000, "=" * 9000, 'a="\\' * 3000])
def test_a_hostile_challenge_is_read_in_a_moment(hostile: str) -> None:
    assert all(isinstance(one, Challenge) for one in challenges(f"Bearer {hostile}"))


@pytest.mark.parametrize(
    "lines",
    [
        ['Bearer realm="http://HOST/token",service="registry"'],
        ["bearer realm=http://HOST/token, service=registry"],
        ['BEARER  realm = "http://HOST/token" , service = "registry"'],
        ['Basic realm="registry"', 'Bearer realm="http://HOST/token",service="registry"'],
        ['Bearer realm="http://HOST/token",service="registry"', 'Basic realm="registry"'],
        ['Basic realm="registry", Bearer realm="http://HOST/token",service="registry"'],
        ["Negotiate", 'Bearer service="registry",realm="http://HOST/token"'],
    ],
)
@pytest.mark.parametrize("bearer", [True, False])
def test_a_login_is_given_however_it_is_asked_for(
    server: Registry, lines: list[str], *, bearer: bool
) -> None:
    server.user, server.bearer, server.challenges = ("ci", "pw"), bearer, lines
    login = Credentials({server.host: Login("ci", "pw")})
    if bearer or any("asic" in line for line in lines):
        client(login).resolve(server.name("app"), "1.0.0")
        with pytest.raises(AbsentError):
            client(login).resolve(server.name("app"), "9.9.9")
    else:
        with pytest.raises(RegistryError, match="401"):
            client(login).resolve(server.name("app"), "1.0.0")


def test_an_unusable_token_service_leaves_the_other_way_in(server: Registry) -> None:
    server.user = ("ci", "pw")
    login = Credentials({server.host: Login("ci", "pw")})
    for realm in ("ftp://HOST/token", "http://[bad", "http://registry.invalid/token", ""):
        server.challenges = [f'Bearer realm="{realm}"', 'Basic realm="registry"']
        client(login).resolve(server.name("app"), "1.0.0")


def index(server: Registry, *members: dict[str, Any], tag: str = "2.0.0") -> str:
    """Put an index of members under a tag, and return its digest."""
    return put(server, {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(members)}, tag)


def put(server: Registry, document: dict[str, Any], tag: str, kind: str = INDEX) -> str:
    """Put a manifest under a tag, and return its digest."""
    data, repository = json.dumps(document).encode(), server.repositories["app"]
    repository.manifests[digest(data)] = (kind, data)
    repository.tags[tag] = digest(data)
    return digest(data)


def member(name: str, **more: object) -> dict[str, Any]:
    """Return what an index says of one member."""
    kind = "application/vnd.oci.image.manifest.v1+json"
    return {"mediaType": kind, "digest": name, "size": 1, **more}


def test_platforms_that_an_index_does_not_say_are_read_from_its_members(server: Registry) -> None:
    amd = server.push("app", "a", platforms=["linux/amd64"], created="2026-03-01T00:00:00Z")
    arm = server.push("app", "b", platforms=["linux/arm64/v8"])
    index(server, member(arm), member(amd))
    found = client().describe(server.name("app"), "2.0.0")
    assert found.platforms == ("linux/amd64", "linux/arm64/v8")
    assert found.created is not None
    assert found.created.month == 3


@pytest.mark.parametrize(
    "made",
    [
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1980-01-01T00:00:01Z",
        "2026-01-01T00:00:00",
        "soon",
    ],
)
def test_reproducible_builds_do_not_say_when_they_were_made(server: Registry, made: str) -> None:
    server.push("app", "1.0.0", created=made)
    assert client().describe(server.name("app"), "1.0.0").created is None


def test_an_index_in_an_index_is_read(server: Registry) -> None:
    inner = server.push("app", "a", platforms=["linux/amd64", "linux/arm64"])
    index(server, {**member(inner), "mediaType": INDEX})
    found = client().describe(server.name("app"), "2.0.0")
    assert found.platforms == ("linux/amd64", "linux/arm64")
    assert found.created is not None


def test_a_broken_member_of_an_index_does_not_spoil_the_others(server: Registry) -> None:
    image = server.push("app", "a", platforms=["linux/amd64"])
    old = {"schemaVersion": 1, "name": "app", "tag": "x", "fsLayers": []}
    schema_1 = put(server, old, "x", "application/vnd.docker.distribution.manifest.v1+json")
    gone = "sha256:" + "0" * 64
    index(server, member(schema_1), member(gone), member(image))
    found = client().describe(server.name("app"), "2.0.0")
    assert found.platforms == ("linux/amd64",)
    attested = {"platform": {"os": "unknown", "architecture": "unknown"}}
    index(server, member(gone, **attested), member(image), tag="2.1.0")
    assert client().describe(server.name("app"), "2.1.0").platforms == ("linux/amd64",)
    missing = {"platform": {"os": "linux", "architecture": "amd64"}}
    index(server, member(gone, **missing), member(image), tag="2.2.0")
    assert client().describe(server.name("app"), "2.2.0").created is not None


def test_a_member_that_cannot_be_read_now_is_not_taken_for_one_that_is_not_there(
    server: Registry,
) -> None:
    image = server.push("app", "a", platforms=["linux/amd64"])
    index(server, member(image))
    server.refusals = [(f"manifests/{image}", 500, b"")]
    with pytest.raises(RegistryError, match="500"):
        client().describe(server.name("app"), "2.0.0")


def test_an_index_without_end_is_an_error(server: Registry) -> None:
    images = [server.push("app", created=f"2026-01-01T00:00:{n:02}Z") for n in range(40)]
    index(server, *(member(one) for one in images))
    with pytest.raises(RegistryError, match="too many members"):
        client().describe(server.name("app"), "2.0.0")


def test_an_artifact_that_is_no_container_image_has_no_platform(server: Registry) -> None:
    config = {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest(b"{}")}
    kind = "application/vnd.oci.image.manifest.v1+json"
    put(server, {"schemaVersion": 2, "config": config, "layers": []}, "chart", kind)
    found = client().describe(server.name("app"), "chart")
    assert (found.platforms, found.created, server.asked("blobs")) == ((), None, 0)


@pytest.mark.parametrize(
    ("image", "wanted", "serves"),
    [
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/v8", "linux/arm64", True),
        ("linux/arm64/v8", "linux/arm64/v8", True),
        ("linux/arm64/v9", "linux/arm64", True),
        ("linux/arm64", "linux/arm64/v9", False),
        ("linux/amd64", "linux/amd64/v1", True),
        ("linux/amd64", "linux/amd64/v3", False),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/arm/v6", "linux/arm/v7", False),
        ("linux/arm/v7", "linux/arm64", False),
        ("linux/arm64", "linux/arm", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_a_platform_serves_what_is_the_same_by_another_name(
    image: str, wanted: str, *, serves: bool
) -> None:
    assert is_for(image, wanted) is serves


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ({"os": "linux", "architecture": "aarch64"}, "linux/arm64"),
        ({"os": "linux", "architecture": "x86_64", "variant": "v2"}, "linux/amd64/v2"),
        ({"os": "unknown", "architecture": "unknown"}, None),
        ({"os": "linux", "architecture": ""}, None),
        ({"os": "linux", "architecture": ["amd64"]}, None),
        ("linux/amd64", None),
        (None, None),
    ],
)
def test_a_platform_is_named_as_container_runtimes_do(value: object, name: str | None) -> None:
    assert platform(value) == name
