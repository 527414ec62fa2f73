"""The registry client against a registry on this machine: pages, logins, digests, and what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import RemoteError
from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials, Login
from promoter.registry.failures import AbsentError, LyingError, RegistryError
from tests.servers.registry import Registry, digest
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from collections.abc import Iterator

PLATFORMS = ("linux/amd64", "linux/arm64/v8")


@pytest.fixture
def server() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as found:
        yield found


def client(login: Credentials | None = None, patience: float = 3.0) -> Client:
    """Return a client with a login."""
    return Client(RegistryConnections(login or Credentials(), patience=patience))


def of(server: Registry, user: str = "ci", password: str = "pw") -> Credentials:
    """Return a login for a registry."""
    return Credentials({server.host: Login(user, password)})


def test_tag_and_digest_are_resolved_and_proved(server: Registry) -> None:
    pushed = server.push("team/app", "1.0.0", platforms=PLATFORMS)
    asked = client()
    assert str(asked.resolve(server.name("team/app"), "1.0.0")) == pushed
    assert str(asked.resolve(server.name("team/app"), pushed)) == pushed
    assert server.asked("^GET") == 0


def test_image_is_described_by_its_first_platforms_configuration(server: Registry) -> None:
    labels = {"org.opencontainers.image.revision": "abc"}
    pushed = server.push("app", "1.0.0", platforms=PLATFORMS, labels=labels)
    found = client().describe(server.name("app"), "1.0.0")
    assert (str(found.digest), found.platforms) == (pushed, PLATFORMS)
    assert (found.labels, found.created and found.created.year) == (labels, 2026)


@pytest.mark.parametrize("links", ["relative", "absolute"])
@pytest.mark.parametrize("page", [1, 7, 1000, None])
def test_every_page_of_tags_is_read(server: Registry, page: int | None, links: str) -> None:
    tags = [f"1.0.{number}" for number in range(30)]
    server.push("app", *tags)
    server.page, server.links = page, links
    assert sorted(client().tags(server.name("app"))) == sorted(tags)


@pytest.mark.parametrize("count", [999, 1000, 1001, 2000, 5000])
def test_pages_that_nobody_links_are_read_too(server: Registry, count: int) -> None:
    server.push("app", *(f"1.0.{number}" for number in range(count)))
    server.links = ""
    assert len(client().tags(server.name("app"))) == count


def test_a_next_page_elsewhere_is_not_followed(server: Registry) -> None:
    server.push("app", "1", "2")
    server.page, server.links = 1, "elsewhere"
    with pytest.raises(RegistryError, match="another host"):
        client().tags(server.name("app"))


@pytest.mark.parametrize("count", thorough_after(1, [10_000, 100_000]))
def test_many_thousand_tags_are_read_in_pages(server: Registry, count: int) -> None:
    server.push("app", *(f"build-{number}" for number in range(count)))
    assert len(client(patience=120).tags(server.name("app"))) == count
    assert len(server.seen) == count // 1_000


def test_missing_tag_is_absent_and_unknown_name_unreadable(server: Registry) -> None:
    server.push("app", "1.0.0")
    with pytest.raises(AbsentError, match=r"has no 2\.0\.0"):
        client().resolve(server.name("app"), "2.0.0")
    with pytest.raises(RegistryError, match="does not know that name"):
        client().resolve(server.name("other"), "1.0.0")


@pytest.mark.parametrize("bearer", [False, True])
def test_login_is_given_where_it_is_asked_for(server: Registry, *, bearer: bool) -> None:
    pushed = server.push("app", "1.0.0")
    server.user, server.bearer = ("ci", "pw"), bearer
    asked = client(of(server))
    assert str(asked.resolve(server.name("app"), "1.0.0")) == pushed
    asked.tags(server.name("app"))
    assert server.asked("manifests") == 2
    assert server.asked("tags/list") == 1


@pytest.mark.parametrize("bearer", [False, True])
def test_wrong_and_missing_logins_are_unreadable_without_the_secret(
    server: Registry, *, bearer: bool
) -> None:
    server.push("app", "1.0.0")
    server.user, server.bearer = ("ci", "pw"), bearer
    for login in (Credentials(), of(server, password="not-it-at-all")):
        with pytest.raises(RegistryError, match="401") as caught:
            client(login).tags(server.name("app"))
        assert "not-it-at-all" not in str(caught.value)


def test_identity_token_is_exchanged(server: Registry) -> None:
    server.push("app", "1.0.0")
    server.user, server.bearer = ("ci", "pw"), True
    assert client(of(server, "<token>", "identity")).tags(server.name("app")) == ("1.0.0",)


def test_digest_mismatch_is_an_error(server: Registry) -> None:
    pushed = server.push("app", "1.0.0")
    server.lies["1.0.0"] = digest(b"something else")
    with pytest.raises(LyingError):
        client().describe(server.name("app"), "1.0.0")
    server.lies = {pushed: digest(b"x")}
    with pytest.raises(LyingError):
        client().resolve(server.name("app"), pushed)


def test_trouble_that_passes_is_waited_for(server: Registry) -> None:
    pushed = server.push("app", "1.0.0")
    server.faults = [("HEAD", 429, {"Retry-After": "1"}), ("HEAD", 503, {})]
    assert str(client().resolve(server.name("app"), "1.0.0")) == pushed


def test_a_limit_beyond_our_patience_is_not_run_into_again(server: Registry) -> None:
    server.push("app", "1.0.0")
    server.faults = [("tags", 429, {"Retry-After": "900"})]
    asked = client()
    for _ in range(3):
        with pytest.raises(RegistryError):
            asked.tags(server.name("app"))
    with pytest.raises(RegistryError, match="limit is reached"):
        asked.tags(server.name("other"))
    assert len(server.seen) == 1


def test_slow_answers_end_with_our_patience(server: Registry) -> None:
    server.push("app", "1.0.0")
    server.delay = 5
    with pytest.raises(RegistryError, match="no answer"):
        client(patience=0.3).resolve(server.name("app"), "1.0.0")
    assert len(server.seen) == 1


def test_nothing_listens_is_told_and_asked_three_times_at_most() -> None:
    asked = client()
    for number in range(10):
        with pytest.raises(RemoteError, match="gives no answer"):
            asked.tags(f"127.0.0.1:9/app-{number}")


def test_login_does_not_follow_a_redirect_to_another_host(server: Registry) -> None:
    with Registry() as other:
        other.push("app", "1.0.0")
        server.push("app", "1.0.0")
        server.user = ("ci", "pw")
        asked = client(of(server))
        asked.tags(server.name("app"))
        place = f"http://localhost:{other.host.rpartition(':')[2]}/v2/app/manifests/1.0.0"
        server.faults = [("manifests", 307, {"Location": place})] * 2
        other.user = ("ci", "pw")
        with pytest.raises(RegistryError, match="401"):
            asked.resolve(server.name("app"), "1.0.0")


def test_plain_http_is_for_this_machine_alone() -> None:
    with pytest.raises(RegistryError):
        client(patience=0.2).tags("registry.invalid/app")
    plain = frozenset({"registry.invalid"})
    allowed = Client(RegistryConnections(Credentials(), patience=0.2, plain=plain))
    with pytest.raises(RegistryError):
        allowed.tags("registry.invalid/app")


def test_referrers_are_told_by_kind(server: Registry) -> None:
    pushed = server.push("app", "1.0.0")
    server.repositories["app"].referrers[pushed] = [{"artifactType": "application/spdx+json"}]
    asked = client()
    found = asked.referrers(server.name("app"), asked.resolve(server.name("app"), "1.0.0"))
    assert found == ("application/spdx+json",)


def test_a_proxy_of_the_environment_is_told_the_whole_address(
    server: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.push("app", "1.0.0")
    monkeypatch.setenv("http_proxy", f"http://{server.host}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    plain = frozenset({"behind-a-proxy.invalid"})
    asked = Client(RegistryConnections(Credentials(), plain=plain))
    assert asked.tags("behind-a-proxy.invalid/app") == ("1.0.0",)
    assert server.seen[-1][1].startswith("http://behind-a-proxy.invalid/v2/app/tags/list")
