"""How registries are reached: in time, by TLS or not, through trouble, and no further than is safe."""

from __future__ import annotations

import socket
import threading
import traceback
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import PromoteError, UsageError
from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials, Login
from promoter.registry.failures import AbsentError, RegistryError
from tests.servers import certificate
from tests.servers.registry import Registry
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

APPS = [f"app-{number}" for number in range(40)]


@pytest.fixture
def server() -> Iterator[Registry]:
    """A registry with many images at 1.0.0."""
    with Registry() as found:
        for app in ("app", *APPS):
            found.push(app, "1.0.0")
        yield found


def login(server: Registry) -> Credentials:
    """Return the login that a registry with a user wants."""
    server.user = ("ci", "pw")
    return Credentials({server.host: Login("ci", "pw")})


def together(ask: Callable[[str], object], apps: list[str]) -> list[object]:
    """Return what is answered about many apps at once, errors included."""

    def one(app: str) -> object:
        try:
            return ask(app)
        except PromoteError as error:
            return error

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(one, apps))


@pytest.mark.parametrize("bearer", [False, True])
def test_a_login_serves_all_who_ask_at_once(server: Registry, *, bearer: bool) -> None:
    client, server.bearer, server.delay = Client(RegistryConnections(login(server))), bearer, 0.02
    found = together(lambda app: client.tags(server.name(app)), APPS)
    assert found == [("1.0.0",)] * len(APPS)


def test_a_question_that_many_ask_is_put_once(server: Registry) -> None:
    client, server.delay = Client(RegistryConnections(Credentials())), 0.1
    found = together(lambda app: client.tags(server.name(app)), ["app"] * 16)
    assert found == [("1.0.0",)] * 16
    assert len(server.seen) == 1


def test_a_failure_that_is_told_again_keeps_its_length(server: Registry) -> None:
    client = Client(RegistryConnections(Credentials()))
    depths = []
    for _ in range(3):
        with pytest.raises(AbsentError) as caught:
            client.resolve(server.name("app"), "2.0.0")
        depths.append(len(traceback.extract_tb(caught.value.__traceback__)))
    assert depths[1] == depths[2]


@pytest.mark.parametrize("what", ["drip the body", "drip the headers"])
@pytest.mark.parametrize("path", ["tags", "token"])
def test_an_answer_that_drips_ends_with_our_patience(
    server: Registry, path: str, what: str
) -> None:
    credentials, server.bearer = login(server), True
    server.faults = [(path, what, {}), (path, what, {})]
    with pytest.raises(RegistryError, match=r"gives no answer \(not within 0\.5 s\)"):
        Client(RegistryConnections(credentials, patience=0.5)).tags(server.name("app"))


def test_a_token_without_end_is_not_read(server: Registry) -> None:
    credentials, server.bearer = login(server), True
    server.says = lambda path: (b" " * 1_000_000, {}) if path.startswith("/token") else None
    with pytest.raises(RegistryError, match="longer than 65,536 bytes"):
        Client(RegistryConnections(credentials)).tags(server.name("app"))


@pytest.mark.parametrize("fault", ["reset", 0])
def test_a_connection_that_is_cut_is_made_anew(server: Registry, fault: int | str) -> None:
    server.faults = [("tags", fault, {})] * 2
    client = Client(RegistryConnections(Credentials()))
    assert client.tags(server.name("app")) == ("1.0.0",)


def test_the_first_of_several_failures_is_told(server: Registry) -> None:
    server.faults = [("tags", "reset", {})] * 9
    with pytest.raises(RegistryError, match=r"no answer \(the connection was cut\)"):
        Client(RegistryConnections(Credentials())).tags(server.name("app"))
    assert len(server.seen) == 3
    with pytest.raises(RegistryError, match=r"no answer \(no connection\)"):
        Client(RegistryConnections(Credentials())).tags("127.0.0.1:9/app")


@pytest.mark.parametrize("status", thorough_after(1, [503, 502, 504]))
def test_a_broken_registry_is_left_alone_soon(server: Registry, status: int) -> None:
    apps = [f"app-{number}" for number in range(300)]
    server.faults = [("tags", status, {})] * 2000
    client = Client(RegistryConnections(Credentials()))
    found = together(lambda app: client.tags(server.name(app)), apps)
    assert all(isinstance(one, RegistryError) and one.may_pass for one in found)
    assert len(server.seen) <= 16 * 4


def test_tls_is_spoken_where_it_is_and_no_login_goes_in_the_clear(tmp_path: Path) -> None:
    files = certificate.make(tmp_path)
    with Registry(tls=files) as server:
        server.push("app", "1.0.0")
        credentials = login(server)
        client = Client(RegistryConnections(credentials, authorities=str(files[0])))
        assert client.tags(server.name("app")) == ("1.0.0",)
        with pytest.raises(AbsentError):
            client.resolve(server.name("app"), "7.7.7")
        stranger = Client(RegistryConnections(credentials))
        with pytest.raises(RegistryError, match="certificate is not trusted") as caught:
            stranger.tags(server.name("app"))
        assert "SSL_CERT_FILE" in caught.value.hint
        with pytest.raises(UsageError, match="cannot be read"):
            Client(RegistryConnections(credentials, authorities=str(tmp_path / "no"))).tags(
                server.name("app")
            )


def test_plain_http_is_found_once_and_asked_nothing_in_vain(server: Registry) -> None:
    client = Client(RegistryConnections(Credentials()))
    together(lambda app: client.tags(server.name(app)), APPS)
    assert len(server.seen) == len(APPS)


@pytest.mark.parametrize(
    "place",
    ["http://registry.invalid/v2/x", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://[x/"],
)
def test_nobody_is_led_where_it_is_not_safe(server: Registry, place: str) -> None:
    server.faults = [("manifests", 307, {"Location": place})]
    with pytest.raises(RegistryError):
        Client(RegistryConnections(Credentials())).resolve(server.name("app"), "1.0.0")


def test_nobody_is_led_from_another_host_to_this_machine(
    server: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{server.host}")
    connection = RegistryConnections(Credentials(), plain=frozenset({"behind-a-proxy.invalid"}))
    server.faults = [("tags", 307, {"Location": f"http://{server.host}/v2/app/tags/list"})]
    with pytest.raises(RegistryError, match="redirects to http://127"):
        Client(connection).tags("behind-a-proxy.invalid/app")
    assert len(server.seen) == 1


def test_redirects_that_go_round_end(server: Registry) -> None:
    server.faults = [("tags", 307, {"Location": f"/v2/app/tags/list?{n}"}) for n in range(9)]
    with pytest.raises(RegistryError, match="without end"):
        Client(RegistryConnections(Credentials())).tags(server.name("app"))


def test_a_login_stays_at_its_host_and_comes_along_on_it(server: Registry) -> None:
    client = Client(RegistryConnections(login(server)))
    client.tags(server.name("app"))
    server.faults = [("tags", 307, {"Location": "/v2/app-2/tags/list"})]
    assert client.tags(server.name("app-1")) == ("1.0.0",)
    with Registry() as other:
        other.push("app", "1.0.0")
        server.faults = [("tags", 307, {"Location": f"http://{other.host}/v2/app/tags/list"})]
        assert client.tags(server.name("app-3")) == ("1.0.0",)
        assert other.logins == [None]


@pytest.mark.parametrize("compresses", thorough_after(1, [True, False]))
@pytest.mark.parametrize(
    ("begin", "again", "count", "end"),
    thorough_after(
        4,
        [
            (b'{"tags": ["', b"a", 9 << 20, b'"]}'),
            (b'{"tags": [', b'"a",', 400_000, b'"a"]}'),
            (b'{"tags": [', b"[],", 2_000_000, b"[]]}"),
            (b'{"a": ', b"[", 8_000_000, b""),
            (b"", b" ", 64 << 20, b""),
        ],
    ),
)
def test_a_list_of_tags_takes_no_more_memory_than_it_may(
    server: Registry, begin: bytes, again: bytes, count: int, end: bytes, *, compresses: bool
) -> None:
    body = begin + again * count + end
    server.says, server.compresses = (lambda _: (body, {})), compresses
    client = Client(RegistryConnections(Credentials(), patience=30))
    tracemalloc.start()
    try:
        with pytest.raises(RegistryError, match=r"longer than|more than|does not answer"):
            client.tags(server.name("app"))
        # The server's own bytes, compressed or not, are in this process, too.
        assert tracemalloc.get_traced_memory()[1] < len(body) + (60 << 20)
    finally:
        tracemalloc.stop()


def test_a_compressed_answer_is_read(server: Registry) -> None:
    server.compresses = True
    client = Client(RegistryConnections(Credentials()))
    assert client.tags(server.name("app")) == ("1.0.0",)
    assert client.describe(server.name("app"), "1.0.0").platforms == ("linux/amd64",)


def test_a_hundred_thousand_long_tags_in_one_answer_are_read(server: Registry) -> None:
    tags = [f"main-{number:040x}-{number}" for number in range(100_000)]
    server.push("many", *tags)
    server.whole = True
    client = Client(RegistryConnections(Credentials(), patience=30))
    assert len(client.tags(server.name("many"))) == 100_000


@pytest.mark.parametrize("realm", ["http://127.0.0.1:{port}/token", "https://localhost:{port}/t"])
def test_nobody_elses_registry_sends_a_login_to_this_machine(
    server: Registry, monkeypatch: pytest.MonkeyPatch, realm: str
) -> None:
    monkeypatch.setenv("http_proxy", f"http://{server.host}")
    name = "behind-a-proxy.invalid"
    with Registry() as local:
        server.challenges = [f'Bearer realm="{realm.format(port=local.host.partition(":")[2])}"']
        server.user, server.bearer = ("ci", "pw"), True
        logins = Credentials({name: Login("ci", "pw")})
        client = Client(RegistryConnections(logins, plain=frozenset({name})))
        with pytest.raises(RegistryError, match="401"):
            client.tags(f"{name}/app")
        assert local.seen == []


def test_a_name_that_is_looked_up_without_end_ends_with_our_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: release.wait(60))
    try:
        with pytest.raises(RegistryError, match=r"not within 0\.3 s"):
            Client(RegistryConnections(Credentials(), patience=0.3)).tags("registry.example/app")
    finally:
        release.set()
