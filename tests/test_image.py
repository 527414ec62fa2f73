"""Names, tags and digests: the grammar, and the order of versions."""

from __future__ import annotations

import pytest

from promoter.domain.errors import UsageError
from promoter.domain.image import Digest, Name, Tag, join, split

HEX = "a" * 64


@pytest.mark.parametrize("text", ["1.4.2", "v1", "_x", "a" * 128, "1e5", "null", "a.b-c_d"])
def test_tag_of_the_grammar(text: str) -> None:
    assert Tag.parse(text) == text


@pytest.mark.parametrize(
    "text", ["", "a b", ".a", "-a", "a" * 129, "a/b", "a+b", "a\n", "é", "a:b"]
)
def test_tag_outside_the_grammar_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        Tag.parse(text)


@pytest.mark.parametrize(
    "text", ["x", f"sha256:{HEX[1:]}", f"sha256:{HEX.upper()}", f"md5:{HEX}", f"sha512:{HEX}", ""]
)
def test_digest_outside_the_grammar_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        Digest.parse(text)


@pytest.mark.parametrize(
    ("text", "name", "tag", "digest"),
    [
        ("nginx", "nginx", None, None),
        ("localhost:5000/a", "localhost:5000/a", None, None),
        ("localhost:5000/a:1", "localhost:5000/a", "1", None),
        (f"ghcr.io/o/a:1@sha256:{HEX}", "ghcr.io/o/a", "1", f"sha256:{HEX}"),
        ("test.com:5000", "test.com", "5000", None),
    ],
)
def test_reference_is_split(text: str, name: str, tag: str | None, digest: str | None) -> None:
    assert split(text) == (name, tag, digest)
    assert join(name, tag, digest) == text


@pytest.mark.parametrize(
    "text", ["", "Nginx", "a//b", "a/", "/a", "a b", HEX, "a" * 256, "gh cr.io/a"]
)
def test_name_outside_the_grammar_is_told(text: str) -> None:
    with pytest.raises(UsageError):
        Name.parse(text)


def test_registry_and_repository() -> None:
    assert (Name.parse("nginx").registry, Name.parse("nginx").repository) == (
        "docker.io",
        "library/nginx",
    )
    assert Name.parse("ghcr.io/o/a").registry == "ghcr.io"
