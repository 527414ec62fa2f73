"""A company's GitHub: behind a proxy, and with a certificate of the company's own authority."""

from __future__ import annotations

from hashlib import sha1
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from tests.benchmarks.measure import Hub
from tests.servers.proxy import Proxy
from tests.thorough import thorough_after
from tests.world import Run, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "ghe.example.org"
LOGIN = "us er:p@ss"
AUTHORITIES = (
    "GIT_SSL_CAINFO", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_DIR",
)  # fmt: skip


class Enterprise(Hub):
    """A GitHub that has a name, which no resolver knows."""

    @property
    def origin(self) -> str:
        """Scheme and host."""
        return f"https://{HOST}"


@pytest.fixture
def enterprise(tmp_path: Path) -> Iterator[Enterprise]:
    server = Enterprise(tmp_path, HOST)
    aurora(server.repository)
    with server:
        yield server


def folder_of(authority: Path, folder: Path) -> Path:
    """Return a folder with an authority, as OpenSSL looks for it: by a hash of its name."""
    data = authority.read_bytes()
    name = x509.load_pem_x509_certificate(data).subject.public_bytes()[2:]
    number = int.from_bytes(sha1(name, usedforsecurity=False).digest()[:4], "little")
    folder.mkdir()
    (folder / f"{number:08x}.0").write_bytes(data)
    return folder


def run(server: Enterprise, transport: str, proxy: str, **env: str) -> Run:
    """Promote through a proxy and return what was said."""
    return promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", server.url, "--transport", transport,
        env={"GITHUB_TOKEN": "good-token", "HTTPS_PROXY": proxy, **env},
    )  # fmt: skip


@pytest.mark.parametrize("variable", thorough_after(1, ["SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"]))
def test_git_and_the_api_are_reached_through_a_proxy_and_trusted_by_the_users_authorities(
    enterprise: Enterprise, tmp_path: Path, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in AUTHORITIES:
        monkeypatch.delenv(name, raising=False)
    trusted = enterprise.authority
    if variable == "SSL_CERT_DIR":
        trusted = folder_of(trusted, tmp_path / "authorities")
    with Proxy(enterprise.own_port, LOGIN) as proxy:
        through = f"http://us%20er:p%40ss@{proxy.host}"
        for transport in ("git", "api"):
            done = run(enterprise, transport, through, **{variable: str(trusted)})
            assert done.code == 0, done.stderr
    assert set(proxy.asked) == {f"{HOST}:443"}
    assert {one.path.partition(".git")[0] for one in enterprise.seen} == {
        "/api/graphql", "/aurora-cloud/gitops",
    }  # fmt: skip


@pytest.mark.parametrize("transport", ["git", "api"])
def test_a_proxy_that_wants_a_login_ends_the_run_at_once_and_is_told(
    enterprise: Enterprise, transport: str
) -> None:
    with Proxy(enterprise.own_port, LOGIN) as proxy:
        trusted = str(enterprise.authority)
        done = run(enterprise, transport, f"http://{proxy.host}", SSL_CERT_FILE=trusted)
    assert done.code == 5
    assert "407" in done.stderr
    assert "put USER:PASSWORD@ before its host in HTTPS_PROXY" in done.stderr
    assert len(proxy.asked) <= 3
