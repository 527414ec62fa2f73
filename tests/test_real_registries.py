"""The command against real registries on this machine; skipped where their programs are not."""

from __future__ import annotations

import base64
import json
import shutil
from itertools import product
from typing import TYPE_CHECKING

import pytest

from promoter.registry.client import Registry
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials, Login
from promoter.registry.failures import AbsentError
from promoter.system.threads import answers
from tests.many_apps import BY_PULL, DEV, kustomization, make
from tests.servers import certificate, real_registry
from tests.servers.real_registry import PASSWORD, USER
from tests.thorough import thorough_after
from tests.world import Run, promote

if TYPE_CHECKING:
    from pathlib import Path

    from tests.world import Repository

pytestmark = pytest.mark.provisioned

FILE = kustomization("app")
LOGIN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def ask(repo: Repository, tag: str, env: dict[str, str] | None = None) -> Run:
    """Ask for a tag."""
    command = ("--app", "app", "--tag", tag, "--repo", str(repo.path), "--output", "json")
    return promote(*command, env=env)


@pytest.mark.parametrize("mode", thorough_after(1, ["token", "open", "htpasswd"]))
def test_debians_registry_is_read_with_and_without_a_login(tmp_path: Path, mode: str) -> None:
    if mode == "htpasswd" and not shutil.which("htpasswd"):
        pytest.skip("htpasswd is not on PATH")
    with real_registry.debian(tmp_path, mode) as host:
        given = {"open": None, "htpasswd": f"Basic {LOGIN}", "token": _bearer(host, mode)}[mode]
        digest = real_registry.push(host, "team/app", ["1.4.1", "1.4.2"], given)
        repo = make(tmp_path / "g.git", {"app": f"{host}/team/app"}, BY_PULL + "    pin: both\n")
        docker = tmp_path / "docker"
        docker.mkdir()
        (docker / "config.json").write_text(json.dumps({"auths": {host: {"auth": LOGIN}}}))
        env = {"DOCKER_CONFIG": str(docker)}
        missing = ask(repo, "9.9.9", env)
        assert missing.code == 4, missing.stdout
        done = ask(repo, "1.4.2", env)
        assert (done.code, done.json["warnings"]) == (0, [])
        text = repo.read(FILE, "promote/dev/app")
        assert f"digest: {digest}" in text
        body = done.json["pull_request"]["body"]
        assert "2026-01-02 03:04 UTC" in body
        if mode != "open":
            assert ask(repo, "1.4.2", {"DOCKER_CONFIG": str(tmp_path)}).code == 5


def test_debians_registry_is_read_by_tls_on_this_machine(tmp_path: Path) -> None:
    with real_registry.debian(tmp_path, "open") as host:
        digest = real_registry.push(host, "team/app", ["1.4.1"])
    files = certificate.make(tmp_path)
    with real_registry.debian(tmp_path, "open", files) as host:
        client = Registry(RegistryConnections(Credentials(), authorities=str(files[0])))
        assert str(client.prove(f"{host}/team/app", "1.4.1")) == digest
        with pytest.raises(AbsentError):
            client.resolve(f"{host}/team/app", "1.4.2")


@pytest.mark.thorough  # its passwords take long; tests/test_registry.py asks our own at once
def test_a_login_serves_all_who_ask_debians_registry_at_once(tmp_path: Path) -> None:
    if not shutil.which("htpasswd"):
        pytest.skip("htpasswd is not on PATH")
    with real_registry.debian(tmp_path, "htpasswd") as host:
        names = [f"app-{number}" for number in range(12)]
        for name in names:
            real_registry.push(host, name, ["1.4.1"], f"Basic {LOGIN}")
        client = Registry(RegistryConnections(Credentials({host: Login(USER, PASSWORD)})))
        found = list(answers(lambda name: client.tags(f"{host}/{name}"), names, len(names)))
    assert found == [("1.4.1",)] * len(names)


def _bearer(host: str, mode: str) -> str | None:
    """Return a token that may push, from the registry's own token service."""
    if mode != "token":
        return None
    import requests  # the tests alone push

    answer = requests.get(f"http://{host}/v2/", timeout=5)
    realm = answer.headers["WWW-Authenticate"].split('realm="')[1].split('"')[0]
    scope = {"scope": "repository:team/app:pull,push", "service": "registry"}
    found = requests.get(
        realm, params=scope, headers={"Authorization": f"Basic {LOGIN}"}, timeout=5
    )
    return f"Bearer {found.json()['token']}"


@pytest.mark.thorough  # pages of our own registry are read in tests/test_registry_pages.py
@pytest.mark.parametrize(("minors", "kind"), list(product([11, 50], ["debian", "crane"])))
def test_policies_choose_over_more_tags_than_a_page_has(
    tmp_path: Path, kind: str, minors: int
) -> None:
    running = real_registry.crane() if kind == "crane" else real_registry.debian(tmp_path, "open")
    tags = [f"1.{minor}.{patch}" for minor in range(minors) for patch in range(100)]
    with running as host:
        if kind == "crane":
            real_registry.push(host, "team/app", ["1.4.1", *tags])
        else:
            real_registry.push(host, "team/app", ["1.4.1"])
            _tag_on_disk(tmp_path / "data", tags)
        for policy, wanted in (("<1.9", "1.8.99"), ("*", f"1.{minors - 1}.99")):
            text = DEV + f'    policy: {{semver: "{policy}"}}\n'
            repo = make(tmp_path / f"{wanted}.git", {"app": f"{host}/team/app"}, text)
            run = promote("auto", "--repo", str(repo.path), "--output", "json")
            assert run.code == 0, run.stderr
            assert f"newTag: {wanted} " in repo.read(FILE)


def _tag_on_disk(root: Path, tags: list[str]) -> None:
    """Give an image thousands of tags as the registry itself stores them."""
    folder = root / "docker/registry/v2/repositories/team/app/_manifests/tags"
    link = (folder / "1.4.1/current/link").read_text()
    algorithm, _, value = link.partition(":")
    for tag in tags:
        for place in (f"{tag}/current", f"{tag}/index/{algorithm}/{value}"):
            (folder / place).mkdir(parents=True, exist_ok=True)
            (folder / place / "link").write_text(link)
