"""`promote auto`, end to end: the real command, real git, a registry on this machine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from promoter.domain.declaration import AppDeclaration
from promoter.domain.evidence import GateResult, GateStatus
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest
from promoter.engine.deliver import batch_message
from tests.many_apps import BY_PULL, DEV, deployment, kustomization, make
from tests.matrices.process import run as promote_forked
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import Repository, Run, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEMVER = DEV + '    policy: {semver: "*"}\n'
PULLS = BY_PULL + '    policy: {semver: "*"}\n'


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as server:
        yield server


def world(path: Path, registry: Registry, apps: int, policy: str = SEMVER) -> Repository:
    """Make a repository of apps at 1.4.1, whose images the registry has at 1.4.0 and 1.4.1."""
    names = [f"app-{number:03}" for number in range(apps)]
    for name in names:
        registry.push(name, "1.4.0", "1.4.1", created="2026-01-01T00:00:00Z")
    return make(path / "gitops.git", {name: registry.name(name) for name in names}, policy)


def auto(repo: Repository, *more: str, env: dict[str, str] | None = None) -> Run:
    """Run the command once."""
    return promote("auto", "--repo", str(repo.path), "--output", "json", *more, env=env)


def actions(run: Run) -> dict[str, str]:
    """Return what happened to each app, without those that stayed."""
    found = {one["app"]: one["action"] for one in run.json["results"]}
    return {app: action for app, action in found.items() if action != "unchanged"}


def count(repo: Repository, ref: str = "main") -> int:
    """Return how many commits a branch has."""
    return int(repo.git("rev-list", "--count", ref))


@pytest.mark.parametrize("is_listed", thorough_after(1, [True, False]))
def test_a_tag_that_a_base_has_already_is_not_chosen_again(
    is_listed: bool, tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1)
    image, own = registry.name("app-000"), "resources: [../../base]\n"
    repo.commit(
        "main", "apps/app-000/base/deployment.yaml", deployment("app-000", f"{image}:1.4.1")
    )
    if is_listed:
        listed = f"apps: {{app-000: {{images: ['{image}']}}}}\n"
        repo.commit("main", "promoter.yaml", SEMVER + listed)
    else:
        own += f"images: [{{name: '{image}', newName: '{image}'}}]\n"
    repo.commit("main", kustomization("app-000"), own)
    assert actions(auto(repo)) == {}
    registry.push("app-000", "1.4.2")
    assert actions(auto(repo)) == {"app-000": "pushed"}


def test_new_tags_become_one_push_of_a_commit_an_app_and_nothing_else(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 12)
    before = repo.git("rev-parse", "main")
    for number in (3, 7, 11):
        registry.push(f"app-{number:03}", "1.4.2")
    run = auto(repo)
    assert run.code == 0, run.stderr
    assert actions(run) == dict.fromkeys(("app-003", "app-007", "app-011"), "pushed")
    assert count(repo) == 4
    assert repo.git("diff", "--numstat", before, "main").splitlines() == [
        f"1\t1\t{kustomization(f'app-{number:03}')}" for number in (3, 7, 11)
    ]
    assert "newTag: 1.4.2 # dev follows by itself" in repo.read(kustomization("app-007"))
    (commit,) = {
        one["commit"] for one in run.json["results"] if one["app"] == "app-007"
    }  # fmt: skip
    assert repo.git("show", "--name-only", "--format=", commit) == kustomization("app-007")
    assert "Promoter-App: app-007" in repo.git("show", "-s", "--format=%B", commit)


def test_apps_that_share_a_file_are_promoted_one_after_the_other(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1)
    shared, base = kustomization("app-000"), "apps/app-000/base/deployment.yaml"
    other = registry.name("other")
    registry.push("other", "1.4.1", "1.4.2")
    registry.push("app-000", "1.4.2")
    container = f"\n        - name: other\n          image: {other}\n"
    both = "environments:\n  dev:\n    path: apps/app-000/overlays/dev\n    deliver: push\n"
    both += '    policy: {semver: "*"}\napps:\n'
    both += f"  one: {{images: [{registry.name('app-000')}]}}\n  two: {{images: [{other}]}}\n"
    repo.commit("main", shared, repo.read(shared) + f"\n  - name: {other}\n    newTag: 1.4.1\n")
    repo.commit("main", base, repo.read(base) + container)
    repo.commit("main", "promoter.yaml", both)
    run = auto(repo)
    assert run.code == 0, run.stderr
    assert actions(run) == {"one": "pushed", "two": "pushed"}
    assert repo.read(shared).count("newTag: 1.4.2") == 2
    assert count(repo) == 6


def test_idle_run_writes_nothing_and_asks_each_image_once(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 5)
    refs = repo.refs()
    run = auto(repo)
    assert (run.code, actions(run)) == (0, {})
    assert {one["action"] for one in run.json["results"]} == {"unchanged"}
    assert repo.refs() == refs
    assert len(registry.seen) == 5
    assert promote("auto", "--repo", str(repo.path)).stdout == "5 apps: 5 unchanged\n"
    assert promote("auto", "--repo", str(repo.path), "-q").stdout == ""


def test_dry_run_and_check_write_nothing(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 2)
    registry.push("app-001", "1.5.0")
    refs = repo.refs()
    run = auto(repo, "--dry-run")
    assert (run.code, actions(run)) == (0, {"app-001": "planned"})
    assert auto(repo, "--check").code == 10
    assert repo.refs() == refs


def test_one_apps_failure_is_named_and_stops_no_other(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 3)
    registry.push("app-000", "1.4.2")
    registry.push("app-002", "1.4.2")
    registry.repositories["app-001"].tags = {"nightly": "sha256:0"}
    run = auto(repo)
    assert run.code == 4
    assert actions(run) == {"app-000": "pushed", "app-001": "failed", "app-002": "pushed"}
    assert "app-001 in dev: " in run.stderr
    assert "the policy semver: *" in run.stderr


def test_what_does_not_build_is_not_pushed_by_a_schedule_either(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 2)
    registry.push("app-000", "1.4.2")
    refs, renderer = repo.refs(), tmp_path / "kustomize"
    renderer.write_text("#!/bin/sh\necho 'Error: it does not build' >&2\nexit 1\n", "utf-8")
    renderer.chmod(0o755)
    done = auto(repo, env={"PROMOTER_RENDERER": str(renderer)})
    (failed,) = (one for one in done.json["results"] if one["app"] == "app-000")
    assert (done.code, failed["exit_code"]) == (3, 3), done.stdout
    assert failed["refusals"][0]["rule"] == "render"
    assert repo.refs() == refs
    # Without a renderer, the names decide.
    assert auto(repo).json["results"][0]["action"] == "pushed"


@pytest.mark.thorough
def test_a_schedule_that_runs_out_of_time_pushes_by_the_names_and_says_so(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 3)
    for name in ("app-000", "app-001", "app-002"):
        registry.push(name, "1.4.2")
    renderer = tmp_path / "kustomize"
    # A build takes half of the time that is left.
    renderer.write_text("#!/bin/sh\nexec sleep 60\n", "utf-8")
    renderer.chmod(0o755)
    done = auto(repo, "--timeout", "16", env={"PROMOTER_RENDERER": str(renderer)})
    told = [" ".join(one["warnings"]) for one in done.json["results"]]
    assert [one["action"] for one in done.json["results"]] == ["pushed"] * 3, done.stdout
    assert ["the run's time is short" in one for one in told] == [False, False, True]


def test_silent_registry_fails_soon_and_by_app(tmp_path: Path) -> None:
    repo = make(tmp_path / "g.git", {f"a{n}": "127.0.0.1:9/x" for n in range(40)}, SEMVER)
    run = auto(repo)
    assert run.code == 5
    assert set(actions(run).values()) == {"failed"}
    assert "gives no answer" in run.stderr


def test_never_goes_back_by_itself(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 1)
    text = repo.read(kustomization("app-000")).replace("1.4.1", "2.0.0")
    repo.commit("main", kustomization("app-000"), text)
    run = auto(repo)
    assert (run.code, actions(run)) == (0, {"app-000": "superseded"})
    assert "2.0.0" in repo.read(kustomization("app-000"))


def test_images_of_one_app_move_together_once_all_are_pushed(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 2)
    other = f"  - name: {registry.name('app-001')}\n    newTag: 1.4.1\n"
    file = kustomization("app-000")
    repo.commit("main", file, repo.read(file).rstrip() + "\n" + other)
    base = "apps/app-000/base/kustomization.yaml"
    repo.commit("main", base, repo.read(base) + "\n  - ../../app-001/base\n")
    registry.push("app-000", "1.4.2")
    assert actions(auto(repo, "--app", "app-000")) == {}
    registry.push("app-001", "1.4.2")
    assert actions(auto(repo, "--app", "app-000")) == {"app-000": "pushed"}
    assert repo.read(file).count("newTag: 1.4.2") == 2


def test_batched_environment_gets_one_commit(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 6, SEMVER + "    batch: true\n")
    for number in range(4):
        registry.push(f"app-{number:03}", "1.4.2")
    run = auto(repo)
    assert (run.code, len(actions(run))) == (0, 4)
    assert count(repo) == 2
    assert repo.git("log", "-1", "--format=%s", "main") == "Promote 4 apps to dev"
    assert len(repo.git("diff", "--name-only", "main^", "main").splitlines()) == 4
    assert actions(auto(repo)) == {}
    registry.push("app-005", "1.4.2")
    assert actions(auto(repo)) == {"app-005": "pushed"}
    assert repo.git("log", "-1", "--format=%s", "main") == "Promote app-005 to dev: 1.4.1 → 1.4.2"


def test_batch_declares_each_app_whole_though_all_share_one_image() -> None:
    image = ImageRequest("ghcr.io/o/shared", Tag("1.4.2"))
    declared = [AppDeclaration(app, "dev", (image,), actor="ada").alone for app in ("one", "two")]
    gates = (GateResult("order", GateStatus.PASSED), GateResult("soak", GateStatus.ALLOWED))
    message = batch_message([(one, gates) for one in declared])
    trailers = message.rstrip().rpartition("\n\n")[2].splitlines()
    assert trailers == [
        line for one in declared for line in one.trailers("order passed, soak allowed")
    ]


def test_pull_delivery_is_one_push_and_one_pull_an_app(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 4, PULLS)
    registry.push("app-001", "1.4.2")
    registry.push("app-002", "1.4.2")
    run = auto(repo)
    assert run.code == 0, run.stderr
    assert actions(run) == {"app-001": "created", "app-002": "created"}
    assert {f"refs/heads/promote/dev/app-00{n}" for n in (1, 2)} <= set(repo.refs())
    refs = repo.refs()
    again = auto(repo)
    assert (again.code, actions(again)) == (0, {})
    assert repo.refs() == refs
    registry.push("app-001", "1.4.3")
    assert actions(auto(repo)) == {"app-001": "updated"}


def test_on_github_one_push_serves_all_pulls_and_a_no_is_heeded(
    tmp_path: Path, registry: Registry
) -> None:
    github = GitHub(tmp_path / "srv")
    names = [f"app-{number}" for number in range(4)]
    for name in names:
        registry.push(name, "1.4.1", "1.4.2")
    make(github.repository, {name: registry.name(name) for name in names}, PULLS)
    git_http.configure(github.repository)
    command = ("auto", "--repo", github.url, "--output", "json")
    env = {"GITHUB_TOKEN": "good-token"}
    with github:
        run = promote(*command, env=env)
        assert run.code == 0, run.stderr
        assert set(actions(run).values()) == {"created"}
        assert len(github.open_pulls()) == 4
        pushes = [one for one in github.seen if one.path.endswith("git-receive-pack")]
        assert sum(one.method == "POST" for one in pushes) == 1
        before = len(github.rest()) + len(github.graphql())
        github.close(3)
        idle = promote(*command, env=env)
        assert (idle.code, actions(idle)) == (0, {})
        assert "pull request 3, which proposed the same, was closed unmerged" in idle.stderr
        assert len(github.open_pulls()) == 3
        assert len(github.rest()) + len(github.graphql()) - before == 1


@pytest.mark.parametrize(
    "strict", thorough_after(1, [True, False]), ids=["branches must be up to date", "no rule"]
)
@pytest.mark.parametrize("count", thorough_after(1, [3, 20]))
def test_commit_to_another_file_moves_the_head_of_no_approved_pull(
    tmp_path: Path, registry: Registry, strict: bool, count: int
) -> None:
    github = GitHub(tmp_path / "srv")
    names = [f"app-{number:02}" for number in range(count)]
    for name in names:
        registry.push(name, "1.4.1", "1.4.2")
    made = make(github.repository, {name: registry.name(name) for name in names}, PULLS)
    git_http.configure(github.repository)
    command = ("auto", "--repo", github.url, "--transport", "api", "--output", "json")
    env = {"GITHUB_TOKEN": "good-token"}
    with github:
        promote(*command, env=env)
        if strict:
            github.protect("main", checks=("ci",), strict=True, ruleset=True)
        for pull in github.open_pulls():
            github.approve(pull["number"])
        heads = {name: github.head(f"promote/dev/{name}") for name in names}
        made.commit("main", "docs/notes.md", "unrelated\n")
        run = promote(*command, env=env)
        assert run.code == 0, run.stderr
        moved = {name for name in names if github.head(f"promote/dev/{name}") != heads[name]}
        explicit = ("--app", names[0], "--tag", "1.4.2", "--repo", github.url, "--output", "json")
        again = promote(*explicit, env=env)
        assert again.json["action"] == "unchanged"
    assert moved == (set(names) if strict else set())
    assert set(actions(run).values()) == ({"updated"} if strict else set())


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_pull_from_a_fork_is_left_alone_and_is_no_answer(
    tmp_path: Path, registry: Registry, transport: str
) -> None:
    github = GitHub(tmp_path / "srv")
    names = ["app-0", "app-1", "app-2"]
    for name in names:
        registry.push(name, "1.4.1", "1.4.2")
    make(github.repository, {name: registry.name(name) for name in names}, PULLS)
    git_http.configure(github.repository)
    command = ("auto", "--repo", github.url, "--output", "json", "--transport", transport)
    with github:
        foreign = [github.pull_from_fork(f"promote/dev/{name}") for name in names[:2]]
        foreign += [github.pull_from_fork("promote/dev/app-2", "aurora-cloud/fork")]
        foreign[1]["state"] = "closed"
        before = [dict(one) for one in foreign]
        run = promote(*command, env={"GITHUB_TOKEN": "good-token"})
        assert (run.code, set(actions(run).values())) == (0, {"created"}), run.stderr
        assert foreign == before
        assert not github.comments
        ours = [one for one in github.open_pulls() if one["user"]["login"] != "stranger"]
        assert {one["head"]["ref"] for one in ours} == {f"promote/dev/{name}" for name in names}
        for number in range(60):
            github.pull_from_fork(f"promote/dev/{names[number % 3]}")["state"] = "closed"
        run = promote(*command, env={"GITHUB_TOKEN": "good-token"})
        assert (run.code, actions(run)) == (0, {}), run.stderr


@pytest.mark.parametrize("flag", thorough_after(1, [((),), (("--transport", "api"),)]))
def test_environment_by_the_api_gets_githubs_own_commits(
    tmp_path: Path, registry: Registry, flag: tuple[str, ...]
) -> None:
    github = GitHub(tmp_path / "srv")
    names = ["app-0", "app-1"]
    for name in names:
        registry.push(name, "1.4.1", "1.4.2")
    images = {name: registry.name(name) for name in names}
    make(github.repository, images, SEMVER + "    transport: api\n")
    git_http.configure(github.repository)
    command = ("auto", "--repo", github.url, "--output", "json", *flag)
    with github:
        run = promote(*command, env={"GITHUB_TOKEN": "good-token"})
        assert (run.code, set(actions(run).values())) == (0, {"pushed"}), run.stderr
        newest = islice(github.store.ancestry.listed(str(github.head("main"))), 2)
        commits = github.store.read(list(newest))
        assert all(github.verification(one)["verified"] for one in commits)


@pytest.mark.parametrize("count", [2, pytest.param(16, marks=pytest.mark.thorough)])
def test_many_apps_at_once_are_as_many_pulls(tmp_path: Path, count: int) -> None:
    github = GitHub(tmp_path / "srv")
    names = [f"app-{number}" for number in range(count)]
    policy = BY_PULL + "    checks: {exists: off}\n"
    make(github.repository, {name: f"ghcr.io/o/{name}" for name in names}, policy)
    git_http.configure(github.repository)

    def ask(name: str) -> Run:
        where = ("--repo", github.url, "--output", "json")
        token = {"GITHUB_TOKEN": "good-token"}
        return promote_forked("--app", name, "--tag", "1.5.0", *where, env=token)

    with github, ThreadPoolExecutor(count) as pool:
        runs = list(pool.map(ask, names))
        assert [run.code for run in runs] == [0] * count, [run.stderr for run in runs if run.code]
        branches = {one["head"]["ref"] for one in github.open_pulls()}
    assert branches == {f"promote/dev/{name}" for name in names}
    assert len(github.pulls) == count


def test_a_closed_pull_is_a_no_to_its_tag_and_to_no_other(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1, PULLS)
    registry.push("app-000", "1.4.2")
    number = auto(repo).json["results"][0]["pull_request"]["number"]
    assert promote("pulls", "close", str(number), "--repo", str(repo.path)).code == 0
    run = auto(repo)
    assert (run.code, actions(run)) == (0, {})
    assert "was closed unmerged" in run.stderr
    registry.push("app-000", "1.4.3")
    assert actions(auto(repo)) == {"app-000": "created"}


def test_settled_pull_is_closed_though_the_base_has_what_is_wanted(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1, PULLS)
    registry.push("app-000", "1.4.2")
    assert actions(auto(repo)) == {"app-000": "created"}
    file = kustomization("app-000")
    repo.commit("main", file, repo.read(file).replace("1.4.1", "1.4.2"))
    assert actions(auto(repo)) == {"app-000": "superseded"}
    assert "refs/heads/promote/dev/app-000" not in repo.refs()


@pytest.mark.parametrize("shards", [2, pytest.param(4, marks=pytest.mark.thorough)])
def test_shards_share_the_apps_and_every_change_lands_once(
    tmp_path: Path, registry: Registry, shards: int
) -> None:
    repo = world(tmp_path, registry, 24)
    for number in range(12):
        registry.push(f"app-{number:03}", "1.4.2")
    ask = ("auto", "--repo", str(repo.path), "--output", "json")
    each = [f"{number}/{shards}" for number in range(1, shards + 1)]
    with ThreadPoolExecutor(shards) as pool:
        runs = list(pool.map(lambda one: promote_forked(*ask, "--shard", one), each))
    assert [run.code for run in runs] == [0] * shards, [run.stderr for run in runs]
    apps = [one["app"] for run in runs for one in run.json["results"]]
    assert sorted(apps) == sorted(set(apps))
    assert len(apps) == 24
    pushed = [app for run in runs for app in actions(run)]
    assert sorted(pushed) == [f"app-{number:03}" for number in range(12)]
    assert count(repo) == 13
    assert repo.git("diff", "--numstat", "main~12", "main").count("1\t1\t") == 12


def test_an_indexed_jobs_pod_takes_its_shard(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 9)
    runs = [
        auto(repo, env={"PROMOTER_SHARDS": "2", "JOB_COMPLETION_INDEX": str(index)})
        for index in (0, 1)
    ]
    assert sum(len(run.json["results"]) for run in runs) == 9
    broken = auto(repo, env={"PROMOTER_SHARDS": "2"})
    assert broken.code == 2
    assert "JOB_COMPLETION_INDEX" in broken.stderr


def test_pinned_environment_gets_the_registrys_digest(tmp_path: Path, registry: Registry) -> None:
    repo = world(tmp_path, registry, 1, SEMVER + "    pin: both\n")
    digest = registry.push("app-000", "1.4.2")
    assert actions(auto(repo)) == {"app-000": "pushed"}
    assert f"digest: {digest}" in repo.read(kustomization("app-000"))
    assert "newTag: 1.4.2" in repo.read(kustomization("app-000"))
    assert actions(auto(repo)) == {}


def test_moving_tag_is_followed_by_its_digest(tmp_path: Path, registry: Registry) -> None:
    policy = DEV + "    pin: digest\n    policy: {digest: main}\n"
    repo = world(tmp_path, registry, 1, policy)
    first = registry.push("app-000", "main", created="2026-02-01T00:00:00Z")
    assert actions(auto(repo)) == {"app-000": "pushed"}
    assert f"digest: {first}" in repo.read(kustomization("app-000"))
    assert actions(auto(repo)) == {}
    second = registry.push("app-000", "main", created="2026-02-02T00:00:00Z")
    assert actions(auto(repo)) == {"app-000": "pushed"}
    assert f"digest: {second}" in repo.read(kustomization("app-000"))


@pytest.mark.parametrize(
    ("policy", "tags", "wanted"),
    thorough_after(1, [
        ('{semver: "^1.4"}', ["1.4.2", "1.10.0", "2.0.0", "latest"], "1.10.0"),
        ('{semver: "*", exclude: ["^1\\\\.10"]}', ["1.4.2", "1.10.0"], "1.4.2"),
        ("{numeric: asc}", ["17", "9", "103", "abc"], "103"),
        ('{timestamp: "%Y%m%d%H%M%S"}', ["main-20260101000000-a", "main-20260301000000-b"],
         "main-20260301000000-b"),
        ("{alphabetical: asc}", ["alpha", "gamma", "beta", "latest"], "gamma"),
        ("{regex: '^main-(?P<order>[0-9]+)-[0-9a-f]{7}$'}", ["main-9-aaaaaaa", "main-10-bbbbbbb"],
         "main-10-bbbbbbb"),
    ]),
)  # fmt: skip
def test_policies_choose_as_they_say(
    tmp_path: Path, registry: Registry, policy: str, tags: list[str], wanted: str
) -> None:
    repo = world(
        tmp_path, registry, 1, DEV + f"    policy: {policy}\n    checks: {{mutable: off}}\n"
    )
    registry.repositories["app-000"].tags.clear()
    registry.push("app-000", *tags)
    run = auto(repo)
    assert run.code == 0, run.stderr
    assert f"newTag: {wanted}" in repo.read(kustomization("app-000")).replace('"', "")


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("tags: '^v'", "(such as 1.4.0, 1.4.1) is taken by environments.dev.tags '^v'"),
        ('policy: {semver: "^2"}', "(such as 1.4.0, 1.4.1) fits the policy semver: ^2"),
    ],
)  # fmt: skip
def test_what_takes_none_of_the_tags_is_named(
    tmp_path: Path, registry: Registry, keys: str, said: str
) -> None:
    policy = SEMVER.replace('    policy: {semver: "*"}', f"    {keys}") if "policy" in keys else ""
    run = auto(world(tmp_path, registry, 1, policy or f"{SEMVER}    {keys}\n"))
    assert run.code == 4
    assert said in run.json["results"][0]["error"]["message"]


def test_newest_takes_the_image_created_last_and_never_an_older_one(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1, DEV + "    policy: {newest: 10, include: ['^sha-']}\n")
    registry.push("app-000", "sha-bbb", created="2026-03-02T00:00:00Z")
    registry.push("app-000", "sha-ccc", created="2026-03-01T00:00:00Z")
    assert actions(auto(repo)) == {"app-000": "pushed"}
    assert "newTag: sha-bbb" in repo.read(kustomization("app-000"))
    # The newest is withdrawn: nobody knows its age any more, and the rest may be older.
    del registry.repositories["app-000"].tags["sha-bbb"]
    run = auto(repo)
    assert (run.code, actions(run)) == (0, {})
    assert "when sha-bbb was made is not known" in run.stderr


def test_a_broken_image_among_the_newest_neither_stops_the_choice_nor_goes_untold(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1, DEV + "    policy: {newest: 10, include: ['^sha-']}\n")
    registry.push("app-000", "sha-aaa", created="2026-03-01T00:00:00Z")
    registry.push("app-000", "sha-bbb", created="2026-03-02T00:00:00Z")
    app = registry.repositories["app-000"]
    old = b'{"schemaVersion": 1, "name": "app", "fsLayers": []}'
    app.manifests["old"] = ("application/vnd.docker.distribution.manifest.v1+json", old)
    app.manifests["page"] = ("text/html", b"<html>")
    app.tags |= {"sha-old": "old", "sha-page": "page", "sha-gone": "sha256:" + "0" * 64}
    for action in ("pushed", "unchanged"):
        run = auto(repo)
        assert actions(run) in ({"app-000": action}, {})
        assert "3 of 5 tags" in str(run.json)
    assert "newTag: sha-bbb" in repo.read(kustomization("app-000"))
    # What cannot be read only now could be the newest.
    registry.refusals = [("manifests/sha-bbb", 500, b"")]
    del app.tags["sha-old"]
    assert auto(repo).code == 5


def test_without_a_policy_or_with_unknown_names_it_says_what_there_is(
    tmp_path: Path, registry: Registry
) -> None:
    repo = world(tmp_path, registry, 1, DEV)
    none = auto(repo)
    assert none.code == 4
    assert "no policy applies" in none.json["error"]["message"]
    unknown = auto(repo, "--app", "app-00")
    assert unknown.code == 4
    assert "app-000" in unknown.json["error"]["hint"]
