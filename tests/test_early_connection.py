"""The connection that is opened while the settings are read: it carries the first question, or nothing."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from urllib3 import Timeout

from promoter.system.http import HttpRequest, send_request
from promoter.system.pools import Pools
from tests.benchmarks.measure import Hub
from tests.servers.certificate import make as make_certificate
from tests.world import BRANCH, Repository, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Counted(Hub):
    """A GitHub over TLS that counts the connections it accepts."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.accepted = 0
        accept = self._server.get_request

        def counted() -> Any:
            found = accept()
            self.accepted += 1
            return found

        self._server.get_request = counted  # type: ignore[method-assign]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Counted]:
    server = Counted(tmp_path)
    aurora(server.repository)
    with server:
        yield server


def arguments(hub: Counted) -> list[str]:
    return ["--app", "aurora", "--tag", "9.9.1", "--repo", f"{hub.origin}/aurora-cloud/gitops.git"]


def environment(hub: Counted) -> dict[str, str]:
    return {"GITHUB_TOKEN": "good-token", "SSL_CERT_FILE": str(hub.authority)}


def test_a_run_by_api_asks_all_over_one_connection(hub: Counted) -> None:
    done = promote(*arguments(hub), "--transport", "api", env=environment(hub))
    assert done.code == 0, done.stderr
    assert "9.9.1" in Repository(hub.repository).read(
        "clusters/prod/apps/aurora/kustomization.yaml", BRANCH
    )
    assert (len(hub.seen), hub.accepted) == (2, 1)


def test_a_run_whose_settings_are_refused_asks_nothing(hub: Counted) -> None:
    done = promote(*arguments(hub), "--transport", "api", "--timeout", "soon", env=environment(hub))
    assert done.code == 2
    assert "--timeout" in done.stderr
    assert not hub.seen


def test_where_the_settings_say_another_api_that_one_is_asked(hub: Counted) -> None:
    nowhere = {"PROMOTER_API_URL": "https://127.0.0.1:9/api/v3"}
    with_flag = ("--transport", "api", "--api-url", f"{hub.origin}/api/v3")
    done = promote(*arguments(hub), *with_flag, env={**environment(hub), **nowhere})
    assert done.code == 0, done.stderr


def test_an_authority_that_the_server_is_not_of_is_told_as_ever(hub: Counted) -> None:
    done = promote(
        *arguments(hub), "--transport", "api", "--timeout", "3s", env={"GITHUB_TOKEN": "good-token"}
    )
    assert done.code == 5
    assert "no answer (its certificate is not trusted)" in done.stderr
    assert not hub.seen


@pytest.mark.parametrize("closes", [False, True], ids=["kept", "closed"])
def test_a_connection_that_is_open_is_used_and_another_is_opened_where_it_was_closed(
    tmp_path: Path, closes: bool
) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    accepted: list[ssl.SSLSocket] = []
    first_is_closed = threading.Event()

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection = context.wrap_socket(listener.accept()[0], server_side=True)
                accepted.append(connection)
                if closes and len(accepted) == 1:
                    connection.close()
                    first_is_closed.set()
                    continue
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: ssl.SSLSocket) -> None:
        with suppress(OSError), connection:
            while connection.recv(65536):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        pools = Pools(str(certificate))
        pools.open(url, 5)
        if closes:
            assert first_is_closed.wait(5)
        for _ in range(2):
            assert (
                send_request(pools.to(url), HttpRequest("GET", url, {}, 10), Timeout(5)).text
                == "ok"
            )
        pools.close()
    assert len(accepted) == (2 if closes else 1)
