"""The gates of the promotion path: each refuses alone, all refuse at once, and each can be allowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, get_args

import pytest

from promoter.config.gate_settings import AllowableRule
from promoter.config.holds import Hold, hold_file
from promoter.config.layout import Target
from promoter.config.sections import Environment
from promoter.domain.errors import PromoteError, UsageError
from promoter.domain.evidence import BuiltImage
from promoter.domain.image import Digest
from promoter.domain.rules import ALLOWABLE
from promoter.domain.running_period import RunningPeriod, Version, latest_period
from promoter.gates import ImageFacts, Previous, judge
from tests.many_apps import BY_PULL, DEV, make
from tests.servers.registry import Registry
from tests.test_gates import DIGEST, FILE, NAME, facts, image, results
from tests.test_promotion_path import START, ask, configure, dev, gate, rules
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, aurora, promote

if TYPE_CHECKING:
    from pathlib import Path

NOW = int(START.timestamp())
HOUR = 3600
UNTAGGED = ImageFacts(image().request, NAME, error=PromoteError("no answer in 3 s"))


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    return aurora(tmp_path / "aurora.git")


def wanting(**keys: Any) -> Target:
    """Return the target of an environment with these keys."""
    known = {"path": "apps/{app}", "promotes-from": "dev", **keys}
    return Target("app", "prod", Environment.model_validate(known), FILE)


def previous(period: RunningPeriod | None, unread: str = "") -> Previous:
    return Previous("dev", {f"{NAME}=1.4.2": period}, unread)


RUNS = previous(RunningPeriod(NOW))
PARTLY = replace(previous(None), partly={f"{NAME}=1.4.2": "other.yaml has 1.4.1"})


def made(days: float | None) -> tuple[ImageFacts, ...]:
    """Return an image that was made so many days ago."""
    created = None if days is None else START - timedelta(days=days)
    return (image(image=BuiltImage(DIGEST, created)),)


@pytest.mark.parametrize(
    ("keys", "known", "gate_name", "result"),
    [
        ({}, {"previous": previous(RunningPeriod(NOW))}, "previous-environment", "passed"),
        ({}, {"previous": previous(RunningPeriod(NOW - 9, NOW - 5))}, "previous-environment", "passed"),
        ({}, {"previous": replace(RUNS, elsewhere=("dev.io/web", "prod.io/web"))},
         "previous-environment", "passed"),
        ({}, {"previous": replace(RUNS, elsewhere=("dev.io/other", "prod.io/web"))},
         "previous-environment", "warned"),
        ({}, {"previous": previous(None)}, "previous-environment", "failed"),
        ({}, {"previous": previous(None, "no answer")}, "previous-environment", "failed"),
        ({"when-unknown": "warn"}, {"previous": previous(None, "no answer")},
         "previous-environment", "unknown"),
        ({"when-unknown": "warn"}, {"previous": previous(None)}, "previous-environment", "failed"),
        ({}, {"previous": PARTLY}, "previous-environment", "failed"),
        ({"promotes-from": None}, {"previous": PARTLY}, "previous-environment", "warned"),
        ({}, {"previous": replace(PARTLY, unread="cut")}, "previous-environment", "failed"),
        ({}, {"previous": replace(PARTLY, periods=previous(RunningPeriod(NOW - 9, NOW - 5)).periods)},
         "previous-environment", "passed"),
        ({"soak": "1h"}, {"previous": previous(RunningPeriod(NOW - HOUR))}, "soak", "passed"),
        ({"soak": "1h"}, {"previous": previous(RunningPeriod(NOW - HOUR + 1))}, "soak", "failed"),
        ({"soak": "1h"}, {"previous": previous(RunningPeriod(NOW + HOUR))}, "soak", "failed"),
        ({"soak": "1h"}, {"previous": previous(RunningPeriod(NOW - 9 * HOUR, NOW - 8 * HOUR))},
         "soak", "passed"),
        ({"soak": "1h"}, {"previous": previous(RunningPeriod(NOW, NOW - HOUR))}, "soak", "failed"),
        ({"soak": "1h", "when-unknown": "warn"}, {"previous": previous(RunningPeriod(NOW), "cut")},
         "soak", "failed"),
        ({"soak": "1h", "when-unknown": "warn"},
         {"previous": previous(RunningPeriod(NOW, at_least=True), "cut")}, "soak", "unknown"),
        ({"freeze": [{"dates": "11-23"}]}, {}, "freeze", "failed"),
        ({"freeze": [{"dates": "11-24"}]}, {}, "freeze", "passed"),
        ({"freeze": [{"weekly": "Mon", "exceptions": ["2026-11-23"]}]}, {}, "freeze", "passed"),
        ({"tags": r"^\d+\.\d+\.\d+$"}, {}, "tags", "passed"),
        ({"tags": "^v"}, {}, "tags", "failed"),
        ({"max-age": "30d"}, {"images": made(30)}, "max-age", "passed"),
        ({"max-age": "30d"}, {"images": made(30.1)}, "max-age", "failed"),
        ({"max-age": "30d"}, {"images": made(-1)}, "max-age", "passed"),
        ({"max-age": "30d"}, {"images": made(None)}, "max-age", "failed"),
        ({"max-age": "30d"}, {"images": made(20_000)}, "max-age", "failed"),
        ({"max-age": "30d", "when-unknown": "warn"}, {"images": (UNTAGGED,)},
         "max-age", "unknown"),
        ({"allow": ["soak"]}, {"allow": frozenset({"downgrade"})}, "allow", "failed"),
    ],
)  # fmt: skip
def test_each_gate_says_what_the_facts_say(
    keys: dict[str, Any], known: dict[str, Any], gate_name: str, result: str
) -> None:
    assert results(facts(target=wanting(**keys), now=NOW, **known))[gate_name] == result


def test_a_digest_without_a_tag_cannot_be_held_to_a_pattern() -> None:
    seen = facts(target=wanting(tags="^1"), now=NOW)
    assert seen.proposal is not None
    only = replace(image().request, tag=None, digest=Digest.parse(DIGEST))
    declaration = replace(seen.proposal.declaration.first, images=(only,)).alone
    seen = replace(seen, proposal=replace(seen.proposal, declaration=declaration))
    assert results(seen)["tags"] == "failed"
    # The tag that the digest was found by is known where the registry was asked for it.
    assert results(replace(seen, images=(image(),)))["tags"] == "passed"


def test_an_image_that_is_not_there_is_refused_for_that_and_not_for_its_age() -> None:
    gone = replace(UNTAGGED, absent=True)
    for exists, refused in (("refuse", ["missing-image"]), ("warn", ["max-age"])):
        target = wanting(**{"max-age": "30d", "checks": {"exists": exists}})
        found = judge(facts(target=target, now=NOW, images=(gone,)))
        assert [one.rule for one in found.refusals] == refused


def test_the_latest_stay_is_read_from_versions_newest_first() -> None:
    def period(*versions: tuple[int, bool]) -> RunningPeriod | None:
        return latest_period(Version(*one) for one in versions)

    assert period() is None
    assert period((5, False), (1, False)) is None
    assert period((5, True), (3, True), (1, False)) == RunningPeriod(3)
    assert period((5, False), (3, True), (1, False)) == RunningPeriod(3, 5)
    assert period((9, True), (5, False), (3, True)) == RunningPeriod(9)
    assert latest_period([Version(3, True, first=True)]) == RunningPeriod(3, at_least=True)


def test_the_rules_that_an_environment_may_list_are_those_that_can_be_allowed() -> None:
    assert set(get_args(AllowableRule)) == set(ALLOWABLE)


def test_a_schedule_waits_where_all_that_fails_passes_by_itself() -> None:
    frozen = facts(target=wanting(freeze=[{"dates": "11-23"}]), now=NOW)
    assert judge(frozen).waits
    assert not judge(replace(frozen, target=wanting(freeze=[{"dates": "11-23"}], tags="^v"))).waits
    broken = Hold("app", "prod", "x", broken=None)
    assert judge(facts(hold=broken)).waits
    assert not judge(facts(hold=replace(broken, broken=UsageError("?")))).waits
    assert not judge(facts()).waits


FREEZE = 'freeze: [{weekly: "Mon 08:00 - Tue 08:00", timezone: Europe/Berlin, reason: payday}]'
HELD = str(hold_file("aurora", "prod"))


@pytest.mark.parametrize(
    ("rule", "keys", "hint"),
    thorough_after(
        2,
        [
            ("hold", "", "promote unhold"),
            ("previous-environment", "promotes-from: dev", "Promote it to dev first"),
            ("freeze", FREEZE, "Wait until 2026-11-24 07:00 UTC"),
            ("tags", "tags: '^v'", "environments.prod.tags"),
        ],
    ),
)
def test_each_rule_refuses_alone_and_can_be_allowed(
    repo: Repository, rule: str, keys: str, hint: str
) -> None:
    configure(repo, keys)
    if rule == "hold":
        repo.commit("main", HELD, Hold("aurora", "prod", "wait").text().decode())
    run = ask(repo, "--tag", "1.4.2")
    assert (run.code, rules(run)) == (3, [rule])
    assert hint in run.json["refusals"][0]["hint"]
    run = ask(repo, "--tag", "1.4.2", "--allow", rule)
    assert run.code == 0
    assert f"Promoter-Allow: {rule}" in repo.git("log", "-1", "--format=%B", BRANCH)
    assert f"--allow {rule} by alice" in run.json["pull_request"]["body"]


def test_all_rules_refuse_at_once(repo: Repository) -> None:
    configure(repo, f"promotes-from: dev\nsoak: 24h\ntags: '^v'\n{FREEZE}\nallow: [soak]")
    repo.commit("main", HELD, Hold("aurora", "prod", "wait").text().decode())
    run = ask(repo, "--tag", "1.3.9", "--allow", "mutable-tag")
    assert run.code == 3
    assert rules(run) == [
        "downgrade", "previous-environment", "freeze", "hold", "tags", "allow",
    ]  # fmt: skip
    assert "where it has to be for 24h" in run.json["refusals"][1]["reason"]
    assert all(one["hint"] for one in run.json["refusals"])
    assert "promote/prod" not in str(repo.refs())
    assert gate(run, "freeze")["until"] == "2026-11-24T07:00:00+00:00"


def test_an_older_tag_that_nothing_else_forbids_is_superseded_as_ever(repo: Repository) -> None:
    run = ask(repo, "--tag", "1.3.9")
    assert (run.code, run.json["action"]) == (0, "superseded")


def test_an_environment_says_which_rules_may_be_allowed(repo: Repository) -> None:
    configure(repo, f"{FREEZE}\nallow: [downgrade]")
    run = ask(repo, "--tag", "1.4.2", "--allow", "freeze")
    assert (run.code, rules(run)) == (3, ["freeze", "allow"])
    assert "environments.prod.allow" in run.json["refusals"][1]["hint"]
    assert gate(run, "freeze")["until"] == "2026-11-24T07:00:00+00:00"
    assert "newTag: 1.4.1" in repo.read(AURORA)


def test_no_hint_offers_what_the_environment_does_not_let_be_allowed(repo: Repository) -> None:
    keys = f"promotes-from: dev\nsoak: 24h\ntags: '^v'\n{FREEZE}"
    configure(repo, f"{keys}\nallow: [soak]")
    repo.commit("main", HELD, Hold("aurora", "prod", "wait").text().decode())
    run = ask(repo, "--tag", "1.3.9")
    offered = {one["rule"]: "--allow" in one["hint"] for one in run.json["refusals"]}
    assert offered == dict.fromkeys(
        ("downgrade", "previous-environment", "freeze", "hold", "tags"), False
    )
    repo.commit("main", "promoter.yaml", repo.read("promoter.yaml").replace("allow: [soak]", ""))
    run = ask(repo, "--tag", "1.3.9")
    assert all(f"--allow {one['rule']}" in one["hint"] for one in run.json["refusals"])


@pytest.mark.parametrize("allow", [(), ("--allow", "placeholder")])
def test_a_placeholder_that_may_not_be_replaced_is_refused_with_its_place(
    repo: Repository, allow: tuple[str, ...]
) -> None:
    configure(repo, "allow: []")
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "${TAG}"))
    run = ask(repo, "--tag", "1.4.2", *allow)
    assert (run.code, set(rules(run))) == (3, {"placeholder", *(("allow",) if allow else ())})
    assert run.json["refusals"][0]["line"]
    assert "--allow" not in run.json["refusals"][0]["hint"]


def test_what_goes_back_offers_no_allow_that_the_environment_does_not_take(
    repo: Repository,
) -> None:
    where = ("--app", "aurora", "--repo", str(repo.path), "--tag", "1.3.9")
    assert "add --allow downgrade" in promote(*where).stdout
    configure(repo, "allow: []")
    run = promote(*where)
    assert (run.code, "--allow" in run.stdout + run.stderr) == (0, False)
    assert "--allow" not in "".join(ask(repo, "--tag", "1.3.9").json["warnings"])


@pytest.mark.parametrize("deliver", thorough_after(1, [DEV, BY_PULL]))
def test_what_refuses_an_older_tag_hides_no_other_rule(tmp_path: Path, deliver: str) -> None:
    keys = "    freeze: [{dates: 11-23}]\n    max-age: 7d\n    render: strict\n"
    with Registry() as registry:
        registry.push("web", "1.3.9", created="2026-01-01T00:00:00Z")
        repo = make(tmp_path / "r.git", {"web": registry.name("web")}, deliver + keys)
        where = ("--app", "web", "--repo", str(repo.path), "--output", "json")
        day = {"PROMOTER_NOW": "2026-11-23T10:00:00Z"}
        old = promote(*where, "--tag", "1.3.9", env=day)
        assert (old.code, rules(old)[:3]) == (3, ["downgrade", "freeze", "max-age"])
        assert gate(old, "missing-image")["verdict"] == "passed"
        gone = promote(*where, "--tag", "1.3.8", env=day)
        assert (gone.code, {*rules(gone)} >= {"downgrade", "freeze", "missing-image"}) == (3, True)
        assert gate(gone, "render")["verdict"] != "skipped"
        # Nothing else refuses it: it is superseded, and a tag that may be mistyped is told.
        later = {"PROMOTER_NOW": "2026-11-24T10:00:00Z"}
        alone = promote(*where, "--tag", "1.3.8", env=later)
        assert (alone.code, alone.json["action"]) == (0, "superseded")
        (_, absent) = alone.json["warnings"]
        assert absent.startswith(f"{registry.name('web')} has no 1.3.8 in its registry. ")
        assert "1.3.9" in absent
        off = repo.read("promoter.yaml").replace("render:", "checks: {exists: off}\n    render:")
        repo.commit("main", "promoter.yaml", off.replace("    max-age: 7d\n", ""))
        asked = registry.asked("")
        alone = promote(*where, "--tag", "1.3.8", env=later)
        assert (len(alone.json["warnings"]), registry.asked("")) == (1, asked)


def test_a_hold_ends_at_one_time_in_a_refusal_in_auto_and_in_status(tmp_path: Path) -> None:
    until = int(datetime(2026, 12, 1, 8, 0, 1, tzinfo=UTC).timestamp())
    with Registry() as registry:
        for tag in ("1.4.1", "1.4.2"):
            registry.push("web", tag)
        policy = DEV + '    policy: {semver: "*"}\n'
        repo = make(tmp_path / "r.git", {"web": registry.name("web")}, policy)
        held = Hold("web", "dev", "wait", until=until).text().decode()
        repo.commit("main", str(hold_file("web", "dev")), held)
        clock = {"PROMOTER_NOW": "2026-11-23T10:00:00Z"}
        where = ("--repo", str(repo.path))
        refused = promote("--app", "web", "--tag", "1.4.2", *where, env=clock)
        told = [refused.stdout + refused.stderr]
        told += [promote(one, *where, env=clock).stdout for one in ("auto", "status")]
    for text in told:
        assert "2026-12-01 08:01 UTC" in text
        assert "08:00 UTC" not in text


def test_a_time_gate_passes_when_its_time_has_come(repo: Repository) -> None:
    configure(repo, f"promotes-from: dev\nsoak: 12h\n{FREEZE}")
    dev(repo, "1.4.2")
    assert rules(ask(repo, "--from", hours=11.9)) == ["soak", "freeze"]
    assert rules(ask(repo, "--from", hours=20.9)) == ["freeze"]
    assert ask(repo, "--from", hours=21).code == 0
