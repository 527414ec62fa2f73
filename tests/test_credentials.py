"""Logins out of Docker's files and programs: whose they are, and what is told where there is none."""

from __future__ import annotations

import base64
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import UsageError
from promoter.registry import credentials
from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials, Login, read_credentials
from promoter.registry.failures import RegistryError
from promoter.system import limits
from promoter.system.budget import Share
from tests.servers.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

HUB = "https://index.docker.io/v1/"


def read(path: Path, **configuration: object) -> Credentials:
    """Return the logins of a configuration."""
    file = path / "config.json"
    file.write_text(json.dumps(configuration))
    return read_credentials((path / "absent", file), None, dict(os.environ))


def entry(user: str) -> dict[str, str]:
    """Return an entry of `auths`."""
    return {"auth": base64.b64encode(f"{user}:s:with colon".encode()).decode()}


def program(path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a credential program by the name of `test` on PATH."""
    file = path / "docker-credential-test"
    file.write_text(f"#!/bin/sh\nread host\necho $host >> {path}/asked\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{path}:{os.environ['PATH']}")


def asked(path: Path) -> list[str]:
    """Return what a credential program was asked for."""
    return (path / "asked").read_text().split()


@pytest.mark.parametrize(
    "key",
    [
        "r.example", "https://r.example", "http://r.example", "https://r.example/v1/",
        "r.example/v2", "R.Example", "r.example/",
    ],
)  # fmt: skip
def test_a_host_is_known_however_its_key_is_written(tmp_path: Path, key: str) -> None:
    found = read(tmp_path, auths={key: entry("u")})
    assert found.of("r.example", "team/app") == Login("u", "s:with colon")
    assert found.of("other.example", "team/app") is None
    assert "with colon" not in repr(found)


@pytest.mark.parametrize(
    "key", [HUB, "docker.io", "index.docker.io", "https://registry-1.docker.io"]
)
def test_the_hub_answers_to_all_its_names(tmp_path: Path, key: str) -> None:
    found = read(tmp_path, auths={key: entry("u")})
    assert found.of("registry-1.docker.io", "library/nginx") == Login("u", "s:with colon")


@pytest.mark.parametrize(
    ("repository", "user"),
    [
        ("team/app", "app"), ("team/app/part", "app"), ("team/apple", "team"), ("team", "team"),
        ("teams/app", "host"), ("other", "host"),
    ],
)  # fmt: skip
def test_the_login_that_names_most_of_an_image_wins(
    tmp_path: Path, repository: str, user: str
) -> None:
    keys = {"r.example/team": "team", "r.example": "host", "r.example/team/app": "app"}
    found = read(tmp_path, auths={key: entry(name) for key, name in keys.items()})
    login = found.of("r.example", repository)
    assert login is not None
    assert login.user == user


def test_one_namespaces_login_is_never_offered_to_another(tmp_path: Path) -> None:
    found = read(tmp_path, auths={"r.example/team": entry("team")})
    assert found.of("r.example", "other/app") is None


def test_programs_are_asked_for_what_the_file_does_not_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = '[ "$host" = helped.example ] || exit 1\necho \'{"Username":"u2","Secret":"s2"}\''
    program(tmp_path, monkeypatch, script)
    helpers = {"helped.example": "test", "evil.example": "../../bin/sh"}
    found = read(tmp_path, auths={"no": {}}, credHelpers=helpers, credsStore="test")
    assert found.of("helped.example") == Login("u2", "s2")
    assert found.of("evil.example") is None
    assert found.of("unknown.example") is None


def test_a_hosts_program_comes_before_its_login_in_the_file_and_after_one_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = '[ "$host" = new.example ] || exit 1\necho \'{"Username":"u2","Secret":"s2"}\''
    program(tmp_path, monkeypatch, script)
    hosts = ("new.example", "gone.example", "plain.example")
    helpers = dict.fromkeys(hosts[:2], "test")
    found = read(tmp_path, auths={one: entry("old") for one in hosts}, credHelpers=helpers)
    known = [found.of(host) for host in hosts]
    assert [one.user for one in known if one] == ["u2", "old", "old"]
    given = Credentials({"new.example": Login("g", "p")}, helpers, given="new.example")
    assert given.of("new.example") == Login("g", "p")


def test_a_program_is_asked_once_for_each_host_however_many_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, 'sleep 0.2\necho \'{"Username":"u","Secret":"s"}\'')
    found = read(tmp_path, credsStore="test")
    with ThreadPoolExecutor(16) as pool:
        logins = set(pool.map(lambda n: found.of("r.example", f"app-{n}"), range(16)))
    assert logins == {Login("u", "s")}
    assert asked(tmp_path) == ["r.example"]


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("echo secret; exit 3", "docker-credential-test failed with status 3"),
        ("exec sleep 9", "docker-credential-test gave no answer"),
        ("exec yes", "docker-credential-test printed more than is read"),
        ("echo nonsense", "something else than JSON"),
        ("echo 'credentials not found in native keychain'; exit 1", ""),
    ],
)
def test_a_program_that_does_not_work_is_told_of_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str
) -> None:
    program(tmp_path, monkeypatch, script)
    monkeypatch.setattr(credentials, "CREDENTIALS", Share(0.5))
    monkeypatch.setattr(limits, "OUTPUT_LIMIT", 1 << 16)
    with Registry() as server:
        server.push("app", "1.0.0")
        server.user = ("ci", "pw")
        with pytest.raises(RegistryError, match="401 UNAUTHORIZED") as caught:
            Client(RegistryConnections(read(tmp_path, credsStore="test"))).tags(server.name("app"))
    assert told in caught.value.message
    assert "docker-credential" in caught.value.message or not told
    assert "secret" not in caught.value.message
    assert "sleep" not in script or asked(tmp_path) == [server.host]


def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, credsStore="nowhere")
    assert found.of("r.example") is None
    assert found.failure("r.example") == "docker-credential-nowhere is not on PATH"


def test_broken_credentials_are_named_without_their_content(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text("{secret")
    with pytest.raises(UsageError, match=r"config\.json") as caught:
        read_credentials((file,), None, {})
    assert "secret" not in str(caught.value)


def refusal(server: Registry, login: Login | None) -> RegistryError:
    """Return how a registry that lets only ci in is told of."""
    server.push("app", "1.0.0")
    server.user = ("ci", "pw")
    credentials = Credentials({server.host: login} if login else {})
    with pytest.raises(RegistryError) as caught:
        Client(RegistryConnections(credentials)).tags(server.name("app"))
    return caught.value


def encoded(**values: object) -> str:
    """Return JSON in Base64, as tokens carry it."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


PAST, FUTURE = 1_000_000_000, 9_000_000_000


@pytest.mark.parametrize(
    ("login", "words"),
    [
        (None, "no login for HOST is known"),
        (Login("ci", "wrong"), "the login for HOST is refused"),
        (Login("ci", encoded(expiration=PAST)), "the login for HOST has expired"),
        (Login("ci", encoded(expiration=FUTURE)), "the login for HOST is refused"),
        (Login("ci", f"{encoded(alg='x')}.{encoded(exp=PAST)}.s"), "the login for HOST has expired"),
        (Login("ci", f"{encoded(alg='x')}.{encoded(exp='soon')}.s"), "the login for HOST is refused"),
        (Login("ci", "e30"), "the login for HOST is refused"),
        (Login("<token>", "stale"), "the identity token for HOST is refused: it has expired or"),
    ],
)  # fmt: skip
def test_no_login_a_wrong_one_and_an_old_one_read_differently(
    login: Login | None, words: str
) -> None:
    with Registry() as server:
        server.bearer = login is not None and login.is_token
        told = refusal(server, login)
        assert words.replace("HOST", server.host) in told.message
        assert f"docker login {server.host}" in told.hint


def test_a_registry_that_says_that_a_login_has_expired_is_believed() -> None:
    said = b'{"errors": [{"code": "DENIED", "message": "Your token has expired."}]}'
    with Registry() as server:
        server.refusals = [("tags", 403, said)]
        told = refusal(server, Login("ci", "pw"))
        assert f"403 DENIED): the login for {server.host} has expired" in told.message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_password_is_used_without_the_line_break_that_it_ends_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    program(
        tmp_path,
        monkeypatch,
        f"printf '%s' '{json.dumps({'Username': 'ci', 'Secret': f'pw{end}'})}'",
    )
    for settings in (
        {"credsStore": "test"},
        {"auths": {"HOST": {"username": "ci", "password": f"pw{end}"}}},
        {"auths": {"HOST": {"auth": base64.b64encode(f"ci:pw{end}".encode()).decode()}}},
    ):
        with Registry() as server:
            server.push("app", "1.0.0")
            server.user = ("ci", "pw")
            text = json.dumps(settings).replace("HOST", server.host)
            found = read(tmp_path, **json.loads(text))
            assert Client(RegistryConnections(found)).tags(server.name("app")) == ("1.0.0",)
