"""What counts as an image: an answer of status 200 is one only where it holds a manifest."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials
from promoter.registry.failures import LyingError, RegistryError
from tests.many_apps import DEV, kustomization, make
from tests.servers.registry import INDEX, Registry, digest
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OCI = "application/vnd.oci.image.manifest.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws"
PAGE = b"<!doctype html><title>Log in</title>"
CONFIG = {"digest": "sha256:" + "a" * 64}
IMAGE = {"schemaVersion": 2, "mediaType": OCI, "config": CONFIG, "layers": []}
LIST = {"schemaVersion": 2, "manifests": [{"mediaType": OCI, **CONFIG}]}
QUESTIONS = ("resolve", "prove", "describe")


@pytest.fixture
def server() -> Iterator[Registry]:
    """A registry with an image at 1.0.0."""
    with Registry() as found:
        found.push("app", "1.0.0")
        yield found


def client() -> Client:
    """Return a client that is nobody."""
    return Client(RegistryConnections(Credentials()))


def answers(server: Registry, body: bytes, headers: dict[str, str]) -> None:
    """Have a registry answer every question about a manifest with these bytes."""
    server.says = lambda path: (body, headers) if "/manifests/" in path else None


@pytest.mark.parametrize("question", thorough_after(1, QUESTIONS))
@pytest.mark.parametrize("reference", ["9.9.9", digest(PAGE), digest(b"something else")])
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/html; charset=utf-8"},
        {"Content-Type": "TEXT/HTML", "Docker-Content-Digest": digest(PAGE)},
        {"Docker-Content-Digest": digest(PAGE)},
        {"Content-Type": "application/json"},
        {},
    ],
)
def test_a_login_page_is_never_an_image(
    server: Registry, question: str, reference: str, headers: dict[str, str]
) -> None:
    answers(server, PAGE, headers)
    with pytest.raises(RegistryError):
        getattr(client(), question)(server.name("app"), reference)


@pytest.mark.parametrize("question", thorough_after(1, QUESTIONS))
@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        ("text/html", IMAGE),
        ("application/json", {"message": "blocked by policy"}),
        ("application/json", [IMAGE]),
        ("application/json", "1.0.0"),
        (SCHEMA_1, {"schemaVersion": 1, "name": "app", "tag": "1.0.0", "fsLayers": []}),
        (OCI, {"schemaVersion": 1, "name": "app", "tag": "1.0.0", "fsLayers": []}),
        (OCI, {}),
        (OCI, {"schemaVersion": 2}),
        (OCI, {"schemaVersion": 2, "config": CONFIG}),
        (OCI, {"schemaVersion": 2, "config": None, "layers": []}),
        (OCI, {"schemaVersion": "2", "config": CONFIG, "layers": []}),
        (OCI, {**IMAGE, "mediaType": DOCKER}),
        (OCI, {**IMAGE, "mediaType": "text/html"}),
        (OCI, {**IMAGE, "mediaType": ["x"]}),
        (OCI, {**IMAGE, "manifests": []}),
        (OCI, LIST),
        (INDEX, {"schemaVersion": 2, "config": CONFIG, "layers": []}),
        (INDEX, {"schemaVersion": 2, "manifests": None}),
        (INDEX, {"schemaVersion": 2, "manifests": []}),
        ("application/vnd.example+json", IMAGE),
    ],
)  # fmt: skip
def test_what_is_not_a_manifest_is_never_an_image(
    server: Registry, question: str, content_type: str, document: object
) -> None:
    answers(server, json.dumps(document).encode(), {"Content-Type": content_type})
    with pytest.raises(RegistryError):
        getattr(client(), question)(server.name("app"), "1.0.0")


@pytest.mark.parametrize(
    ("content_type", "document"),
    [
        (OCI, {"schemaVersion": 2, "config": CONFIG, "layers": []}),
        (OCI, IMAGE),
        (f"{DOCKER}; charset=utf-8", {**IMAGE, "mediaType": DOCKER}),
        (INDEX, LIST),
        (DOCKER_LIST.upper(), {**LIST, "mediaType": DOCKER_LIST}),
        ("application/json", IMAGE),
        ("text/plain", LIST),
        ("", {**LIST, "mediaType": INDEX}),
    ],
)  # fmt: skip
def test_a_manifest_is_known_by_its_type_or_by_what_it_says_itself(
    server: Registry, content_type: str, document: object
) -> None:
    data = json.dumps(document).encode()
    answers(server, data, {"Content-Type": content_type})
    for reference in ("1.0.0", digest(data)):
        assert str(client().prove(server.name("app"), reference)) == digest(data)
        assert str(client().resolve(server.name("app"), reference)) == digest(data)


@pytest.mark.parametrize("question", QUESTIONS)
def test_bytes_must_be_those_that_were_asked_for_and_those_that_are_named(
    server: Registry, question: str
) -> None:
    data = json.dumps(IMAGE).encode()
    answers(server, data, {"Content-Type": OCI})
    with pytest.raises(LyingError):
        getattr(client(), question)(server.name("app"), digest(b"something else"))
    sha512 = f"sha512:{hashlib.sha512(b'something else').hexdigest()}"
    for named in (digest(b"something else"), sha512, "not a digest"):
        answers(server, data, {"Content-Type": "application/json", "Docker-Content-Digest": named})
        with pytest.raises(LyingError):
            getattr(client(), question)(server.name("app"), "1.0.0")


@pytest.mark.parametrize("pin", thorough_after(2, ["tag", "both", "digest"]))
def test_a_login_page_is_never_pinned(tmp_path: Path, server: Registry, pin: str) -> None:
    answers(server, PAGE, {"Content-Type": "text/html", "Docker-Content-Digest": digest(PAGE)})
    policy = DEV + f"    pin: {pin}\n"
    repo = make(tmp_path / "gitops.git", {"app": server.name("app")}, policy)
    asked = ("--app", "app", "--tag", "9.9.9", "--repo", str(repo.path), "--output", "json")
    run = promote(*asked)
    if pin == "tag":
        assert any("could not be checked" in one for one in run.json["warnings"])
    else:
        assert run.code == 5
    assert "sha256:" not in repo.read(kustomization("app"))


def test_auto_never_pins_a_login_page(tmp_path: Path, server: Registry) -> None:
    answers(server, PAGE, {"Content-Type": "text/html", "Docker-Content-Digest": digest(PAGE)})
    policy = DEV + "    pin: digest\n    policy: {semver: '*'}\n"
    repo = make(tmp_path / "gitops.git", {"app": server.name("app")}, policy)
    before = repo.read(kustomization("app"))
    run = promote("auto", "--repo", str(repo.path), "--output", "json")
    assert run.code == 5, run.stdout
    assert repo.read(kustomization("app")) == before
