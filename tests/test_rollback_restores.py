"""Rolling back to what no tag alone brings back: the bytes are as they were, at each place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.many_apps import with_files
from tests.servers.git_http import configure
from tests.servers.github import GitHub
from tests.thorough import thorough_after
from tests.world import Repository, promote

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "ghcr.io/acme/shop"
FILE = "stages/test/kustomization.yaml"
BASE = "base/deploy.yaml"
PLAIN = "# The stage test.\nresources:\n  - ../../base\n"
BRANCH = "promote/test/shop"
HOLD = ".promoter/holds/test/shop.yaml"
WHY = ("--reason", "it loses orders")
AT = ("--app", "shop", "--env", "test")
CONFIG = (
    "environments:\n  test: {path: stages/test, deliver: %s, checks: {exists: off}}\n"
    "apps:\n  shop: {images: [ghcr.io/acme/shop]}\n"
)


CART = """---
apiVersion: v1
kind: Pod
metadata: {name: cart}
spec: {containers: [{name: cart, image: 'ghcr.io/acme/cart:1.0.0'}]}
"""


def deployment(*tags: str) -> str:
    """Return a Deployment with a container for each of some tags of the one image."""
    containers = "".join(
        f"        - name: c{number}\n          image: {IMAGE}:{tag}\n"
        for number, tag in enumerate(tags)
    )
    return (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\nspec:\n"
        "  selector:\n    matchLabels: {app: shop}\n  template:\n    metadata:\n"
        f"      labels: {{app: shop}}\n    spec:\n      containers:\n{containers}"
    )


def stage(path: Path, *, deliver: str = "push", tag: str = "2.0.0") -> Repository:
    """Make a repository whose stage takes the image's tag from a base."""
    return with_files(
        path,
        {
            "promoter.yaml": CONFIG % deliver,
            "base/kustomization.yaml": "resources:\n  - deploy.yaml\n",
            BASE: deployment(tag),
            FILE: PLAIN,
        },
    )


def targeted(path: Path, targets: str, files: dict[str, str]) -> Repository:
    """Make a repository whose app has its tags in files of its own."""
    config = CONFIG % "push" + f"    targets: {targets}\n"
    config = config.replace("{images: [ghcr.io/acme/shop]}", "\n    images: [ghcr.io/acme/shop]")
    return with_files(path, {"promoter.yaml": config, **files})


def run(repo: Repository, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a command on the repository and return its envelope."""
    done = promote(*arguments, "--repo", str(repo.path), "--output", "json")
    assert done.code == code, done.stdout + done.stderr
    return done.json


def moves(envelope: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what became of the images."""
    return [(one["from"], one["to"]) for one in envelope["images"]]


def test_the_entry_of_a_first_promotion_is_taken_away_again(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    assert moves(run(repo, *AT, "--tag", "3.0.0")) == [("2.0.0", "3.0.0")]
    back = run(repo, "rollback", *AT, *WHY)
    assert (back["action"], moves(back)) == ("pushed", [("3.0.0", "2.0.0")])
    assert repo.git("show", f"main:{FILE}") + "\n" == PLAIN
    assert any(f"{BASE}:14 sets 2.0.0" in one for one in back["warnings"])
    # It is held, and asking again changes nothing.
    again = run(repo, "rollback", *AT, *WHY)
    assert again["action"] == "unchanged"
    assert "test runs 2.0.0 already" in again["warnings"][0]


def test_a_first_tag_beside_a_new_name_is_taken_away_again(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    named = f"{PLAIN}images:\n  - name: {IMAGE}\n    newName: mirror.example/shop\n"
    repo.commit("main", FILE, named, "A mirror")
    assert moves(run(repo, *AT, "--tag", "3.0.0")) == [("2.0.0", "3.0.0")]
    to = run(repo, "rollback", *AT, "--to", "2.0.0", "--dry-run", *WHY)
    back = run(repo, "rollback", *AT, *WHY)
    assert moves(to) == moves(back) == [("3.0.0", "2.0.0")]
    assert repo.git("show", f"main:{FILE}") + "\n" == named
    assert any(f"its tag is taken away, and {BASE}:14 sets" in one for one in back["warnings"])


def test_what_ran_just_before_is_gone_back_to_and_no_entry_of_long_ago(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git", tag="1.9.0")
    entry = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n"
    repo.commit("main", FILE, PLAIN + entry, "Pin")
    repo.commit("main", FILE, PLAIN, "No pin")
    repo.commit("main", BASE, deployment("2.0.0"), "A newer base")
    run(repo, *AT, "--tag", "3.0.0")
    before = repo.git("rev-parse", "main^:stages")
    assert moves(run(repo, "rollback", *AT, "--to", "1.0.0", "--dry-run", *WHY)) == [
        ("3.0.0", "1.0.0")
    ]
    assert moves(run(repo, "rollback", *AT, "--to", "2.0.0", "--dry-run", *WHY)) == [
        ("3.0.0", "2.0.0")
    ]
    back = run(repo, "rollback", *AT, *WHY)
    assert moves(back) == [("3.0.0", "2.0.0")]
    assert repo.git("rev-parse", "main:stages") == before


def test_a_tag_of_a_base_is_looked_for_in_the_newest_states_that_left_it_to_one(
    tmp_path: Path,
) -> None:
    repo = stage(tmp_path / "r.git", tag="1.8.0")
    for number in range(11):
        entry = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.{number}\n"
        repo.commit("main", FILE, PLAIN + entry, "Pin")
        if number == 0:
            repo.commit("main", BASE, deployment("1.9.0"), "A newer base")
        repo.commit("main", FILE, PLAIN, "No pin")
    run(repo, *AT, "--tag", "3.0.0")
    back = ("rollback", *AT, *WHY, "--dry-run", "--to")
    assert moves(run(repo, *back, "1.9.0")) == [("3.0.0", "1.9.0")]
    error = run(repo, *back, "1.8.0", code=4)["error"]
    assert "nor has a base in the newest 10 states" in error["message"]


def test_from_what_a_base_sets_it_goes_to_an_earlier_entry(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    entry = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n"
    repo.commit("main", FILE, PLAIN + entry, "Pin")
    repo.commit("main", FILE, PLAIN, "No pin")
    (refusal,) = run(repo, "rollback", *AT, "--to", "2.0.0", *WHY, code=3)["refusals"]
    assert "test runs 2.0.0 already" in refusal["reason"]
    back = run(repo, "rollback", *AT, "--to", "1.0.0", *WHY)
    assert moves(back) == [("2.0.0", "1.0.0")]
    assert repo.read(FILE) + "\n" == PLAIN + entry


def test_a_base_may_set_a_tag_that_moves_as_it_did_before(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git", tag="latest")
    run(repo, *AT, "--tag", "3.0.0")
    assert moves(run(repo, "rollback", *AT, *WHY)) == [("3.0.0", "latest")]
    assert repo.read(FILE) + "\n" == PLAIN


def test_a_base_that_sets_another_tag_by_now_is_told(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    run(repo, *AT, "--tag", "3.0.0")
    repo.commit("main", BASE, deployment("2.1.0"), "A newer base")
    back = run(repo, "rollback", *AT, *WHY)
    assert moves(back) == [("3.0.0", "2.1.0")]
    said = f"{IMAGE} ran 2.0.0 before, and {BASE}:14 sets 2.1.0 by now"
    assert said in back["warnings"]


def test_the_entry_alone_goes_where_people_have_added_others_since(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    run(repo, *AT, "--tag", "3.0.0")
    text = repo.read(FILE) + "\n"
    other = "  - name: redis\n    newTag: 7.2.0\n"
    repo.commit("main", FILE, f"{text}{other}".replace("The stage", "Stage"), "Pin redis")
    run(repo, "rollback", *AT, *WHY)
    after = repo.read(FILE) + "\n"
    assert after == PLAIN.replace("The stage", "Stage") + "images:\n" + other


def test_an_entry_for_an_image_that_a_replacement_makes_goes_too(tmp_path: Path) -> None:
    made = f"kind: ConfigMap\napiVersion: v1\nmetadata: {{name: images}}\ndata: {{shop: '{IMAGE}:1'}}\n"
    replacement = (
        "resources: [deploy.yaml, images.yaml]\nreplacements:\n  - source: {kind: ConfigMap, name: "
        "images, fieldPath: data.shop}\n    targets:\n      - select: {kind: Deployment}\n        "
        "fieldPaths: [spec.template.spec.containers.0.image]\n"
    )
    repo = with_files(
        tmp_path / "r.git",
        {
            "promoter.yaml": CONFIG % "push",
            "base/kustomization.yaml": replacement,
            "base/images.yaml": made,
            BASE: deployment("1").replace(IMAGE, "controller"),
            FILE: PLAIN,
        },
    )
    before = repo.git("rev-parse", "main:stages")
    run(repo, *AT, "--tag", "3.0.0")
    done = promote("rollback", *AT, *WHY, "--repo", str(repo.path))
    assert f"  {IMAGE}: 3.0.0 -> (not set)\n" in done.stdout, done.stderr
    assert "the tag is what the rest of the files sets" in done.stderr
    assert repo.git("log", "-1", "--format=%s", "main").endswith("3.0.0 → no tag of its own")
    assert repo.git("rev-parse", "main:stages") == before


def test_containers_that_a_base_gives_several_tags_are_all_told(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    repo.commit("main", BASE, deployment("purple", "bad-orange"))
    run(repo, *AT, "--tag", "v3")
    back = run(repo, "rollback", *AT, *WHY)
    told = f"{BASE}:14 sets purple and {BASE}:16 sets bad-orange"
    assert any(told in one for one in back["warnings"])


def test_by_a_pull_it_is_one_commit_and_asked_again_it_stays(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git", deliver="pull-request")
    run(repo, *AT, "--tag", "3.0.0")
    assert promote("pulls", "merge", "1", "--repo", str(repo.path)).code == 0
    back = run(repo, "rollback", *AT, *WHY)
    assert back["pull_request"]["title"] == "Roll back shop in test: 3.0.0 → 2.0.0"
    tip = repo.refs()["refs/heads/promote/test/shop"]
    again = run(repo, "rollback", *AT, *WHY)
    assert (again["action"], repo.refs()["refs/heads/promote/test/shop"]) == ("unchanged", tip)
    assert promote("pulls", "merge", "2", "--repo", str(repo.path)).code == 0
    assert repo.read(FILE) + "\n" == PLAIN


@pytest.mark.parametrize(
    ("before", "after"),
    thorough_after(1, [("  # password: hunter2\n", ""), ("", "  # never below 3: CVE-2026-1\n")]),
    ids=["removed", "added"],
)
def test_comments_that_people_removed_or_added_since_are_theirs(
    before: str, after: str, tmp_path: Path
) -> None:
    text = f"resources:\n- ../../base\nimages:\n- name: {IMAGE}\n{before}  newTag: 2.0.0\n"
    repo = stage(tmp_path / "r.git")
    repo.commit("main", FILE, text)
    run(repo, *AT, "--tag", "3.0.0")
    now = (repo.read(FILE) + "\n").replace(before or "  newTag", after + "  newTag" * (not before))
    repo.commit("main", FILE, now)
    run(repo, "rollback", *AT, *WHY)
    assert repo.read(FILE) + "\n" == now.replace("3.0.0", "2.0.0")


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_on_github_it_is_the_same_through_git_and_the_api(github: GitHub, transport: str) -> None:
    repo, token = Repository(github.repository), {"GITHUB_TOKEN": "good-token"}
    folder = "clusters/prod/apps/web"
    config = "environments: {prod: {path: 'clusters/prod/apps/{app}', checks: {exists: off}}}\n"
    repo.commit("main", f"{folder}/base/deploy.yaml", deployment("2.0.0"))
    repo.commit("main", f"{folder}/base/kustomization.yaml", "resources: [deploy.yaml]\n")
    repo.commit("main", f"{folder}/kustomization.yaml", "resources: [base]\n")
    repo.commit("main", "promoter.yaml", f"{config}apps: {{web: {{images: [{IMAGE}]}}}}\n")
    before = repo.git("rev-parse", f"main:{folder}")

    def ask(*arguments: str, code: int = 0) -> dict[str, Any]:
        where = ("--repo", github.url, "--transport", transport, "--output", "json")
        done = promote(*arguments, "--app", "web", *where, env=token)
        assert done.code == code, done.stdout + done.stderr
        return done.json

    github.merge(ask("--tag", "3.0.0")["pull_request"]["number"])
    back = ask("rollback", *WHY)
    assert moves(back) == [("3.0.0", "2.0.0")]
    assert ask("rollback", *WHY)["action"] == "unchanged"
    # Its commit is known as ours without the history, too.
    refusals = ask("--tag", "3.1.0", code=3)["refusals"]
    assert [one["rule"] for one in refusals] == ["hold"]
    repo.commit("main", "README.md", "Other words\n")
    assert ask("rollback", *WHY)["action"] == "unchanged"
    github.merge(back["pull_request"]["number"])
    assert repo.git("rev-parse", f"main:{folder}") == before
    told = [moves(one) for one in ask("history")["entries"] if one["images"]]
    assert told == [[("3.0.0", "2.0.0")], [("2.0.0", "3.0.0")]]


@pytest.mark.thorough  # as for restore_images in tests/test_undo.py
def test_a_digest_in_the_place_of_the_tag_comes_back_with_it(tmp_path: Path) -> None:
    pinned = f"8.7.1@sha256:{'a' * 64}"
    values = f"image:\n  repository: {IMAGE}\n  tag: {pinned} # renovate\n"
    repo = targeted(
        tmp_path / "r.git",
        "[{kind: yaml-path, file: values.yaml, tag: image.tag, repository: image.repository}]",
        {"stages/test/values.yaml": values},
    )
    run(repo, *AT, "--tag", "8.8.0")
    assert "tag: 8.8.0 # renovate" in repo.read("stages/test/values.yaml")
    back = run(repo, "rollback", *AT, *WHY)
    assert repo.read("stages/test/values.yaml") + "\n" == values
    assert [one["digest"] for one in back["images"]] == [f"sha256:{'a' * 64}"]


@pytest.mark.thorough  # as for restore_images in tests/test_undo.py
def test_an_empty_tag_is_empty_again(tmp_path: Path) -> None:
    chart, values = "appVersion: v0.10.6\n", f'images:\n  repository: {IMAGE}\n  tag: ""\n'
    repo = targeted(
        tmp_path / "r.git",
        f"[{{kind: yaml-path, file: Chart.yaml, tag: appVersion, image: {IMAGE}}}, {{kind: yaml-path, "
        "file: values.yaml, tag: images.tag, repository: images.repository}]",
        {"stages/test/Chart.yaml": chart, "stages/test/values.yaml": values},
    )
    run(repo, *AT, "--tag", "v0.11.0")
    assert 'tag: "v0.11.0"' in repo.read("stages/test/values.yaml")
    run(repo, "rollback", *AT, *WHY)
    assert repo.read("stages/test/values.yaml") + "\n" == values
    assert repo.read("stages/test/Chart.yaml") + "\n" == chart


def test_each_place_of_an_image_gets_its_own_tag_again(tmp_path: Path) -> None:
    repo = targeted(
        tmp_path / "r.git",
        "[{kind: manifest, file: deploy.yaml}]",
        {
            "stages/test/kustomization.yaml": "resources:\n  - deploy.yaml\n",
            "stages/test/deploy.yaml": deployment("purple", "bad-orange"),
        },
    )
    before = repo.git("rev-parse", "main:stages")
    made = run(repo, *AT, "--tag", "v3")
    assert any("purple" in one and "bad-orange" in one for one in made["warnings"])
    run(repo, "rollback", *AT, *WHY)
    assert repo.git("rev-parse", "main:stages") == before


def test_other_images_of_the_file_stay_as_people_have_set_them_since(tmp_path: Path) -> None:
    file = "stages/test/deploy.yaml"
    text = deployment("1.0.0", "1.1.0") + "        - name: redis\n          image: redis:7.2.0\n"
    repo = targeted(
        tmp_path / "r.git",
        "[{kind: manifest, file: deploy.yaml}]",
        {"stages/test/kustomization.yaml": "resources:\n  - deploy.yaml\n", file: text},
    )
    run(repo, *AT, "--tag", "3.0.0")
    repo.commit("main", file, repo.read(file).replace("7.2.0", "7.4.0") + "\n", "A newer redis")
    run(repo, "rollback", *AT, *WHY)
    assert repo.read(file) + "\n" == text.replace("7.2.0", "7.4.0")


def test_an_entry_that_a_person_adds_is_told_with_what_the_base_had_set(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    repo.commit("main", FILE, f"{PLAIN}images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n", "Pin")
    repo.commit("main", BASE, deployment("1.0.0"), "The base follows")
    repo.commit("main", FILE, PLAIN, "No pin")
    same, entry, _ = run(repo, "history", *AT)["entries"]
    assert (entry["kind"], moves(entry)) == ("edit", [("2.0.0", "1.0.0")])
    # What is the same after the entry has gone is no change.
    assert (same["kind"], moves(same)) == ("other", [])


@pytest.mark.parametrize("command", ["status", "history"])
def test_what_a_base_sets_is_told(command: str, tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    if command == "status":
        repo.commit("main", FILE, f"{PLAIN}images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n", "Pin")
        repo.commit("main", FILE, PLAIN, "No pin")
        (row,) = run(repo, "status", *AT, "--no-registry")["apps"]
        # Since when the base has had it, the app's own files do not say.
        assert ([one["tag"] for one in row["images"]], row["since"]) == (["2.0.0"], None)
        return
    run(repo, *AT, "--tag", "3.0.0")
    run(repo, "rollback", *AT, *WHY)
    entries = [one for one in run(repo, "history", *AT)["entries"] if one["images"]]
    assert [(one["kind"], one["goes_back"], moves(one)) for one in entries] == [
        ("promotion", True, [("3.0.0", "2.0.0")]),
        ("promotion", False, [("2.0.0", "3.0.0")]),
    ]


def test_a_pull_shows_environments_that_take_the_tag_from_a_base(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git", deliver="pull-request")
    config = repo.read("promoter.yaml").replace(
        "apps:", "  prod: {path: stages/prod, deliver: pull-request}\napps:"
    )
    repo.commit("main", "stages/prod/kustomization.yaml", PLAIN)
    repo.commit("main", "promoter.yaml", f"{config}\n")
    body = run(repo, *AT, "--tag", "3.0.0")["pull_request"]["body"]
    (row,) = [line for line in body.splitlines() if line.startswith("| runs")]
    assert row.count("2.0.0") == 2


def test_apps_that_went_together_go_back_together(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    apps = f"apps:\n  shop: {{images: [{IMAGE}]}}\n  cart: {{images: [ghcr.io/acme/cart]}}\n"
    repo.commit("main", "promoter.yaml", (CONFIG % "push").partition("apps:")[0] + apps)
    repo.commit("main", BASE, deployment("2.0.0") + CART)
    before = repo.git("rev-parse", "main:stages")
    both = ("--app", "shop", "--app", "cart", "--env", "test", "--together")
    run(repo, *both, "--tag", "3.0.0")
    back = run(repo, "rollback", *both, *WHY)
    assert sorted(moves(back)) == [("3.0.0", "1.0.0"), ("3.0.0", "2.0.0")]
    assert repo.git("rev-parse", "main:stages") == before


def test_what_only_a_base_has_set_has_nothing_to_go_back_to(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    error = run(repo, "rollback", *AT, *WHY, code=4)["error"]
    assert "no file of shop has set an image in test" in error["message"]
    run(repo, *AT, "--tag", "3.0.0")
    run(repo, "rollback", *AT, *WHY)
    run(repo, "unhold", *AT, "--reason", "fixed")
    error = run(repo, "rollback", *AT, *WHY, code=4)["error"]
    assert "shop has no tag of its own in test, where a base sets it" in error["message"]


def test_a_name_that_a_person_has_put_in_place_of_the_image_goes_back_as_well(
    tmp_path: Path,
) -> None:
    repo = stage(tmp_path / "r.git")
    entry = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n"
    repo.commit("main", FILE, PLAIN + entry, "Pin")
    repo.commit("main", FILE, f"{PLAIN}{entry}    newName: ghcr.io/other/shop\n", "Elsewhere")
    back = run(repo, "rollback", *AT, *WHY)
    assert repo.read(FILE) + "\n" == PLAIN + entry
    assert back["action"] == "pushed"


def test_a_name_that_a_person_gave_the_bad_tag_is_no_state_of_its_own(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    entry = f"images:\n  - name: {IMAGE}\n    newTag: 1.0.0\n"
    repo.commit("main", FILE, PLAIN + entry, "Pin")
    run(repo, *AT, "--tag", "1.1.0")
    bad = repo.read(FILE) + "\n"
    repo.commit("main", FILE, f"{bad}    newName: ghcr.io/other/shop\n", "Elsewhere")
    back = run(repo, "rollback", *AT, *WHY)
    assert moves(back) == [("1.1.0", "1.0.0")]
    assert repo.read(FILE) + "\n" == PLAIN + entry
    said = f"{IMAGE}: it is pulled as {IMAGE} again, in place of ghcr.io/other/shop"
    assert said in back["warnings"]


def test_what_people_changed_beside_the_images_since_stays(tmp_path: Path) -> None:
    values = f'image:\n  repository: {IMAGE}\n  tag: "" # the chart\nreplicas: 2\n'
    repo = targeted(
        tmp_path / "r.git",
        "[{kind: yaml-path, file: values.yaml, tag: image.tag, repository: image.repository}]",
        {"stages/test/values.yaml": values},
    )
    run(repo, *AT, "--tag", "3.0.0")
    run(repo, *AT, "--tag", "4.0.0")
    text = repo.read("stages/test/values.yaml") + "\n"
    repo.commit(
        "main",
        "stages/test/values.yaml",
        text.replace("replicas: 2", "replicas: 3").replace("the chart", "no chart"),
    )
    run(repo, "rollback", *AT, "--steps", "2", *WHY)
    after = repo.read("stages/test/values.yaml") + "\n"
    assert after == values.replace("replicas: 2", "replicas: 3").replace("the chart", "no chart")


def test_the_form_that_a_person_has_given_an_entry_since_stays(tmp_path: Path) -> None:
    repo = stage(tmp_path / "r.git")
    for tag in ("2.1.0", "3.0.0"):
        run(repo, *AT, "--tag", tag)
    repo.commit("main", FILE, f"{PLAIN}images: [{{name: '{IMAGE}', newTag: 3.0.0}}]\n", "Short")
    run(repo, "rollback", *AT, *WHY)
    assert repo.read(FILE) + "\n" == f"{PLAIN}images: [{{name: '{IMAGE}', newTag: 2.1.0}}]\n"


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git"]))
def test_a_rollback_to_a_commit_that_is_not_of_the_base_is_a_persons(
    tmp_path: Path, transport: str
) -> None:
    with GitHub(tmp_path) as github:
        repo = stage(github.repository, deliver="pull-request")
        configure(repo.path)
        repo.commit("main", FILE, f"{PLAIN}images:\n  - name: {IMAGE}\n    newTag: 3.0.0\n")
        where = (*AT, "--repo", github.url, "--transport", transport, "--output", "json")
        token = {"GITHUB_TOKEN": "good-token"}
        assert promote("rollback", *where, *WHY, env=token).code == 0
        message, (line,) = restored(repo)
        # A branch of a person's, and the commit by which promote would go back to what it has.
        repo.git("branch", "side", line.split()[1])
        theirs = f"{PLAIN}images:\n  - name: {IMAGE}\n    newTag: 6.6.6\n"
        named = repo.commit("side", FILE, theirs)
        repo.commit(BRANCH, FILE, theirs)
        forged = message.replace(line, f"Promoter-Restores: {named}").replace("2.0.0", "6.6.6")
        theirs = repo.git("commit-tree", f"{BRANCH}^{{tree}}", "-p", "main", "-m", forged)
        newer = (*where, "--tag", "7.0.0", "--allow", "hold", "--dry-run")
        for commit, rules in ((f"{BRANCH}^", []), (theirs, ["human-commits"])):
            repo.git("update-ref", f"refs/heads/{BRANCH}", commit)
            refusals = promote(*newer, env=token).json["refusals"]
            assert [one["rule"] for one in refusals] == rules


def restored(repo: Repository) -> tuple[str, list[str]]:
    """Return the message of the branch's commit, and its trailers that name what it restores."""
    message = repo.git("log", "-1", "--format=%B", BRANCH)
    return message, [one for one in message.splitlines() if "-Restores: " in one]


def forged(app: str, environment: str, restores: str) -> str:
    """Return the message of a commit that claims to be a rollback."""
    return (
        f"Roll back\n\nPromoter-App: {app}\nPromoter-Environment: {environment}\n"
        f"Promoter-Image: {IMAGE}=2.0.0\nPromoter-Hold: begin\nPromoter-Reason: x\n"
        f"Promoter-Rollback: {'a' * 40}\nPromoter-Restores: {restores}\n"
    )


@pytest.mark.parametrize(
    "named", thorough_after(2, ["f" * 40, "--upload-pack=x", "0" * 40, "HEAD"])
)
def test_a_commit_that_says_to_restore_what_is_not_there_is_a_persons(
    named: str, tmp_path: Path
) -> None:
    repo = stage(tmp_path / "r.git", deliver="pull-request")
    run(repo, *AT, "--tag", "3.0.0")
    repo.commit("promote/test/shop", HOLD, "reason: x\n", forged("shop", "test", named))
    done = promote(*AT, "--tag", "4.0.0", "--repo", repo.path.as_uri(), "--output", "json")
    refusals = done.json["refusals"]
    assert "human-commits" in [one["rule"] for one in refusals]
