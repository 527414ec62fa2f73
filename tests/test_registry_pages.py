"""Lists of tags in pages: all of them or an error, whatever a registry makes of Link, n and last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from promoter.registry.client import Registry as Client
from promoter.registry.connection import RegistryConnections
from promoter.registry.credentials import Credentials
from promoter.registry.failures import RegistryError
from promoter.registry.tags import next_page
from promoter.system.http import Answer
from tests.servers.registry import Registry
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://registry.example/v2/app/tags/list?n=1000"


@pytest.fixture
def server() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as found:
        yield found


def tags(server: Registry, *, seconds: float = 60, patience: float = 10) -> tuple[str, ...]:
    """Return what a client finds of one image."""
    connection = RegistryConnections(Credentials(), patience=patience, remaining=lambda: seconds)
    return Client(connection).tags(server.name("app"))


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("", None),
        ('</v2/app/tags/list?last=b>; rel="next"', "/v2/app/tags/list?last=b"),
        ("</v2/a?x=1>; rel=next", "/v2/a?x=1"),
        ("<list?last=b>;rel=NEXT", "/v2/app/tags/list?last=b"),
        ('</a>; rel="first", </b>; rel="next"', "/b"),
        ('</a>; title="x, </y>; rel=next", </b>; title="a, b=c; d"; rel="next last"', "/b"),
        ('</a>; title="a \\" ; rel=next"; rel=prev', None),
        ('</a>; rel=prev; rel="next"', None),
        ("</a>; rel", None),
        ('</a>; anchor=x; rel = "next"', "/a"),
        ("<https://registry.example/v2/p>; rel=next", "/v2/p"),
        ("<http://registry.example/v2/p>; rel=next", "/v2/p"),
        ("<http://registry.example:80/v2/p>; rel=next", "/v2/p"),
        ("<https://Registry.Example:443>; rel=next", "/"),
        ("<" * 9000, None),
    ],
)
def test_link_is_read_as_rfc_8288_has_it(link: str, path: str | None) -> None:
    assert next_page(Answer(200, {"Link": link}, b"", URL)) == path


@pytest.mark.parametrize(
    "target",
    [
        "http://[bad/",
        "https://other.example/v2/p",
        "//other.example/p",
        "http://registry.example:8443/p",
    ],
)
def test_a_page_that_is_not_here_is_an_error(target: str) -> None:
    with pytest.raises(RegistryError, match="next page"):
        next_page(Answer(200, {"Link": f"<{target}>; rel=next"}, b"", URL))


@pytest.mark.parametrize(("count", "page"), thorough_after(1, [(5000, 50), (20_000, 100)]))
def test_hundreds_of_linked_pages_are_read(server: Registry, count: int, page: int) -> None:
    server.push("app", *(f"1.0.{number}" for number in range(count)))
    server.page = page
    assert len(tags(server)) == count


@pytest.mark.parametrize(("count", "page"), [(1050, 100), (1000, 100), (130, 50), (640, 128)])
def test_pages_that_are_shorter_than_asked_and_linked_nowhere_are_read(
    server: Registry, count: int, page: int
) -> None:
    server.push("app", *(f"1.0.{number}" for number in range(count)))
    server.page, server.links = page, ""
    assert len(tags(server)) == count


@pytest.mark.parametrize(
    ("count", "requests"), [(3, 1), (10, 1), (49, 1), (151, 1), (150, 2), (3000, 2)]
)
def test_whole_lists_cost_one_request_and_one_more_where_they_look_cut(
    server: Registry, count: int, requests: int
) -> None:
    server.push("app", *(f"1.0.{number}" for number in range(count)))
    server.whole = True
    assert len(tags(server)) == count
    assert len(server.seen) == requests


def test_a_next_page_that_brings_nothing_new_is_no_end(server: Registry) -> None:
    server.push("app", "1.0.0")
    link = {"Link": f'<{"/v2/app/tags/list?last=x"}>; rel="next"'}
    server.says = lambda _: (b'{"tags": ["1.0.0"]}', link)
    with pytest.raises(RegistryError, match="again and again"):
        tags(server)
    assert len(server.seen) == 2


def test_pages_without_end_end_with_half_of_the_runs_time(server: Registry) -> None:
    def says(_: str) -> tuple[bytes, dict[str, str]]:
        number = len(server.seen)
        link = f'</v2/app/tags/list?page={number}>; rel="next"'
        return json.dumps({"tags": [f"t{number}"]}).encode(), {"Link": link}

    server.says = says
    with pytest.raises(RegistryError, match="more tags than can be read"):
        tags(server, seconds=0.2)


@pytest.mark.parametrize(
    "body",
    [
        '{"tags": 5}', '{"tags": "latest"}', '{"tags": {"a": 1}}', '{"tags": [1, "1.0.0"]}', "[1]",
        "", "<html>", '{"tags": ' + "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_list_of_tags_is_unreadable(server: Registry, body: str) -> None:
    server.says = lambda _: (body.encode(), {})
    with pytest.raises(RegistryError):
        tags(server)


def test_no_tags_are_no_error(server: Registry) -> None:
    server.says = lambda _: (b'{"name": "app", "tags": null}', {})
    assert tags(server) == ()


@pytest.mark.parametrize(
    "body",
    [
        '{"manifests": null}', '{"manifests": ["x"]}', '{"config": "x"}', '{"config": null}', "{}",
        '{"config": {"digest": "../../x"}}', '{"config": {"digest": "md5:abc"}}', "[]", "",
        '{"manifests": [{"digest": "x", "platform": {"os": "linux", "architecture": "amd64"}}]}',
    ],
)  # fmt: skip
def test_what_is_no_manifest_is_unreadable(server: Registry, body: str) -> None:
    server.says = lambda _: (body.encode(), {})
    with pytest.raises(RegistryError):
        Client(RegistryConnections(Credentials())).describe(server.name("app"), "1.0.0")
    assert server.asked("blobs") == 0
