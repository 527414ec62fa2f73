"""`promote history` says what git's own log of the files says, whoever made the commits and however."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from tests.many_apps import DEV, kustomization, make, with_files
from tests.servers.github import GitHub, merging
from tests.thorough import thorough_after
from tests.world import AURORA, Repository, Run, Templates, aurora, promote, serving_aurora

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOKEN = {"GITHUB_TOKEN": "good-token"}
_OLD = str(PurePosixPath(AURORA).with_suffix(".yml"))


def rename(repo: Repository, old: str, new: str) -> None:
    """Commit a new name of a file, as a person would."""
    mode, _, blob, _ = repo.git("ls-tree", "main", "--", old).split()
    names = f"0 {'0' * 40}\t{old}\n{mode} {blob}\t{new}\n"
    environment = {**os.environ, "GIT_INDEX_FILE": str(repo.path / "rename.index")}

    def run(*arguments: str, text: str = "") -> str:
        return subprocess.run(
            ["git", *arguments], cwd=repo.path, env=environment, check=True, input=text,
            capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip

    run("read-tree", "main")
    run("update-index", "--index-info", text=names)
    commit = repo.git("commit-tree", run("write-tree"), "-p", "main", "-m", f"Rename {old}")
    repo.git("update-ref", "refs/heads/main", commit)


def merge(github: GitHub, method: str) -> None:
    """Merge the one open pull as a person does it on its page."""
    (pull,) = [one for one in github.pulls if one["state"] == "open"]
    merging.merge(github, pull, method, "alice", {})


def step(github: GitHub, tag: str, method: str) -> None:
    """Promote a tag to prod and have its pull merged."""
    ask = ("--app", "aurora", "--tag", tag, "--transport", "api", "--repo", github.url)
    done = promote(*ask, env=_TOKEN)
    assert done.code == 0, done.stderr
    merge(github, method)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitHub]:
    """A base with all kinds of merges, edits by hand, two renames and a file that nobody can read.

    The tests only read it.
    """
    folder = tmp_path_factory.mktemp("busy")
    made = Templates.kept("busy", _make)
    shutil.copytree(made / "srv", folder / "srv")
    github = GitHub(folder / "srv")
    github.pulls += json.loads((made / "pulls.json").read_text())
    with github:
        yield github


def _make(folder: Path) -> None:
    """Write a GitHub's folder, and what it knows of its pulls."""
    with serving_aurora(folder / "srv") as github:
        _fill(github)
        (folder / "pulls.json").write_text(json.dumps(github.pulls))


def _fill(github: GitHub) -> None:
    """Give the base its history."""
    repo = Repository(github.repository)
    text = repo.read(AURORA)
    repo.commit("main", AURORA, text.replace("1.4.1", "1.4.0"), "Back to 1.4.0")
    step(github, "1.4.2", "merge")
    rename(repo, AURORA, _OLD)
    step(github, "1.4.3", "squash")
    repo.commit("main", "README.md", "Nothing of any image.\n")
    repo.commit("main", _OLD, f"# A remark\n{repo.read(_OLD)}", "A remark")
    step(github, "1.5.0", "rebase")
    good = repo.read(_OLD)
    repo.commit("main", _OLD, "images: [\n", "Broken")
    repo.commit("main", _OLD, good, "Mended")
    rename(repo, _OLD, AURORA)
    # Commits of one second are told apart by more requests, which are counted below.
    time.sleep(1 - time.time() % 1)
    step(github, "1.5.1", "merge")
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.5.1", "1.5.0"), "Back")


def history(where: str, *more: str, env: dict[str, str] | None = None) -> Run:
    done = promote(
        "history", "--app", "aurora", "--env", "prod", "--repo", where, *more, env=env or _TOKEN
    )
    assert done.code == 0, done.stderr
    return done


def entries(where: str, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = history(where, "--output", "json", *more).json["entries"]
    return found


def logged(repo: Repository) -> list[tuple[str, str, str, str]]:
    """Return what git's log says of the file: commit, time, author, title."""
    lines = repo.git(
        "log", "--first-parent", "--follow", "--format=%H%x09%ct%x09%an%x09%s", "--", AURORA
    )
    return [(a, b, c, d) for a, b, c, d in (line.split("\t") for line in lines.splitlines())]


@pytest.mark.parametrize("transport", ["git", "api", "local"])
def test_the_history_is_git_log_line_by_line(busy: GitHub, transport: str) -> None:
    repo = Repository(busy.repository)
    where = str(repo.path) if transport == "local" else busy.url
    more = () if transport == "local" else ("--transport", transport)
    found = entries(where, "-n", "100", *more)
    told = [
        (
            one["commit"],
            str(int(datetime.fromisoformat(one["time"]).timestamp())),
            one["author"],
            one["title"],
        )
        for one in found
    ]
    assert told == logged(repo)
    kinds = [(one["kind"], one["goes_back"], [i["to"] for i in one["images"][:1]]) for one in found]
    assert kinds == [
        ("edit", True, ["1.5.0"]),
        ("promotion", False, ["1.5.1"]),
        ("other", False, []),
        ("other", False, []),
        ("unreadable", False, []),
        ("promotion", False, ["1.5.0"]),
        ("other", False, []),
        ("promotion", False, ["1.4.3"]),
        ("other", False, []),
        ("promotion", False, ["1.4.2"]),
        ("edit", True, ["1.4.0"]),
        ("added", False, ["1.4.1"]),
    ]
    pulls = [one["pull_request"] for one in found if one["kind"] == "promotion"]
    # Of a rebase no commit names the pull, and the local forge has never heard of it.
    assert pulls == [4, None if transport == "local" else 3, 2, 1]


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git", "local"]))
def test_a_rollback_reads_the_same_history(busy: GitHub, transport: str) -> None:
    repo = Repository(busy.repository)
    where = str(repo.path) if transport == "local" else busy.url
    more = () if transport == "local" else ("--transport", transport)

    def target(*arguments: str) -> set[str]:
        done = promote(
            "rollback", "--app", "aurora", "--repo", where, *more, *arguments, "--dry-run",
            "--reason", "r", "--output", "json", env=_TOKEN,
        )  # fmt: skip
        assert done.code == 0, done.stderr
        return {one["to"] for one in done.json["images"]}

    # 1.5.1 was taken back by hand, and 1.4.3 and all before it ran under another name of the file.
    assert target() == {"1.4.3"}
    assert target("--steps", "2") == {"1.4.2"}
    assert target("--to", "1.4.0") == {"1.4.0"}


@pytest.mark.parametrize("transport", thorough_after(1, ["api", "git", "local"]))
def test_a_promotion_that_a_person_has_added_to_is_still_a_promotion(
    tmp_path: Path, transport: str
) -> None:
    with serving_aurora(tmp_path / "srv") as github:
        repo = Repository(github.repository)
        branch = "promote/prod/aurora"
        for tag, path in (("1.4.2", "notes.md"), ("1.4.3", AURORA), ("1.4.4", AURORA)):
            ask = ("--app", "aurora", "--tag", tag, "--transport", "api", "--repo", github.url)
            done = promote(*ask, env=_TOKEN)
            assert done.code == 0, done.stderr
            theirs = repo.read(AURORA, branch).replace("1.4.4", "1.4.9")
            for number in (1, 2):
                text = "x" if path == "notes.md" else f"# {number}\n{theirs}\n"
                repo.commit(branch, path, f"{text}{number}\n" if text == "x" else text)
            github.look()
            merge(github, "merge")
            repo.git("update-ref", "-d", f"refs/heads/{branch}")
        where = str(repo.path) if transport == "local" else github.url
        more = () if transport == "local" else ("--transport", transport)
        found = entries(where, "-n", "3", *more)
    told = [(one["kind"], one["pull_request"], one["images"][0]["to"]) for one in found]
    assert told == [("edit", 3, "1.4.9"), ("promotion", 2, "1.4.3"), ("promotion", 1, "1.4.2")]


def test_an_app_whose_folder_has_moved_is_told_as_a_promotion_is(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "r.git")
    tree = repo.git("ls-tree", "-r", "main").replace("prod/apps/aurora/", "prod/apps/store/")
    index = {**os.environ, "GIT_INDEX_FILE": str(tmp_path / "index")}
    subprocess.run(
        ["git", "update-index", "--index-info"],
        cwd=repo.path, env=index, check=True, input=f"{tree}\n", text=True,
    )  # fmt: skip
    written = subprocess.run(
        ["git", "write-tree"], cwd=repo.path, env=index, check=True, capture_output=True, text=True
    )
    moved = repo.git("commit-tree", written.stdout.strip(), "-p", "main", "-m", "Move it")
    repo.git("update-ref", "refs/heads/main", moved)
    where = ("--app", "aurora", "--env", "prod", "--repo", str(repo.path))
    asked = promote(*where, "--tag", "1.4.2")
    assert "clusters/prod/apps/aurora" in asked.stderr
    for command in ("history", "status"):
        told = promote(command, *where)
        assert (told.code, told.stderr) == (4, asked.stderr)


def test_only_as_many_entries_are_read_as_are_asked_for(busy: GitHub) -> None:
    before = len(busy.graphql())
    run = history(busy.url, "-n", "2", "--output", "json", "--transport", "api")
    assert len(run.json["entries"]) == 2
    assert not run.json["complete"]
    # What ran just before shows whether a version goes back; a rename stands between, and commits
    # of the same second are asked for once more.
    assert sum("query Versions" in one.body["query"] for one in busy.graphql()[before:]) <= 4


def test_text_has_one_line_an_entry_in_a_pipe_and_markdown_is_a_table(busy: GitHub) -> None:
    lines = history(busy.url, "--transport", "api").stdout.splitlines()
    assert re.split(r"  +", lines[0]) == [
        "when (UTC)", "change", "what", "PR", "by", "ran", "commit",
    ]  # fmt: skip
    assert len(lines) == 13
    assert "1.5.1 -> 1.5.0" in lines[1]
    assert "back by hand" in lines[1]
    table = history(busy.url, "--transport", "api", "--output", "markdown").stdout.splitlines()
    assert len(table) == 14
    assert all(line.startswith("| ") for line in table)
    # A mark that nobody sees would be copied with the commit's id.
    newest = Repository(busy.repository).git("rev-parse", "main")
    assert table[2].endswith(f"| `{newest[:9]}` |")
    assert "\u2060" not in table[2]
    few = history(busy.url, "--transport", "api", "-n", "3").stdout.splitlines()
    assert few[-1] == "-n 6 shows more."


def test_how_long_each_ran_is_the_time_to_the_next_change(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    first = int(repo.git("log", "-1", "--format=%ct", "main"))
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "1.4.2"))
    second = int(repo.git("log", "-1", "--format=%ct", "main"))
    repo.commit("main", AURORA, f"# A remark\n{repo.read(AURORA)}")
    now = datetime.fromtimestamp(second + 7_200).astimezone().isoformat()
    found = history(str(repo.path), "--output", "json", env={"PROMOTER_NOW": now}).json["entries"]
    ran = [(one["runs_now"], one["seconds"]) for one in found]
    assert ran == [(False, None), (True, 7_200), (False, second - first)]


def test_one_of_several_files_may_have_come_later(tmp_path: Path) -> None:
    targets = "{kind: kustomize}, {kind: yaml-path, file: values.yaml, tag: image.tag, image: api}"
    path = f'environments: {{prod: {{path: "apps/{{app}}", targets: [{targets}]}}}}'
    files = {"promoter.yaml": f"{path}\napps: {{web: {{}}}}\n"}
    repo = with_files(
        tmp_path / "r.git", {**files, "apps/web/values.yaml": "image:\n  tag: 1.4.1\n"}
    )
    repo.commit("main", "apps/web/kustomization.yaml", "images:\n- name: web\n  newTag: 1.4.1\n")
    where = ("--app", "web", "--env", "prod", "--repo", str(repo.path))
    later, first = promote("history", *where, "--output", "json").json["entries"]
    assert [(one["name"], one["to"]) for one in first["images"]] == [("api", "1.4.1")]
    assert [one["to"] for one in later["images"]] == ["1.4.1"]
    assert promote("status", "--repo", str(repo.path)).code == 0


def test_holds_are_in_the_history(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    hold = ".promoter/holds/prod/aurora.yaml"
    repo.commit("main", hold, "reason: payday\nby: alice\n", "Hold aurora")
    found = entries(str(repo.path))
    assert (found[0]["kind"], found[0]["hold"]["reason"]) == ("hold", "payday")
    repo.commit("main", hold, "reason: payday and Friday\n", "Hold it longer")
    text = history(str(repo.path)).stdout.splitlines()
    assert "held " in text[1]
    assert "hold: payday and Friday" in text[1]
    assert "hold: payday" in text[2]


def test_what_is_promoted_again_after_a_rollback_does_not_go_back(tmp_path: Path) -> None:
    repo = make(tmp_path / "r.git", {"web": "ghcr.io/acme/web"}, DEV, tag="aaa1111")
    where = ("--app", "web", "--repo", str(repo.path))
    for command in (
        ("--tag", "bbb2222"),
        ("rollback", "--reason", "it leaks"),
        ("unhold", "--reason", "mended"),
        ("--tag", "bbb2222"),
    ):
        assert promote(*command, *where).code == 0
    told = promote("history", *where, "--output", "json").json["entries"]
    found = [(one["kind"], one["goes_back"]) for one in told]
    assert found[:4] == [
        ("promotion", False),
        ("hold", False),
        ("promotion", True),
        ("promotion", False),
    ]


def test_a_rollback_is_marked_with_its_hold_and_its_reason(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "1.4.3"))
    where = ("--app", "aurora", "--env", "prod", "--repo", str(repo.path))
    assert promote("rollback", *where, "--reason", "1.4.3 loses orders").code == 0
    assert promote("pulls", "merge", "1", "--repo", str(repo.path)).code == 0
    assert promote("unhold", *where, "--reason", "mended").code == 0
    assert promote("pulls", "merge", "2", "--repo", str(repo.path)).code == 0
    released, back, bad, _ = entries(str(repo.path))
    assert (released["kind"], released["hold_ended"], released["images"]) == ("hold", True, [])
    assert (back["kind"], back["goes_back"], back["pull_request"]) == ("promotion", True, 1)
    assert back["hold"]["reason"] == "1.4.3 loses orders"
    assert [(one["from"], one["to"]) for one in back["images"]] == [("1.4.3", "1.4.1")] * 3
    assert (bad["kind"], back["runs_now"], bad["runs_now"]) == ("edit", True, False)
    text = history(str(repo.path)).stdout.splitlines()
    assert "rollback, hold: 1.4.3 loses orders" in text[2]


def test_who_asked_is_left_empty_where_nobody_is_known(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    where = ("--app", "aurora", "--env", "dev", "--repo", str(repo.path))
    asked = promote(*where, "--tag", "1.4.2", env={"USER": "alice"})
    unasked = promote(*where, "--tag", "1.4.3", env={"USER": ""})
    assert (asked.code, unasked.code) == (0, 0)
    lines = promote("history", *where).stdout.splitlines()
    column = lines[0].index("by ")
    assert [line[column:].split("  ")[0] for line in lines[1:3]] == ["", "alice"]


def test_a_cut_history_says_so(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "1.4.2"))
    repo.commit("main", "other", "x\n")
    shallow = tmp_path / "shallow.git"
    repo.git("clone", "--quiet", "--bare", "--depth=1", repo.path.as_uri(), str(shallow))
    (only,) = entries(str(shallow))
    assert only["older_not_read"]
    assert [one["from"] for one in only["images"]] == [None] * 3


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--app", "arora"), "there is no app 'arora'"),
        (("--env", "prd"), "there is no environment 'prd'"),
    ],
)
def test_unknown_names_are_told_with_the_nearest(
    tmp_path: Path, flags: tuple[str, ...], said: str
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    run = promote("history", *flags, "--repo", str(repo.path), "--output", "json")
    assert run.code == 4
    assert said in json.loads(run.stdout)["error"]["message"]


@pytest.mark.parametrize("output", thorough_after(1, ["text", "json", "markdown"]))
def test_texts_of_any_length_are_shown_in_part(tmp_path: Path, output: str) -> None:
    repo = aurora(tmp_path / "gitops.git")
    text = repo.read(AURORA).replace("1.4.1", "9" * 100_000)
    repo.commit("main", AURORA, text, f"{'long ' * 100_000}\n\nPromoter-Actor: {'x' * 100_000}\n")
    for command in ("history", "status"):
        run = promote(command, "--repo", str(repo.path), "--output", output)
        assert run.code == 0, run.stderr
        assert len(run.stdout + run.stderr) < 60_000


def test_an_app_is_followed_through_a_commit_that_moves_everything(tmp_path: Path) -> None:
    images = {f"app-{number:04}": "ghcr.io/acme/web" for number in range(700)}
    policy = "environments:\n  dev: {path: 'PLACE/{app}/overlays/dev'}\n"
    repo = make(tmp_path / "r.git", images, policy.replace("PLACE", "apps"))
    file = kustomization("app-0500")
    repo.commit("main", file, f"{repo.read(file)}\n".replace("1.4.1", "1.4.2"), "One more")
    moved = policy.replace("PLACE", "clusters/dev").encode()
    lines = b"commit refs/heads/main\ncommitter A <a@b> 1767300000 +0000\ndata 4\nMove\n"
    lines += b"from refs/heads/main^0\nR apps clusters/dev\n"
    # What is moved is changed as well, as its paths lead elsewhere.
    text = f"{repo.read(file)}\n".replace("../..", "../../../app-0500").encode()
    for name, data in (("promoter.yaml", moved), (file.replace("apps", "clusters/dev"), text)):
        lines += b"M 100644 inline %b\ndata %d\n%b\n" % (name.encode(), len(data), data)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=repo.path, input=lines, check=True)
    run = promote("history", "--app", "app-0500", "--repo", str(repo.path), "--output", "json")
    found = run.json["entries"]
    assert [one["title"] for one in found] == ["Move", "One more", "First"]
    assert found[1]["images"][0]["to"] == "1.4.2"


def test_who_reads_by_the_api_is_told_that_git_needs_no_token(github: GitHub) -> None:
    done = promote("history", "--repo", github.url, "--transport", "api")
    assert done.code == 2
    assert "transport: api needs one, also to read" in done.stderr
    assert "opening a pull request" not in done.stderr


def test_what_happened_to_other_apps_in_the_same_file_is_no_history_of_an_app(
    tmp_path: Path,
) -> None:
    pod = "kind: Pod\nspec: {containers: [{name: a, image: o/web}, {name: b, image: o/db}]}\n"
    entries_of_both = "".join(f"- {{name: o/{one}, newTag: 1.0.0}}\n" for one in ("web", "db"))
    shared = {
        "promoter.yaml": "environments:\n"
        "  prod: {path: deploy, deliver: push, render: off, checks: {exists: off}}\n"
        "apps:\n  aurora: {images: [o/web]}\n  db: {images: [o/db]}\n",
        "deploy/kustomization.yaml": f"resources: [pod.yaml]\nimages:\n{entries_of_both}",
        "deploy/pod.yaml": pod,
    }
    repo = with_files(tmp_path / "r.git", shared)
    where, file = str(repo.path), "deploy/kustomization.yaml"
    for app, tag in (("aurora", "1.1.0"), ("db", "2.0.0")):
        assert promote("--app", app, "--tag", tag, "--repo", where).code == 0
    repo.commit("main", file, repo.read(file).replace("2.0.0", "2.1.0"), "db by hand")
    repo.commit("main", file, f"# A remark\n{repo.read(file)}", "A remark")
    kinds = [(one["kind"], [i["to"] for i in one["images"]]) for one in entries(where)]
    assert kinds == [("other", []), ("promotion", ["1.1.0"]), ("added", ["1.0.0"])]
