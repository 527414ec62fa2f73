"""A forge is added by one package and one line: flags, variables, configuration and wiring follow."""

from __future__ import annotations

import sys
import types
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from promoter.config import config
from promoter.domain.address import Address
from promoter.domain.branch import AUTHOR
from promoter.domain.errors import UsageError
from promoter.domain.forges import FORGES
from promoter.forges.kinds import ForgeConnection, ForgeKind, forge_kind, forge_kind_of
from promoter.forges.local import LocalForge
from promoter.git.program import Git
from promoter.git.repository_address import parse_address
from promoter.system.deadline import Deadline
from tests.world import BRANCH, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

HOST = "toy.example.org"


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ForgeConnection]:
    """A kind of forge from outside, which keeps pulls as the local one does and notes its openings."""
    opened: list[ForgeConnection] = []

    def open_toy(connection: ForgeConnection) -> LocalForge:
        opened.append(connection)
        git = Git(tmp_path / "gitops.git", connection.deadline)
        return LocalForge(git, connection.committer)

    kind = ForgeKind(
        "toy",
        lambda address: address.host == HOST,
        open_toy,
        api_url=lambda address, variables: variables.get("TOY_API", f"https://{address.host}/v1"),
        api_variables=("TOY_API",),
        token_variables=("TOY_TOKEN",),
        token_hint="Set TOY_TOKEN.",
    )
    module = types.ModuleType("a_toy_forge")
    module.__dict__["KIND"] = kind
    monkeypatch.setitem(sys.modules, "a_toy_forge", module)
    monkeypatch.setitem(FORGES, "toy", "a_toy_forge")
    return opened


def test_a_kind_from_outside_serves_a_promotion(tmp_path: Path, toy: list[ForgeConnection]) -> None:
    repo = aurora(tmp_path / "gitops.git")
    done = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--forge", "toy",
        env={"GITHUB_TOKEN": "not-for-it", "TOY_TOKEN": "toy-token"},
    )  # fmt: skip
    assert done.code == 0, done.stderr
    assert f"refs/heads/{BRANCH}" in repo.refs()
    assert [one.token for one in toy] == [SecretStr("toy-token")]


@pytest.mark.usefixtures("toy")
def test_a_kind_is_known_by_its_host_its_name_and_its_own_variables() -> None:
    address = parse_address(f"https://{HOST}/owner/name")
    assert forge_kind_of(address).name == "toy"
    assert forge_kind_of(parse_address("https://github.com/o/n")).name == "github"
    assert forge_kind_of(parse_address("https://ghe.example.org/o/n")).name == "github"
    assert config.parse(b"forge: toy\n", "promoter.yaml").forge == "toy"
    find = forge_kind_of(address).api_url
    assert find is not None
    assert find(address, {"TOY_API": "https://api"}) == "https://api"


@pytest.mark.usefixtures("toy")
def test_a_token_of_another_kind_does_not_reach_it() -> None:
    done = promote(
        "--app", "a", "--tag", "1.0.0", "--repo", f"https://{HOST}/o/n", "--forge", "toy",
        env={"GITHUB_TOKEN": "not-for-it"},
    )  # fmt: skip
    assert done.code == 2
    assert "TOY_TOKEN" in done.stderr


def test_a_kind_that_there_is_not_is_told_with_those_there_are(tmp_path: Path) -> None:
    done = promote("--app", "a", "--tag", "1", "--repo", str(tmp_path), "--forge", "gitlub")
    assert done.code == 2
    assert "github" in done.stderr
    with pytest.raises(UsageError) as caught:
        config.parse(b"forge: gitlub\n", "promoter.yaml")
    assert "github" in caught.value.hint


def test_the_api_as_transport_is_refused_where_a_kind_has_none(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "gitops.git")
    where = ("--repo", str(repo.path), "--transport", "api")
    done = promote("--app", "aurora", "--tag", "9.9.1", *where)
    assert done.code == 2
    assert "transport: git" in done.stderr


@pytest.mark.parametrize(
    ("url", "api"),
    [
        ("https://github.com/o/n", "https://api.github.com"),
        ("git@github.com:o/n.git", "https://api.github.com"),
        ("https://acme.ghe.com/o/n", "https://api.acme.ghe.com"),
        ("https://ghe.example.org/o/n", "https://ghe.example.org/api/v3"),
        ("ssh://git@ghe.example.org:2222/o/n", "https://ghe.example.org/api/v3"),
        ("http://localhost:8080/o/n", "http://localhost:8080/api/v3"),
    ],
)
def test_githubs_api_is_derived_from_the_host(url: str, api: str) -> None:
    address: Address = parse_address(url)
    find = forge_kind_of(address).api_url
    assert find is not None
    assert find(address, {}) == api


@pytest.mark.parametrize("host", ["gitlab.com", "gitlab.example.org", "codeberg.org"])
def test_a_forge_of_another_kind_is_told_where_a_pull_is_wanted_there(host: str) -> None:
    address = parse_address(f"https://{host}/acme/gitops")
    kind = forge_kind_of(address)
    connection = ForgeConnection(address, f"https://{host}/api/v3", None, Deadline(1), AUTHOR)
    with pytest.raises(UsageError, match=f"{host} is not GitHub") as caught:
        kind.open(connection)
    assert "deliver: push" in caught.value.hint


def test_token_variable_that_is_empty_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("GITHUB_TOKEN", "")
    hint = forge_kind("github").hint_without_token
    assert hint.startswith("GITHUB_TOKEN is set, but empty")
    monkeypatch.delenv("GITHUB_TOKEN")
    assert forge_kind("github").hint_without_token.startswith("Set GITHUB_TOKEN")
