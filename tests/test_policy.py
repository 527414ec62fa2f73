"""Policies: which of many tags is wanted, in any order given, on any tags that a registry may have."""

from __future__ import annotations

import random
import re
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from promoter.domain.errors import UsageError
from promoter.domain.shard import Shard
from promoter.policy.choose import DatedTag, newest, order_of, select
from promoter.policy.kinds import POLICIES
from promoter.policy.kinds.kind import PolicyKind
from promoter.policy.kinds.semver import range_of, version_of
from promoter.policy.model import Policy, policy_model
from promoter.policy.natural import natural
from promoter.policy.order import SAME, UNKNOWN, Comparison, Order
from promoter.policy.pattern import compiled
from promoter.policy.tag_kinds import is_attachment_or_cache

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def policy(**given: Any) -> Policy:
    """Return a policy by the keys of the file."""
    return Policy.model_validate({key.replace("_", "-"): value for key, value in given.items()})


def chosen(tags: list[str], **given: Any) -> str | None:
    """Return what a policy takes first."""
    found = select(policy(**given), tags).ordered
    return found[0] if found else None


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("*", ["0.0.1", "v9.9.9"], ["1.0.0-rc.1", "latest", "1.2"]),
        ("^1.4", ["1.4.0", "1.99.0"], ["1.3.9", "2.0.0", "2.0.0-rc.1"]),
        ("^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]),
        ("^0.0.3", ["0.0.3"], ["0.0.4"]),
        ("~1.4.2", ["1.4.2", "1.4.9"], ["1.5.0", "1.4.1"]),
        ("~1", ["1.0.0", "1.9.0"], ["2.0.0"]),
        ("1.x", ["1.0.0", "1.9.9"], ["2.0.0"]),
        ("1.4", ["1.4.0", "1.4.7"], ["1.5.0"]),
        (">=1.2 <2", ["1.2.0", "1.9.0"], ["2.0.0", "1.1.9", "2.0.0-rc.1"]),
        (">1.2", ["1.3.0"], ["1.2.5"]),
        ("<=1.2", ["1.2.9"], ["1.3.0"]),
        ("1.2.3 - 1.4", ["1.2.3", "1.4.9"], ["1.5.0"]),
        ("!=1.4.1", ["1.4.0"], ["1.4.1"]),
        (">=1.0.0-0", ["1.0.0-rc.1", "1.4.0-beta"], ["0.9.0"]),
        ("1.x || 3.x", ["1.0.0", "3.1.0"], ["2.0.0"]),
        (">=1, <1.5", ["1.4.9"], ["1.5.0"]),
    ],
)
def test_ranges_hold_what_users_of_npm_and_masterminds_expect(
    text: str, inside: list[str], outside: list[str]
) -> None:
    wanted = range_of(text)

    def holds(tag: str) -> bool:
        found = version_of(tag)
        return found is not None and wanted.holds(found)

    assert [tag for tag in inside if not holds(tag)] == []
    assert [tag for tag in outside if holds(tag)] == []


@pytest.mark.parametrize("text", ["", "nope", ">=", "1.2.3.4", "^", "1..2", "||", "a" * 300])
def test_what_is_no_range_is_said(text: str) -> None:
    with pytest.raises(ValueError, match=r"range|characters|version"):
        range_of(text)


def test_versions_are_ordered_as_semver_org_says() -> None:
    ordered = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
        "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0",
    ]  # fmt: skip
    wanted = policy(semver="*", prereleases=True)
    for older, newer in pairwise(ordered):
        assert order_of(wanted, older, newer).order is Order.NEWER
        assert order_of(wanted, newer, older).order is Order.OLDER


@pytest.mark.parametrize(
    ("given", "tags", "wanted"),
    [
        ({"semver": "*"}, ["1.9.0", "1.10.0", "2.0.0-rc.1", "latest", "v1.0.0"], "1.10.0"),
        ({"semver": "*", "prereleases": True}, ["1.9.0", "2.0.0-rc.1"], "2.0.0-rc.1"),
        ({"semver": "*", "exclude": ["^2\\."]}, ["1.9.0", "2.0.0"], "1.9.0"),
        ({"numeric": "asc"}, ["9", "10", "v8", "x1"], "10"),
        ({"numeric": "desc"}, ["9", "10", "v8"], "v8"),
        ({"numeric": "asc"}, ["24.4", "24.10", "24.04.1"], "24.10"),
        ({"timestamp": "%Y%m%d"}, ["a-20260101", "b-20251231", "c-20260230"], "a-20260101"),
        ({"timestamp": "%s"}, ["1767225600", "1767225599-x", "7"], "1767225600"),
        ({"timestamp": "^t(?P<t>.+)$"}, ["t2026-01-01", "t2026-01-02", "t9"], "t2026-01-02"),
        ({"alphabetical": "asc"}, ["a", "c", "b", "latest", "main"], "c"),
        ({"alphabetical": "desc"}, ["a", "c", "b"], "a"),
        ({"regex": "^(?P<b>[a-z]+)-(?P<n>[0-9]+)$"}, ["a-99", "b-9", "b-10", "c"], "b-10"),
        ({"digest": "main"}, ["main", "other"], "main"),
        ({"semver": "^9"}, ["1.0.0"], None),
    ],
)  # fmt: skip
def test_policies_take_what_their_names_promise(
    given: dict[str, Any], tags: list[str], wanted: str | None
) -> None:
    for seed in range(5):
        shuffled = [*tags]
        random.Random(seed).shuffle(shuffled)
        assert chosen(shuffled, **given) == wanted


def test_commit_tags_are_first_class() -> None:
    tags = ["main-20260109081500-3f2c1ab", "main-20260109081459-ffffff0", "sha-0a1b2c3", "latest"]
    assert chosen(tags, timestamp="%Y%m%d%H%M%S") == tags[0]
    assert chosen(tags, regex="^main-(?P<order>[0-9]+)-[0-9a-f]{7,40}$") == tags[0]
    asked = select(policy(newest=2, include=["^sha-"]), ["sha-0a1b2c3", "sha-1a1b2c3", "x"])
    assert set(asked.ordered) == {"sha-0a1b2c3", "sha-1a1b2c3"}


def test_newest_asks_a_bounded_number_and_takes_the_one_made_last() -> None:
    wanted = policy(newest=3)
    asked = select(wanted, [f"build-{number}" for number in range(50)])
    assert asked.ordered == ("build-49", "build-48", "build-47")
    assert asked.unasked == 47
    made = [
        DatedTag("build-49", NOW.replace(year=2024)),
        DatedTag("build-48", NOW),
        DatedTag("build-47", None),
    ]
    assert newest(wanted, made) == "build-48"
    assert newest(wanted, [DatedTag("a", None)]) is None


def test_order_follows_the_policy_where_it_reads_both_tags() -> None:
    by_regex = policy(regex="^main-(?P<order>[0-9]+)-[0-9a-f]{7}$")
    newer, older = Comparison(Order.NEWER, certain=True), Comparison(Order.OLDER, certain=True)
    assert order_of(by_regex, "main-9-aaaaaaa", "main-10-bbbbbbb") == newer
    assert order_of(by_regex, "main-10-aaaaaaa", "main-9-bbbbbbb") == older
    assert order_of(by_regex, "main-9-bbbbbbb", "main-9-aaaaaaa") == SAME
    assert order_of(by_regex, "1.0.0", "1.1.0") == newer
    assert order_of(by_regex, "x", "y") == UNKNOWN
    assert order_of(policy(numeric="desc"), "9", "8") == newer
    assert order_of(policy(numeric="asc"), "41", "42") == newer
    assert order_of(policy(timestamp="%Y%m%d"), "20260101-abc", "20260102-aaa") == newer
    assert order_of(policy(alphabetical="asc"), "1.10.0", "1.9.0") == newer
    assert order_of(policy(semver="*", exclude=["^2"]), "2.0.0", "1.0.0") == older
    assert order_of(None, "a", "a") == SAME


def test_semver_orders_prereleases_only_where_it_takes_them() -> None:
    old, new = "1.4.0-f3a9c21", "1.4.0-1b2c3d4"
    assert order_of(policy(semver="^1"), old, new) == UNKNOWN
    assert order_of(policy(semver="^1"), "1.4.0-rc.1", "1.4.0").order is Order.NEWER
    assert order_of(policy(semver="^1", prereleases=True), old, new).order is Order.OLDER
    assert order_of(policy(semver=">=1.0.0-0"), old, new).order is Order.OLDER


def test_newest_leaves_the_order_to_when_images_were_made_whatever_their_names() -> None:
    assert order_of(policy(newest=5), "1.5.0", "1.4.0") == UNKNOWN
    assert order_of(policy(newest=5), "1.4.0", "1.5.0") == UNKNOWN
    outside = policy(newest=5, include=["^main-"])
    assert order_of(outside, "1.5.0", "1.4.0").order is Order.OLDER


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "names no policy"),
        ({"semver": "*", "numeric": "asc"}, "one policy decides"),
        ({"semver": 1.1}, "must be text"),
        ({"semver": "what"}, "is not a range"),
        ({"regex": "^a$"}, "named group"),
        ({"regex": "(?P<a>"}, "not a regular expression"),
        ({"timestamp": "%H"}, "lacks"),
        ({"timestamp": "plain"}, "is neither a format"),
        ({"timestamp": "%Y%q"}, "knows"),
        ({"newest": 0}, "greater than or equal"),
        ({"newest": 1000}, "less than or equal"),
        ({"digest": "a b"}, "tag"),
        ({"digest": "main", "include": ["x"]}, "digest names the only one"),
        ({"numeric": "asc", "prereleases": True}, "belongs to semver"),
        ({"semver": "*", "include": "x"}, "must be a list"),
    ],
)
def test_a_policy_that_can_not_be_meant_is_refused(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        policy(**given)


def test_a_pattern_that_runs_away_is_stopped_and_named() -> None:
    begun = time.process_time()
    with pytest.raises(UsageError, match="takes too long"):
        compiled(r"^(?:a|b|ab)*(?:a|ba|b)*$").search("ab" * 60 + "c")
    assert time.process_time() - begun < 5


def test_a_pattern_that_is_slow_on_each_of_many_tags_is_stopped_and_named() -> None:
    left = iter([3.0, 2.0, 1.0, 0.0])
    with pytest.raises(UsageError, match=r"the policy semver: '\*' takes too long over all tags"):
        select(policy(semver="*"), ["1.0.0", "1.0.1", "1.0.2", "1.0.3"], lambda: next(left))


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("(?P<x>a){1000000000}", "the repeat {1000000000}"),
        ("a{1001}", "the repeat {1001}"),
        ("a{0,1000000}", "the repeat {0,1000000}"),
        ("a{1000000,}", "the repeat {1000000,}"),
        ("(?:a{100}){100}", "demands more"),
        ("(?:(?:a{99,}b?){9,99}){9}", "demands more"),
        ("(((((a){9}){9}){9}){9}){9}", "demands more"),
        ("(?:a{100}){100}+", "demands more"),
        ("(?:a{100}){100}?", "demands more"),
        ("(?=(?:a{100}){100})", "demands more"),
        ("(?i:[a-z]{100}){100}", "demands more"),
        ("(?:[(]{100}){100}", "demands more"),
        ("(?:[]{}(]{100}[^])]){100}", "demands more"),
        (r"(?:\({100}\)){100}", "demands more"),
        ("(?:(?#()a{100}){100}", "demands more"),
        ("a{100}" * 11, "demands more"),
        ("(?:a{100}[[:a:](]){100}", "a [ within [ ]"),
        ("(?x)(?:a{100}#[\n){100}", "has (?x)"),
        ("(?V1)a", "has (?V1)"),
        ("a(?R)?b", "has (?R)"),
        ("(a(?1)?)", "has (?1)"),
        ("(?P<x>a(?&x)?)", "has (?&"),
        ("(?P<x>a(?P>x)?)", "has (?P>"),
        ("a" * 201, "201 characters"),
    ],
)
def test_a_pattern_that_could_take_all_memory_is_refused_before_it_is_compiled(
    source: str, reason: str
) -> None:
    for keys in ({"regex": source}, {"semver": "*", "include": [source]}):
        with pytest.raises(ValidationError, match=re.escape(reason)):
            policy(**keys)


@pytest.mark.parametrize(
    "source",
    [
        "^main-(?P<order>[0-9]+)-[0-9a-f]{7,40}$",
        "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
        r"^v\d{4}\.\d{2}\.\d{2}(?:-\d+)?$",
        "^(?:[a-z0-9-]{1,63}\\.){1,9}[a-z]{2,63}$",
        "(?i)^(?:rc|beta)[.-]?[0-9]{1,3}$",
        "^.{1,255}$",
        "^[]{}()*+?.-]{1,3}$",
        "^(?s-i:a)(?!b)(?<=a)c{,3}$",
        "^(?P<a>x)?(?(a)y|z){2}(?P=a)$",
    ],
)
def test_patterns_that_users_write_have_room(source: str) -> None:
    assert policy(semver="*", include=[source]).include == (source,)


DIGEST = "a" * 64


@pytest.mark.parametrize(
    "tag",
    [
        f"sha256-{DIGEST}",
        f"sha256-{DIGEST}.sig",
        f"sha256-{DIGEST}.att",
        f"sha256-{DIGEST}.sbom",
        f"sha256-{DIGEST}.cosign.bundle",
        f"sha512-{DIGEST}",
        "1.4.0.sig",
        "v1.4.0.sbom",
        "buildcache",
        "build-cache",
        "BuildCache",
        "buildcache-amd64",
        "main-buildcache",
        "1.4.0-buildcache",
        "cache",
        "cache-main",
        "main-cache",
    ],
)
def test_signatures_and_caches_are_no_candidates_unless_a_pattern_names_them(tag: str) -> None:
    assert is_attachment_or_cache(tag)
    assert chosen([tag, "a"], alphabetical="asc") == "a"
    assert chosen([tag, "1"], regex="(?P<n>.+)", include=["."]) == "1"
    assert select(policy(newest=10), [tag, "a"]).ordered == ("a",)
    assert chosen([tag], alphabetical="asc", include=[f"^{re.escape(tag)}$"]) == tag
    assert chosen([tag], regex=f"^(?P<n>{re.escape(tag)})$") == tag


@pytest.mark.parametrize(
    "tag",
    ["1.4.0", "sha-3f2c1ab", "sha256-3f2c1ab", DIGEST, "signed", "1.4.0-cached", "v2-cache",
     "cachet", "varnish", "sig", "att-1", "build-7", "build-cachet"],
)  # fmt: skip
def test_tags_of_releases_are_candidates(tag: str) -> None:
    assert not is_attachment_or_cache(tag)
    assert chosen([tag], alphabetical="asc") == tag


def test_moving_tags_are_no_candidates() -> None:
    assert select(policy(newest=10), ["latest", "main", "x"]).ordered == ("x",)


def test_five_thousand_tags_are_chosen_from_at_once() -> None:
    tags = [f"1.{minor}.{patch}" for minor in range(50) for patch in range(100)]
    random.Random(1).shuffle(tags)
    assert chosen(tags, semver="<1.40") == "1.39.99"
    assert chosen(tags, semver="*") == "1.49.99"


@pytest.mark.provisioned
@given(st.lists(st.text(max_size=140), max_size=12))
def test_no_tag_breaks_a_policy(tags: list[str]) -> None:
    for one in (
        policy(semver="*"), policy(numeric="asc"), policy(newest=5), policy(alphabetical="asc"),
        policy(timestamp="%Y%m%d%H%M%S"), policy(regex="(?P<n>[0-9]+)"), policy(digest="x"),
    ):  # fmt: skip
        assert set(select(one, tags).ordered) <= set(tags)


@pytest.mark.provisioned
@given(st.text(max_size=20), st.text(max_size=20))
def test_natural_order_is_an_order(one: str, other: str) -> None:
    assert (natural(one) < natural(other)) + (natural(other) < natural(one)) <= 1


@pytest.mark.provisioned
@given(st.lists(st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True), unique=True))
def test_every_app_is_in_exactly_one_shard(apps: list[str]) -> None:
    shards = [Shard(index, 4) for index in range(1, 5)]
    assert all(sum(one.holds(app) for one in shards) == 1 for app in apps)


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "a/b", "1/0", "1/2000", "", "-1/4", "1/4/2"])
def test_what_is_no_shard_is_said(text: str) -> None:
    with pytest.raises(UsageError):
        Shard.parse(text)


class Shortest(PolicyKind):
    """A policy of this test's own: the shortest tag."""

    name = "shortest"
    argument_type = int
    meaning = "The shortest tag of at least so many characters."

    @property
    def descending(self) -> bool:
        """Whether the first in order is wanted."""
        return True

    def takes(self, tag: str) -> bool:
        """Say whether a tag is long enough."""
        return len(tag) >= int(self.argument)

    def rank(self, tag: str) -> int:
        """Return a tag's length."""
        return len(tag)


def test_a_policy_is_added_by_a_class_and_a_row() -> None:
    model = policy_model((*POLICIES, Shortest))
    wanted = model.model_validate({"shortest": 2, "exclude": ["^x"]})
    assert select(wanted, ["a", "xx", "bbbb", "ccc", f"sha256-{DIGEST}"]).ordered == ("ccc", "bbbb")
    assert order_of(wanted, "bbbb", "ccc") == Comparison(Order.NEWER, certain=True)
    assert select(model.model_validate({"semver": "*"}), ["1.0.0", "a"]).ordered == ("1.0.0",)
    with pytest.raises(ValidationError, match="one policy decides"):
        model.model_validate({"shortest": 2, "semver": "*"})
    with pytest.raises(ValidationError, match="Extra inputs"):
        policy(shortest=2)


@pytest.mark.parametrize("kind", POLICIES, ids=lambda kind: kind.name)
def test_every_policy_says_what_its_key_means(kind: type[PolicyKind]) -> None:
    assert Policy.model_fields[kind.name].description == kind.meaning
    assert f"| `{kind.name}` |  | {kind.meaning} |" in Path("config/README.md").read_text("utf-8")
