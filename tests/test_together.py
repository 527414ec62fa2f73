"""Several apps by one commit, one pull and one verdict, named on the command line or as a group."""

from __future__ import annotations

import re
from math import ceil
from typing import TYPE_CHECKING, Any

import pytest

from promoter.config.holds import hold_file
from promoter.domain.declaration import Declaration
from tests.many_apps import BY_PULL, DEV, kustomization, make
from tests.servers import git_http
from tests.servers.github import GitHub
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import Repository, copy_of, promote

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OFF = "    checks: {exists: off}\n"
GROUP = "groups: {shop: {apps: [web, api]}}\n"
BRANCH = "promote/dev/api+web"
BOTH = ("--app", "web", "--app", "api", "--together")


def repository(path: Path, settings: str = BY_PULL) -> Repository:
    """Make a repository of two apps at 1.4.1."""
    images = {name: f"ghcr.io/acme/{name}" for name in ("api", "web")}
    return make(path, images, settings + OFF + GROUP)


def run(repo: Repository, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command on the repository and return its envelope."""
    done = promote(*arguments, "--repo", str(repo.path), "--output", "json")
    assert done.code == code, done.stdout + done.stderr
    return done.json


def tags(repo: Repository, ref: str = "main") -> list[str]:
    """Return the tags of both apps."""
    texts = [repo.read(kustomization(app), ref) for app in ("api", "web")]
    return [text.partition("newTag: ")[2].split()[0] for text in texts]


def test_two_apps_are_one_commit_and_one_pull_that_lives_as_any_other(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    out = run(repo, *BOTH, "--tag", "1.4.2")
    assert (out["action"], out["app"], out["branch"]) == ("created", "api+web", BRANCH)
    assert out["files"] == [kustomization("api"), kustomization("web")]
    assert [one["name"] for one in out["images"]] == ["ghcr.io/acme/api", "ghcr.io/acme/web"]
    assert repo.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert tags(repo, BRANCH) == ["1.4.2", "1.4.2"]
    body = out["pull_request"]["body"]
    for app in ("api", "web"):
        assert re.search(rf"^\| {app} \| `1.4.1` → `1.4.2` since ", body, re.MULTILINE), body
    assert "promote rollback --app api --app web --together --env dev " in body
    assert "| both apps: 1 field changed, nothing else |" in body
    assert "| both apps: 1.4.2 is newer than 1.4.1 |" in body
    refs = repo.refs()
    again = run(repo, "--app", "api", "--app", "web", "--together", "--tag", "1.4.2")
    assert (again["action"], again["commit"], repo.refs()) == ("unchanged", out["commit"], refs)
    newer = run(repo, *BOTH, "--tag", "1.4.3")
    assert (newer["action"], newer["pull_request"]["number"]) == (
        "updated",
        out["pull_request"]["number"],
    )
    assert run(repo, *BOTH, "--tag", "1.4.2")["action"] == "superseded"
    number = str(out["pull_request"]["number"])
    assert promote("pulls", "merge", number, "--repo", str(repo.path)).code == 0
    assert tags(repo) == ["1.4.3", "1.4.3"]
    assert run(repo, *BOTH, "--tag", "1.4.3")["action"] == "unchanged"


def test_a_group_is_named_by_the_configuration_and_has_a_branch_of_its_own(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    out = run(repo, "--group", "shop", "--tag", "1.4.2")
    assert (out["app"], out["branch"]) == ("shop", "promote/dev/group+shop")
    assert out["pull_request"]["title"] == "Promote shop to dev: 1.4.1 → 1.4.2"
    assert run(repo, "--group", "shop", "--tag", "1.4.2")["action"] == "unchanged"
    error = run(repo, "--group", "shopp", "--tag", "1.4.2", code=4)["error"]
    assert (error["message"], "shop" in error["hint"]) == ("there is no group 'shopp'", True)


def test_a_refusal_of_one_refuses_all_and_all_are_told(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    for app in ("api", "web"):
        repo.commit("main", str(hold_file(app, "dev")), f'reason: "{app} waits"\n', "Hold")
    refs = repo.refs()
    refused = run(repo, *BOTH, "--tag", "1.4.2", code=3)
    assert [one["rule"] for one in refused["refusals"]] == ["hold", "hold"]
    run(repo, "unhold", "--app", "web", "--reason", "go on")
    assert run(repo, *BOTH, "--tag", "1.4.2", code=3)["refusals"]
    assert "refs/heads/promote/dev/api+web" not in repo.refs()
    assert refs["refs/heads/main"] == repo.git("rev-parse", "main")


def test_what_refuses_one_app_of_an_open_pull_is_told_of_that_app_alone(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    run(repo, *BOTH, "--tag", "1.4.2")
    deployment = "apps/web/base/deployment.yaml"
    text = repo.read(deployment).replace("ghcr.io/acme/web", "ghcr.io/acme/other")
    repo.commit("main", deployment, text)
    (refusal,) = run(repo, *BOTH, "--tag", "1.4.2", code=3)["refusals"]
    assert refusal["rule"] == "dead-edit"
    assert "api" not in refusal["reason"]


def test_a_place_that_cannot_be_edited_refuses_all(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    text = repo.read(kustomization("web")).replace("newTag: 1.4.1", "newTag: ${TAG}")
    repo.commit("main", kustomization("web"), text + "\n")
    refused = run(repo, *BOTH, "--tag", "1.4.2", code=3)
    assert refused["refusals"][0]["file"] == kustomization("web")


def test_a_persons_commit_on_the_branch_is_not_replaced(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    run(repo, *BOTH, "--tag", "1.4.2")
    repo.commit(BRANCH, "notes.md", "wait\n", "Wait")
    assert run(repo, *BOTH, "--tag", "1.4.3", code=3)["refusals"][0]["rule"] == "human-commits"
    assert run(repo, *BOTH, "--tag", "1.4.3", "--take-over")["action"] == "updated"


def test_pushed_apps_are_one_commit_and_go_back_together(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git", DEV)
    before = repo.git("rev-parse", "main")
    for tag in ("1.4.2", "1.4.3"):
        assert run(repo, *BOTH, "--tag", tag)["action"] == "pushed"
    assert repo.git("rev-list", "--count", f"{before}..main") == "2"
    back = run(repo, "rollback", *BOTH, "--reason", "it loses orders")
    assert (back["action"], tags(repo)) == ("pushed", ["1.4.2", "1.4.2"])
    holds = [str(hold_file(app, "dev")) for app in ("api", "web")]
    assert sorted(set(back["files"]) - {kustomization("api"), kustomization("web")}) == holds
    assert run(repo, "rollback", *BOTH, "--reason", "it loses orders")["action"] == "unchanged"
    assert run(repo, "--app", "web", "--tag", "1.4.3", code=3)["refusals"][0]["rule"] == "hold"


def test_the_commit_declares_each_app_and_is_read_again(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    run(repo, *BOTH, "--tag", "1.4.2")
    message = repo.git("log", "-1", "--format=%B", BRANCH)
    declared = Declaration.parse(message)
    assert declared is not None
    assert (declared.app, [one.app for one in declared.members]) == ("api+web", ["api", "web"])
    lines = message.rstrip().rpartition("\n\n")[2].splitlines()
    gates = next(line.partition(": ")[2] for line in lines if "Promoter-Gates" in line)
    assert list(declared.trailers(gates)) == lines


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ((*BOTH, "--image", "ghcr.io/acme/web=1.4.2"), 2, "which of the apps"),
        (("--app", "web", "--group", "shop", "--tag", "1"), 2, "both given"),
        (
            ("--app", "web", "--app", "nothing", "--together", "--tag", "1.4.2"),
            4,
            "there is no app 'nothing'",
        ),
    ],
)
def test_what_does_not_go_together_is_told(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path
) -> None:
    repo = repository(tmp_path / "r.git")
    refs = repo.refs()
    assert said in run(repo, *arguments, code=code)["error"]["message"]
    assert repo.refs() == refs


def test_a_group_of_an_unknown_app_is_an_error_with_its_place(tmp_path: Path) -> None:
    images = {"web": "ghcr.io/acme/web"}
    settings = BY_PULL + OFF + "apps: {web: {}}\ngroups:\n  shop: {apps: [webb]}\n"
    repo = make(tmp_path / "r.git", images, settings)
    error = run(repo, "--group", "shop", "--tag", "1.4.2", code=2)["error"]
    assert (error["message"], error["line"]) == ("groups.shop.apps: there is no app 'webb'", 8)


def on_github(
    tmp_path: Path, transport: str
) -> tuple[GitHub, Repository, Callable[..., dict[str, Any]]]:
    """Return a GitHub with the group, its repository, and how a command is asked there as JSON."""
    github = GitHub(tmp_path / "srv")
    images = {name: f"ghcr.io/acme/{name}" for name in ("api", "web")}
    repo = make(github.repository, images, BY_PULL + OFF + GROUP)
    git_http.configure(github.repository)
    where = ("--repo", github.url, "--transport", transport, "--output", "json")

    def ask(*arguments: str) -> dict[str, Any]:
        done = promote(*arguments, *where, env={"GITHUB_TOKEN": "good-token"})
        assert done.code == done.json["exit_code"], done.stderr
        return done.json

    return github, repo, ask


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_on_github_it_is_the_same_through_git_and_the_api(tmp_path: Path, transport: str) -> None:
    github, repo, ask = on_github(tmp_path, transport)
    with github:
        for tag in ("1.4.2", "1.4.3"):
            github.merge(ask(*BOTH, "--tag", tag)["pull_request"]["number"])
        assert ask(*BOTH, "--tag", "1.4.3")["action"] == "unchanged"
        back = ask("rollback", *BOTH, "--reason", "it loses orders")
        assert back["action"] == "created", back
        assert ask("rollback", *BOTH, "--reason", "it loses orders")["action"] == "unchanged"
        assert {one["rule"] for one in ask(*BOTH, "--tag", "1.4.4")["refusals"]} == {"hold"}
        github.merge(back["pull_request"]["number"])
    assert tags(repo) == ["1.4.2", "1.4.2"]


@pytest.mark.parametrize("count", [12, pytest.param(60, marks=pytest.mark.thorough)])
def test_through_the_api_many_apps_are_looked_at_together(tmp_path: Path, count: int) -> None:
    apps = [f"app-{number:02}" for number in range(count)]
    github = GitHub(tmp_path / "srv")
    settings = f"{BY_PULL}{OFF}    render: off\ngroups: {{all: {{apps: [{', '.join(apps)}]}}}}\n"
    make(github.repository, {name: f"ghcr.io/acme/{name}" for name in apps}, settings)
    git_http.configure(github.repository)

    def ask(tag: str) -> tuple[str, int]:
        before = len(github.seen)
        done = promote(
            "--group", "all", "--tag", tag, "--repo", github.url, "--output", "json",
            "--transport", "api", env={"GITHUB_TOKEN": "good-token"},
        )  # fmt: skip
        assert done.code == 0, done.stderr
        return done.json["action"], len(github.seen) - before

    # Overview, branch with its pulls, the apps' folders, those above them, bases; and the branches
    # by their names: those of each app and of its hold, and the group's own.
    look = 4 + ceil(2 * count / 100) + ceil((2 * count + 1) / 100)
    history = ceil(count / 40)
    with github:
        # The histories of a few apps come with the branch.
        assert ask("1.4.2") == ("created", look + (history if count > 20 else 0) + 1)
        # What the branch holds.
        look += ceil(count / 100)
        assert ask("1.4.2") == ("unchanged", look)
        assert ask("1.4.3") == ("updated", look + history + 2)


def test_killed_after_the_push_the_rerun_opens_the_one_pull(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    first = run(repo, *BOTH, "--tag", "1.4.2")
    repo.git("update-ref", "-d", "refs/promoter/pulls/1")
    again = run(repo, *BOTH, "--tag", "1.4.2")
    assert (again["action"], again["commit"]) == ("created", first["commit"])


def history(repo: Repository, app: str) -> list[tuple[str, bool, str | None]]:
    """Return what the history says of an app: kind, whether it goes back, and who asked."""
    done = promote("history", "--app", app, "--repo", str(repo.path), "--output", "json")
    return [(one["kind"], one["goes_back"], one["actor"]) for one in done.json["entries"]]


@pytest.mark.parametrize("settings", thorough_after(1, [BY_PULL, DEV]))
def test_the_history_of_each_app_tells_what_was_done_to_them_together(
    tmp_path: Path, settings: str
) -> None:
    repo = repository(tmp_path / "r.git", settings)
    for arguments in (
        ("--group", "shop", "--tag", "1.4.2"),
        ("rollback", "--group", "shop", "--reason", "both bad"),
    ):
        pull = run(repo, *arguments)["pull_request"]
        if pull is not None:
            assert (
                promote("pulls", "merge", str(pull["number"]), "--repo", str(repo.path)).code == 0
            )
    for app in ("api", "web"):
        back, forward, _ = history(repo, app)
        assert (back[:2], forward[:2]) == (("promotion", True), ("promotion", False))
        assert back[2] is not None


def test_the_history_of_each_app_tells_of_a_commit_for_all(tmp_path: Path) -> None:
    with Registry() as registry:
        images = {name: registry.name(name) for name in ("api", "web")}
        for name in images:
            registry.push(name, "1.4.1", "1.4.2")
        settings = DEV + '    policy: {semver: "*"}\n    batch: true\n'
        repo = make(tmp_path / "r.git", images, settings)
        assert promote("auto", "--repo", str(repo.path)).code == 0
    assert repo.git("rev-list", "--count", "main") == "2"
    assert {history(repo, app)[0][0] for app in images} == {"promotion"}


BACK = ("--reason", "it loses orders")


def promoted_repository(path: Path) -> Repository:
    """Make a repository of both apps, promoted to 1.4.2."""

    return copy_of("two-apps", path, lambda folder: promoted(repository(folder)))


def promoted(repo: Repository) -> None:
    """Promote both apps to 1.4.2, each alone and merged."""
    for app in ("api", "web"):
        number = run(repo, "--app", app, "--tag", "1.4.2")["pull_request"]["number"]
        assert promote("pulls", "merge", str(number), "--repo", str(repo.path)).code == 0


@pytest.mark.parametrize("apart", thorough_after(1, [(("--group", "shop"),), (BOTH,)]))
def test_the_open_rollback_of_several_apps_holds_each_of_them(
    tmp_path: Path, apart: tuple[str, ...]
) -> None:
    repo = promoted_repository(tmp_path / "r.git")
    back = run(repo, "rollback", *apart, *BACK)
    refs = repo.refs()
    asked = [("--app", "web"), ("--app", "api"), ("--group", "shop"), BOTH]
    for one in asked:
        refusals = run(repo, *one, "--tag", "1.4.3", code=3)["refusals"]
        assert {refusal["rule"] for refusal in refusals} == {"hold"}
        assert f"pull request {back['pull_request']['number']}" in refusals[0]["reason"]
    # Neither does another rollback go beside it.
    assert run(repo, "rollback", "--app", "web", *BACK, code=3)["refusals"][0]["rule"] == "hold"
    assert repo.refs() == refs
    passed = run(repo, "--app", "web", "--tag", "1.4.3", "--allow", "hold")
    assert passed["action"] == "created"
    # A person's no to the rollback ends it.
    number = str(back["pull_request"]["number"])
    assert promote("pulls", "close", number, "--repo", str(repo.path)).code == 0
    assert run(repo, "--app", "api", "--tag", "1.4.3")["action"] == "created"


def test_the_open_rollback_of_one_app_holds_it_among_others(tmp_path: Path) -> None:
    repo = promoted_repository(tmp_path / "r.git")
    run(repo, "rollback", "--app", "web", *BACK)
    refs = repo.refs()
    for one in (("--group", "shop"), BOTH):
        (refusal,) = run(repo, *one, "--tag", "1.4.3", code=3)["refusals"]
        assert (refusal["rule"], refusal["reason"][:10]) == ("hold", "web in dev")
        assert run(repo, "rollback", *one, *BACK, code=3)["refusals"][0]["rule"] == "hold"
    assert repo.refs() == refs
    assert run(repo, "--app", "api", "--tag", "1.4.3")["action"] == "created"


@pytest.mark.parametrize(
    "branch", thorough_after(1, ["bot/{environment}/{app}", "promote/{environment}/{app}"])
)
@pytest.mark.thorough  # tests/test_rollback.py shows it of one app
def test_no_schedule_passes_by_an_open_rollback_or_hold(tmp_path: Path, branch: str) -> None:
    with Registry() as registry:
        images = {name: registry.name(name) for name in ("api", "web", "worker")}
        for name in images:
            registry.push(name, "1.4.1", "1.4.2", "1.4.3")
        settings = BY_PULL + '    policy: {semver: "*"}\n' + GROUP
        repo = make(tmp_path / "r.git", images, f"{settings}templates: {{branch: '{branch}'}}\n")
        promoted(repo)
        run(repo, "rollback", "--group", "shop", *BACK)
        run(repo, "hold", "--app", "worker", "--reason", "payday")
        refs = repo.refs()
        for _ in range(2):
            results = run(repo, "auto")["results"]
            assert {one["action"] for one in results} == {"unchanged"}
            assert [one["warnings"][-1][:4] for one in results] == ["api ", "web ", "work"]
        assert repo.refs() == refs


def test_a_pull_of_a_hold_or_rollback_has_whole_commands_and_no_dead_links(tmp_path: Path) -> None:
    github, _, ask = on_github(tmp_path, "api")
    with github:
        github.merge(ask(*BOTH, "--tag", "1.4.2")["pull_request"]["number"])
        held = ask("hold", "--app", "api", "--reason", "payday")["pull_request"]["body"]
        assert f"`promote unhold --app api --env dev --repo {github.url} --reason TEXT`" in held
        back = ask("rollback", "--app", "web", *BACK)["pull_request"]["body"]
        base, files = github.head("main"), Repository(github.repository)
        linked = re.findall(rf"/blob/{base}/([^#)]*)#L", back)
        assert linked == [kustomization("web")]
        assert all(files.read(one) for one in linked)
        assert f"`{hold_file('web', 'dev')}`" in back


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_on_github_an_open_rollback_of_several_apps_holds_each(
    tmp_path: Path, transport: str
) -> None:
    github, _, ask = on_github(tmp_path, transport)
    with github:
        github.merge(ask(*BOTH, "--tag", "1.4.2")["pull_request"]["number"])
        ask("rollback", "--group", "shop", *BACK)
        for app in ("api", "web"):
            (refusal,) = ask("--app", app, "--tag", "1.4.3", "--env", "dev")["refusals"]
            assert refusal["rule"] == "hold"
        github.merge(2)
        ask("hold", "--app", "api", "--reason", "payday")
        reasons = [one["reason"] for one in ask("--group", "shop", "--tag", "1.4.3")["refusals"]]
        assert any("payday" in one for one in reasons), reasons


def test_a_group_is_refused_where_one_app_would_go_back_and_another_on(tmp_path: Path) -> None:
    repo = repository(tmp_path / "r.git")
    text = repo.read(kustomization("web")).replace("newTag: 1.4.1", "newTag: 2.0.0")
    repo.commit("main", kustomization("web"), text + "\n")
    refused = run(repo, *BOTH, "--tag", "1.5.0", code=3)["refusals"]
    assert [(one["rule"], one["reason"]) for one in refused] == [
        ("downgrade", "web: main already has 2.0.0, which is newer")
    ]
    assert run(repo, *BOTH, "--tag", "1.4.0")["action"] == "superseded"


def test_who_holds_an_app_is_told_of_the_open_pulls_that_promote_it(tmp_path: Path) -> None:
    repo = promoted_repository(tmp_path / "r.git")
    numbers = [
        run(repo, *one, "--tag", "1.4.3")["pull_request"]["number"]
        for one in (("--app", "web"), ("--group", "shop"))
    ]
    told = run(repo, "hold", "--app", "web", "--reason", "payday")["warnings"]
    assert [f"pull request {number} " in " ".join(told) for number in numbers] == [True, True]
    assert "pull request" not in " ".join(run(repo, "--app", "api", "--tag", "1.4.3")["warnings"])


def test_the_status_tells_of_holds_that_are_not_merged_yet(tmp_path: Path) -> None:
    repo = promoted_repository(tmp_path / "r.git")
    run(repo, "rollback", "--group", "shop", *BACK)
    where = ("status", "--repo", str(repo.path), "--no-registry")
    blocked = [
        (one["app"], gate["gate"], "pull request 3" in gate["detail"])
        for one in promote(*where, "--output", "json").json["apps"]
        for gate in one["gates"]
    ]
    assert blocked == [("api", "hold", True), ("web", "hold", True)]
    assert promote(*where).stdout.count("hold (#3)") == 2
    assert promote(*where, "--output", "markdown").stdout.count("hold (#3)") == 2
