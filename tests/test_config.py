"""`promoter.yaml` and the layouts: what is read, and how what cannot be read is told."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from promoter.config.apps import environments_of, known_apps
from promoter.config.callers_file import merge_wiring, wiring_only
from promoter.config.config import Config, parse
from promoter.config.document import load
from promoter.config.holds import HoldFile
from promoter.config.layout import find_target, kustomization_file
from promoter.config.mistakes.examples import EXAMPLES, example_for
from promoter.config.mistakes.known_keys import known_keys
from promoter.config.refs import commit_id, is_branch
from promoter.domain.errors import SelectionError, UsageError
from promoter.domain.model import PathKind
from promoter.domain.trees import FilesTree
from promoter.git.folder import DirectoryTree
from tests.world import aurora, promote

OVERRIDDEN = """\
environments:
  prod: {path: x, draft: true}
apps:
  web:
    environments:
"""


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("enviroments: 1\n", (1, 1), "Did you mean environments?"),
        ("environments:\n  prod: {pth: x}\n", (2, 10), "Did you mean path?"),
        ("environments:\n  prod: {path: ../x}\n", (2, 10), "inside the repository"),
        ("environments:\n  prod: {path: 'a/{b}'}\n", (2, 10), "{app}"),
        ("environments:\n  prod:\n    path: x\n    deliver: mail\n", (4, 5), "push"),
        ("environments:\n  'p d': {path: x}\n", (2, 3), "letter or digit"),
        ("environments:\n  a..b: {path: x}\n", (2, 3), "'..'"),
        ("default-environment: prd\nenvironments:\n  prod: {path: x}\n", (1, 1), "prod"),
        ("apps:\n  web: {imags: []}\n", (2, 9), "Did you mean images?"),
        (OVERRIDDEN + "      prod: {delivr: push}\n", (6, 14), "Did you mean deliver?"),
        (OVERRIDDEN + "      prod: {checks: {mutabel: warn}}\n", (6, 23), "Did you mean mutable?"),
        (OVERRIDDEN + "      prod: {policy: {sember: '*'}}\n", (6, 23), "Did you mean semver?"),
        (
            OVERRIDDEN + "      prod: {deliver: auto-merge}\n",
            (6, 7),
            "draft cannot be true with deliver: auto-merge",
        ),
        (OVERRIDDEN + "      prod: {checks: {signature: refuse}}\n", (6, 23), "cosign-key"),
        (OVERRIDDEN + "      prod: {deliver: null}\n", (6, 14), "push"),
        (
            "apps:\n  web:\n    targets:\n    - {kind: helm}\n",
            (4, 8),
            "Did you mean kind: yaml-path?",
        ),
        ("author: nobody\n", (1, 1), "Name <address@host>"),
        ("apps:\n  web:\n    images: [a, 'A B']\n", (3, 17), "is not an image's name"),
        ("apps:\n  web:\n    images: [a@sha256:0]\n", (3, 14), "is not an image's name"),
        ("apps:\n  web:\n    images: [a, b, a]\n", (3, 5), "'a' is listed twice"),
        ("apps:\n  web:\n    source: not a url\n", (3, 5), "is not a repository's URL"),
        ("apps:\n  web:\n    source: ftp://host/a/b\n", (3, 5), "ftp:// is not allowed"),
        ("base: a b\n", (1, 1), "no branch that is called 'a b'"),
        ("base: a/.b\n", (1, 1), "no branch that is called 'a/.b'"),
        ("api-url: ftp://x\n", (1, 1), "is not an http(s) URL"),
        ("api-url: http://git.example.org\n", (1, 1), "unencrypted"),
        ("environments:\n  prod: {path: ''}\n", (2, 10), "name a folder"),
        ("environments:\n  prod: {path: x, reviewers: ['team:']}\n", (2, 31), "nor team:NAME"),
        ("environments:\n  prod: {path: x, assignees: ['a b']}\n", (2, 31), "neither a user"),
        ("environments:\n  prod: {path: x, labels: ['']}\n", (2, 28), "one line of text"),
        ("environments:\n  prod: {path: x, labels: a}\n", (2, 19), "labels: must be a list"),
        ("environments:\n  prod: {path: x, draft: 7}\n", (2, 19), "draft: must be true or false"),
        ("environments:\n  prod: {path: 1.10}\n", (2, 10), "path: must be text: put it in quotes"),
        ("environments:\n  prod: {deliver: push}\n", (2, 3), "environments.prod.path: is missing"),
        (
            "environments: {prod: {path: x, checks: {platforms: 5}}}\n",
            (1, 41),
            "checks.platforms: must be 'off', 'warn' or 'refuse', or a list",
        ),
        (
            "environments: {prod: {path: x, checks: {platforms: [linux]}}}\n",
            (1, 53),
            "checks.platforms.0: 'linux' is not a platform",
        ),
        ("environments: {prod: {path: x, policy: {newest: 1000}}}\n", (1, 41), "must be less than"),
        (
            "environments:\n  prod:\n    path: x\n    policy:\n      regex: '(?P<x>a){1000000000}'\n",
            (5, 7),
            "policy.regex: has the repeat {1000000000}, and 1000 is the most",
        ),
        (
            "environments:\n  prod: {path: x, policy: {newest: 9, include: [a, '(a{99}){99}']}}\n",
            (2, 52),
            "policy.include.1: demands more than 1000 characters",
        ),
        ("environments: {1: {path: x}}\n", (1, 16), "environments.1: must be text"),
        ("environments: {dev: {path: x}, on: x}\n", (1, 32), "environments.on: must be a mapping"),
        ("null: x\n", (1, 1), "a key must be text"),
        ("5\n", (1, 1), "must be a mapping: keys with values"),
        ("apps: {web: {targets: [{file: x}]}}\n", (1, 24), "targets.0: must name its kind"),
        (
            "apps: {web: {targets: [{kind: manifest, file: x, fyle: y}]}}\n",
            (1, 50),
            "unknown key apps.web.targets.0.fyle Did you mean file?",
        ),
        (
            "apps: {web: {targets: [{kind: argocd, file: x, container: y}]}}\n",
            (1, 48),
            "Known: application, file, image, kind.",
        ),
        (
            "apps: {web: {linked: [{path: x, fil: y}]}}\n",
            (1, 33),
            "Did you mean file? Known: file, path.",
        ),
        ("apps: {apps: {environments: {checks: {chekcs: {}}}}}\n", (1, 39), "Did you mean checks?"),
        ("environments: {prod: {path: x, policy: {semvr: x}}}\n", (1, 41), "Did you mean semver?"),
        ("stages: {prod: {path: x}}\n", (1, 1), "Did you mean environments?"),
        (
            "environments: {dev: {path: 'k/dev/{app}'}, prod: {path: ../x}}\n",
            (1, 51),
            'Write it as in path: "k/prod/{app}"',
        ),
        ("apps: {web: {images: {web: ghcr.io/a/web}}}\n", (1, 14), "Write images: [ghcr.io/a/web]"),
        (
            "environments: {dev: {path: x, policy: latest, pin: both}}\n",
            (1, 31),
            "Write policy: {digest: latest}",
        ),
        (
            "environments: {dev: {path: x, policy: {latest: true}}}\n",
            (1, 40),
            "policy: {newest: 10}",
        ),
        ("environments: {dev: {path: x, policy: {major: 1}}}\n", (1, 40), "Did you mean semver?"),
        ("environments: {dev: {path: x, imagePolicy: {}}}\n", (1, 31), "Did you mean policy?"),
        ("a: [\n", (2, 1), "not valid YAML"),
        ("base: x\nbase: y\n", (2, 1), "'base' is there twice"),
        ("- a\n", (1, 1), "must be a mapping"),
        ("apps: &a\n  web: *a\n", (1, 7), "aliases"),
        ("apps:\n  a: &a {}\n  b: *a\n", (2, 6), "aliases"),
        ("apps: {}\n---\napps: {}\n", (3, 1), "second document"),
    ],
)
def test_malformed_configuration_is_told_with_its_place(
    text: str, place: tuple[int, int], said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text.encode(), "promoter.yaml")
    error = caught.value
    assert error.file == "promoter.yaml"
    assert (error.line, error.column) == place
    assert said in f"{error.message} {error.hint}"
    assert error.hint


def test_what_is_not_utf_8_is_told_with_its_place() -> None:
    with pytest.raises(UsageError, match=r"^f:2:8: is not UTF-8"):
        parse("author: é\nbase: ü".encode() + b"\xff", "f")


@pytest.mark.parametrize(
    ("name", "branch"),
    [
        ("main", True), ("release/1.x", True), ("ünï", True), ("a-b_c.d", True), ("a@b", True),
        ("", False), ("-a", False), ("@", True), ("HEAD", False), ("a..b", False), ("a//b", False),
        ("/a", False), ("a/", False), ("a.", False), ("a/.b", False), ("a.lock/b", False),
        ("a~b", False), ("a^b", False), ("a:b", False), ("a?b", False), ("a*b", False),
        ("a[b", False), ("a\\b", False), ("a b", False), ("a@{b", False), ("a\x7fb", False),
    ],
)  # fmt: skip
def test_branches_are_what_git_takes_for_one(name: str, branch: bool) -> None:
    assert is_branch(name) is branch
    asked = subprocess.run(
        ["git", "check-ref-format", "--branch", name], capture_output=True, check=False
    )
    assert (asked.returncode == 0) is branch


@pytest.mark.parametrize("text", ["", "zz", "abc123", "g" * 40, "a" * 65, "abc1234\n", "v1.4.2",
                                  "abc1234 <!-- promoter:state {} -->"])  # fmt: skip
def test_source_revision_is_a_commits_id(text: str) -> None:
    with pytest.raises(UsageError, match="is not a commit's id"):
        commit_id(text)
    assert commit_id("ABC1234") == "abc1234"


def test_off_is_a_word_in_every_spelling_of_yaml() -> None:
    for word in ("off", "'off'", "false"):
        text = f"environments:\n  prod: {{path: x, checks: {{exists: {word}}}}}\n"
        assert parse(text.encode(), "f").environments["prod"].checks.exists == "off"


STRICT = """\
environments:
  prod:
    path: "a/{app}"
    deliver: push
    pin: both
    labels: [one]
    milestone: May
    policy: {semver: "*"}
    checks: {signature: refuse, cosign-key: k.pub, platforms: [linux/amd64], exists: warn}
"""


@pytest.mark.parametrize(
    ("override", "changed"),
    [
        ("{}", {}),
        ("{path: b}", {"path": "b"}),
        ("{transport: api, draft: true}", {"transport": "api", "draft": True}),
        ("{batch: true, milestone: June}", {"batch": True, "milestone": "June"}),
        ("{milestone: null, labels: []}", {"milestone": None, "labels": ()}),
        ("{pin: tag, render: off}", {"pin": "tag", "render": "off"}),
        ('{checks: {mutable: "off"}}', {"checks": {"mutable": "off"}}),
        ("{checks: {signature: off, exists: refuse}}",
         {"checks": {"signature": "off", "exists": "refuse"}}),
        ("{checks: {cosign-key: other.pub}}", {"checks": {"cosign_key": "other.pub"}}),
        ("{checks: {}}", {}),
    ],
)  # fmt: skip
def test_override_changes_only_what_it_names(override: str, changed: dict[str, Any]) -> None:
    text = f"{STRICT}apps:\n  web: {{environments: {{prod: {override}}}}}\n"
    config = parse(text.encode(), "f")
    wanted = config.environments["prod"].model_dump()
    wanted |= {**changed, "checks": wanted["checks"] | changed.get("checks", {})}
    assert config.environment("prod", "web").model_dump() == wanted
    assert config.environment("prod", "other") == config.environments["prod"]


@pytest.mark.parametrize(
    "url", ["argo/{app}", "https://a/(x)", "https://u:p@a/x", "https://a/{tag}"]
)
def test_the_page_of_argo_cd_is_a_plain_address(url: str) -> None:
    with pytest.raises(
        UsageError, match=r"^f:3:.*argocd-url: (must be an http\(s\) address|.*not {tag})"
    ):
        parse(f"environments:\n  prod: {{path: a,\n    argocd-url: '{url}'}}\n".encode(), "f")


def test_the_page_of_argo_cd_holds_app_and_environment(tmp_path: Path) -> None:
    page = "https://argo.example/applications/{app}-{environment}?view=tree"
    text = f"environments: {{prod: {{path: 'apps/{{app}}', argocd-url: '{page}'}}}}\n"
    target = find_target(
        parse(text.encode(), "f"), tree(tmp_path, "apps/web/kustomization.yaml"), "web", None
    )
    assert target.argocd_url == "https://argo.example/applications/web-prod?view=tree"


def test_an_apps_policy_replaces_the_environments() -> None:
    text = f"{STRICT}apps:\n  web: {{environments: {{prod: {{policy: {{numeric: asc}}}}}}}}\n"
    policy = parse(text.encode(), "f").environment("prod", "web").policy
    assert policy is not None
    assert (policy.name, policy.argument) == ("numeric", "asc")


def test_callers_file_may_hold_wiring_only_beside_the_repositorys_own() -> None:
    wiring_only(load(b"base: x\nauthor: A <a@b>\n", "f"))
    with pytest.raises(UsageError, match=r"^f:2:1: environments may not come") as caught:
        wiring_only(load(b"base: x\nenvironments: {prod: {path: x}}\n", "f"))
    assert "reviewed pull" in caught.value.hint
    merged = merge_wiring(Config(), parse(b"author: A <a@b>\n", "f"))
    assert merged.author == "A <a@b>"


def test_callers_file_says_no_branch_beside_the_repositorys_own() -> None:
    wiring = b"templates:\n  branch: live/{environment}/{app}\n"
    with pytest.raises(UsageError, match=r"^f:2:3: templates.branch may not come from --config"):
        wiring_only(load(wiring, "f"))
    own = parse(
        b"templates: {branch: 'p-{environment}/{app}-x', commit: 'own {images}'}\n", "promoter.yaml"
    )
    merged = merge_wiring(own, parse(b"templates: {title: 'x {title}'}\n", "f")).templates
    assert (merged.branch, merged.commit, merged.title) == (
        "p-{environment}/{app}-x", "own {images}", "x {title}",
    )  # fmt: skip


def tree(root: Path, *names: str) -> DirectoryTree:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("resources: []\n")
    return DirectoryTree(root)


@pytest.mark.parametrize(
    ("names", "known"),
    [
        (["clusters/dev-kind/apps/web/kustomization.yaml", "clusters/prod/apps/web/kustomization.yml"],
         {"dev-kind", "prod"}),
        (["apps/web/overlays/dev/kustomization.yaml"], {"dev"}),
        (["overlays/staging/web/Kustomization"], {"staging"}),
        (["web/overlays/prod/kustomization.yaml"], {"prod"}),
        (["clusters/prod/apps/web/kustomization.yaml", "apps/web/overlays/dev/kustomization.yaml"],
         {"prod"}),
    ],
)  # fmt: skip
def test_layout_names_the_environments(names: list[str], known: set[str], tmp_path: Path) -> None:
    assert set(environments_of(Config(), tree(tmp_path, *names), "web")) == known


class CountedTree(FilesTree):
    """A commit's files that counts the folders which are looked into."""

    count = 0

    def entries(self, directory: PurePosixPath) -> dict[str, PathKind]:
        """Return the names in a directory, folders included."""
        self.count += 1
        below = {path.relative_to(directory) for path in self._files if directory in path.parents}
        return {
            one.parts[0]: PathKind.FILE if len(one.parts) == 1 else PathKind.DIRECTORY
            for one in below
        }


def test_the_folders_of_a_layout_are_looked_into_a_single_time_for_all_apps() -> None:
    def looks(number: int) -> int:
        files = {
            PurePosixPath(f"clusters/{cluster}/apps/app{n}/kustomization.yaml"): b""
            for cluster in ("dev", "prod")
            for n in range(number)
        }
        tree = CountedTree("a" * 40, files)
        for app in known_apps(Config(), tree):
            assert set(environments_of(Config(), tree, app)) == {"dev", "prod"}
        return tree.count

    assert looks(40) < 2 * looks(20)


def test_environment_of_a_request_that_names_none(tmp_path: Path) -> None:
    one = tree(tmp_path / "a", "apps/web/overlays/dev/kustomization.yaml")
    assert find_target(Config(), one, "web", None).environment == "dev"
    two = tree(
        tmp_path / "b",
        "apps/web/overlays/dev/kustomization.yaml",
        "apps/web/overlays/qa/kustomization.yaml",
    )
    with pytest.raises(SelectionError, match="dev, qa"):
        find_target(Config(), two, "web", None)


def test_default_environment_that_no_layout_has_is_told_where_it_stands(tmp_path: Path) -> None:
    one = tree(tmp_path, "apps/web/overlays/prod/kustomization.yaml")
    text = "base: main\ndefault-environment: prd\n"
    (tmp_path / "promoter.yaml").write_text(text)
    config = parse(text.encode(), "promoter.yaml")
    with pytest.raises(
        UsageError, match=r"^promoter.yaml:2:1: default-environment: .*'prd'"
    ) as caught:
        find_target(config, one, "web", None)
    assert "Did you mean prod?" in caught.value.hint
    with pytest.raises(SelectionError, match="no environments are configured"):
        find_target(config, tree(tmp_path / "sub", "x/y"), "web", None)


@pytest.mark.parametrize(
    ("names", "file", "said"),
    [
        (["a/kustomization.yaml", "a/Kustomization"], "a", "kustomize takes one"),
        (["a/other.yaml"], "a", "no kustomization: it holds other.yaml"),
        (["b/x"], "a", "no kustomization: there is no such folder"),
        (["a/kustomization.yaml/x"], "a/kustomization.yaml", "is not a file"),
    ],
)
def test_folder_without_the_one_kustomization_is_named(
    names: list[str], file: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(SelectionError, match=said) as caught:
        kustomization_file(tree(tmp_path, *names), PurePosixPath("a"))
    assert caught.value.file == file


def test_repositorys_own_rules_can_not_be_loosened_by_the_caller(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "r.git")
    loose = tmp_path / "loose.yaml"
    loose.write_text("environments: {prod: {path: 'clusters/prod/apps/{app}', deliver: push}}\n")
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), "--config", str(loose),
        "--output", "json",
    )  # fmt: skip
    assert run.code == 2
    assert "environments" in run.json["error"]["message"]


def test_variables_stand_behind_flags_and_before_the_file(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "r.git")
    env = {
        "PROMOTER_APP": "aurora",
        "PROMOTER_TAG": "9.9.1",
        "PROMOTER_REPO": str(repo.path),
        "PROMOTER_OUTPUT": "json",
        "PROMOTER_DRY_RUN": "true",
        "PROMOTER_ENV": "",
    }
    run = promote("--tag", "9.9.2", env=env)
    assert run.json["action"] == "planned"
    assert {one["to"] for one in run.json["images"]} == {"9.9.2"}


def test_malformed_variable_is_told_without_its_value() -> None:
    run = promote("--app", "a", "--tag", "1", env={"PROMOTER_DRY_RUN": "s3cret-maybe"})
    assert run.code == 2
    assert "PROMOTER_DRY_RUN" in run.stderr
    assert "s3cret" not in run.stderr


def test_nearest_targets_count_and_their_names_are_filled_in() -> None:
    one = "[{kind: yaml-path, file: v.yaml, tag: '%s', image: x}]"
    config = parse(
        f"""
targets: {one % "{environment}.{app}.tag"}
linked: [{{path: 'labels.{{app}}'}}]
environments:
  dev: {{path: a}}
  prod: {{path: b, targets: {one % "[name={app}].tag"}}}
apps:
  plain.one: {{}}
  own: {{targets: {one % "own.tag"}}}
  here: {{targets: {one % "own.tag"}, environments: {{prod: {{targets: {one % "here.tag"}, linked: []}}}}}}
""".encode(),
        "promoter.yaml",
    )

    def tag(environment: str, app: str) -> object:
        return getattr(config.targets_of(environment, app)[0][0], "tag", None)

    assert tag("dev", "plain.one") == r"dev.plain\.one.tag"
    assert tag("prod", "plain.one") == "[name=plain.one].tag"
    assert (tag("dev", "own"), tag("prod", "own")) == ("own.tag", "own.tag")
    assert (tag("dev", "here"), tag("prod", "here")) == ("own.tag", "here.tag")
    assert config.targets_of("dev", "own")[1][0].path == "labels.own"
    assert config.targets_of("prod", "here")[1] == ()


@pytest.mark.parametrize("place", ["targets", "environments: {dev: {path: a, targets"])
def test_wrong_target_is_told_with_its_place_wherever_it_stands(place: str) -> None:
    text = f"{place}: [{{kind: yaml-path, file: a, tag: '{{env}}.tag'}}]{'}}' * ('{' in place)}\n"
    with pytest.raises(UsageError) as caught:
        parse(text.encode(), "promoter.yaml")
    assert (caught.value.line, "not {env}" in str(caught.value)) == (1, True)
    assert caught.value.column == text.index("tag: '{env}") + 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("environments: {prod: {path: x, checks: {signature: refuse}}}", "cosign-key: cosign.pub"),
        ("environments: {prod: {path: x, freeze: [{cron: 0 22 * * *}]}}", "duration: 8h"),
        ("templates: {body: hi}", "{body} See"),
        ("linked: [{path: ''}]", "commonLabels.version"),
        ("environments: {prod: {path: x, render: on}}", "Did you mean warn?"),
    ],
)
def test_hint_says_what_is_missing_and_not_what_stands_there(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text.encode(), "promoter.yaml")
    assert hint in caught.value.hint


_TOP_KEYS = set(known_keys(Config, {}, ()))
_APP_KEYS = {"images", "source", "source-tag"}


@pytest.mark.parametrize("key", EXAMPLES)
def test_what_a_complaint_says_to_write_is_right(key: str) -> None:
    line = EXAMPLES[key]
    if key in ("reason", "until"):  # of a hold's file
        text = line if key == "reason" else f"reason: x\n{line}"
        HoldFile.model_validate(load(f"{text}\n".encode(), "hold.yaml").value)
        return
    prod = "environments: {prod: {path: x}}\n"
    if key == "groups":
        text = f"apps: {{web: {{}}, api: {{}}}}\n{line}\n"
    elif key.partition(".")[0] in _TOP_KEYS:
        text = f"{line}\n" + (prod if key == "default-environment" else "")
    elif key in _APP_KEYS:
        text = f"apps:\n  web:\n    {line}\n"
    else:
        path = "" if key == "path" else "    path: x/{app}\n"
        before = "    promotes-from: dev\n" if key == "soak" else ""
        text = f"environments:\n  dev: {{path: 'y/{{app}}'}}\n  prod:\n{path}{before}    {line}\n"
    assert parse(text.encode(), "promoter.yaml").model_fields_set


@pytest.mark.parametrize(
    "place", [(), ("environments", "prod"), ("apps", "web"), ("groups", "all")]
)
def test_every_key_has_a_line_that_its_complaint_shows(place: tuple[str, ...]) -> None:
    keys = known_keys(Config, {}, place)
    assert keys
    for key in keys:
        assert f"{key}: " in example_for((*place, key), ""), key


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("environments: {prod: {images: [a]}}", "It belongs to apps.APP, as in images: ["),
        ("environments: {prod: {image: a}}", "It belongs to apps.APP, as in images: ["),
        ("environments: {prod: {exists: off}}", "environments.prod.checks, as in checks: {"),
        ("environments: {prod: {semver: '*'}}", "environments.prod.policy, as in policy: {"),
        ("environments: {prod: {weekly: Fri}}", "environments.prod.freeze, as in freeze: ["),
        ("environments: {prod: {title: x}}", "It belongs to templates, as in templates: {"),
        ("deliver: push", "It belongs to environments.ENV, as in deliver: pull-request"),
        ("path: x", "It belongs to environments.ENV, as in path: "),
        ("apps: {web: {deliver: push}}", "apps.web.environments.ENV, as in deliver: "),
        ("environments: {prod: {promotesFrom: x}}", "Did you mean promotes-from?"),
        ("environments: {prod: {promotes_from: x}}", "Did you mean promotes-from?"),
        (
            "environments: {prod: {auto-merge: true}}",
            "Did you mean deliver? Write it as in deliver: auto-merge",
        ),
        (
            "environments: {prod: {path: x, checks: {cosign: true}}}",
            "as in checks: {signature: refuse",
        ),
        (
            "environments: {prod: {path: x, policy: {strategy: newest-build}}}",
            "policy: {newest: 10}",
        ),
        ("environments: {prod: {path: x, deliver: {method: push}}}", "Write deliver: push"),
        ("environments: {prod: {path: x, tags: [v*]}}", "Write tags: ^v"),
        ("environments: {prod: {path: x, autoSync: true}}", "Argo CD or Flux syncs"),
        (
            "environments: {prod: {path: x}}\napps: {web: {path: a/prod/web}}",
            'Write it as in environments: {prod: {path: "a/prod/web"}}',
        ),
        (
            "environments: {prod: {path: x, freeze: [{from: '2026-12-24', to: '2026-12-31'}]}}",
            'Write freeze: [{dates: "2026-12-24 - 2026-12-31"}]',
        ),
        ("environments: {prod: {branch: main}}", "It is a flag: --base BRANCH"),
        ("environments: {prod: {hold: true}}", "promote hold --app APP --env ENV --reason TEXT"),
        ("environments: {prod: {namespace: x}}", "Leave it out"),
        ("apps: {web: {tag: 1}}", "with --tag"),
        ("apps: {web: {env: {}}}", "Write it as in environments: {prod: {pin: digest}}"),
        ("groups: {all: {apps: []}}", "Write it as in groups: {storefront: {apps: [web, api]}}"),
        (
            "environments: {p: {path: x, targets: [{kind: kustomize, image: a}]}}",
            "Known: kind.",
        ),
        ("environments: {p: {path: x, labels: [1]}}", "Write '1'"),
        (
            "environments: {p: {path: x, policy: {regex: '^m-([0-9]+)$'}}}",
            "Did you mean '^m-(?P<order>[0-9]+)$'?",
        ),
        (
            "environments: {p: {path: x, policy: {timestamp: YYYYMMDD-HHMM}}}",
            "Did you mean '%Y%m%d-%H%M'?",
        ),
        (
            "environments: {p: {path: x, freeze: [{weekly: Fri 4pm - Mon 8am}]}}",
            "Did you mean 'Fri 16:00 - Mon 08:00'?",
        ),
        (
            "environments: {p: {path: x, freeze: [{dates: 24.12.2026}]}}",
            "Did you mean '2026-12-24'?",
        ),
        ("groups: {all: {apps: web}}", "Write apps: [web]"),
        ("apps: {web: {source: acme/web}}", "Did you mean https://github.com/acme/web?"),
        (
            "apps: {web: {environments: [prod]}}",
            "Write it as in environments: {prod: {pin: digest}}",
        ),
        ("env: {}", "Did you mean environments? Write it as in environments: {"),
        ("app: {}", "Did you mean apps?"),
        (
            "environments: {prod: {path: x, freeze: [{from: a, to: b}]}}",
            "Did you mean dates? Write",
        ),
        (
            "apps: {web: {targets: [{kind: yaml-path, file: x, yamlPath: image.tag}]}}",
            "Did you mean tag: 'image.tag'?",
        ),
        ("apps: {web: {images: ghcr.io/a/b}}", "Write images: [ghcr.io/a/b]"),
        ("apps: {web: ghcr.io/a/b}", "Write web: {images: [ghcr.io/a/b]}"),
        ("environments: {prod: clusters/prod}", "Write prod: {path: clusters/prod}"),
        ("environments: {prod: {path: $ENV/x}}", "Did you mean {environment}/x?"),
        ("repo: x", "Did you mean repository? Write it as in repository: https://"),
        ("include: other.yaml", "there is one promoter.yaml, and it takes in no other file"),
        ("apps: {web: {images: ['https://r/web']}}", "Write the name alone: r/web"),
        ("{apiVersion: v1, kind: Service, metadata: {}}", "Give the promoter.yaml itself"),
    ],
)
def test_key_in_another_place_or_of_another_tool_is_told_where_it_belongs(
    text: str, said: str
) -> None:
    with pytest.raises(UsageError) as caught:
        parse(f"{text}\n".encode(), "promoter.yaml")
    assert said in caught.value.hint


@pytest.mark.parametrize(
    ("text", "reason", "hint"),
    [
        ("a: 1\n\tb: 2\n", "a tab indents this line", "with spaces"),
        ("a: 1\nb: 2\na: 3\n", "'a' is there twice, the first time in line 1", "Remove one"),
        ("x: {a: 1, a: 2}\n", "the key 'a' is there twice", "Remove one of the two."),
        ("<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> b\n", "a merge conflict", "Resolve"),
        ("a: [x\nb: 1\n", "the [ that begins here is not closed", "the comma that is missing"),
        ("a: 'x\n", "the quote ' that begins here is not closed", "with the same quote"),
        ("a: {b: c\nd: e\n", "the { that begins here is not closed", "Close it"),
        (
            "a: 1\ndeliver:push\nb: 2\n",
            "no ':' after this key",
            "Write a blank after the ':': deliver: push",
        ),
        ("a: 1\nresources\n  - b\n", "no ':' after this key", "Write resources:"),
        ("a: 1\ndeliver push\nb: 2\n", "no ':' after this key", "Write deliver: push"),
        ("a: 1\ndeliver:push\n", "no ':' after this key", "deliver: push"),
        ("a:\n  - r:1/x\n - y\n", "did not find expected key", "Indent the line"),
        ("a: {path: x/{app}}}\n", "expected ','", 'Put the value in quotes: "x/{app}"'),
        ("a: {path: \u201cx/{app}\u201d}\n", "expected ','", "Write plain quotes"),
        ("a: *\n", "alphabetic", "begins with * or & in quotes"),
        ("a: >=1.4\n", "comment or line break", "begins with > or | in quotes"),
        ("a: @x\n", "'@'", "begins with this sign in quotes"),
        ("a\nb: 1\n", "mapping values", "Is the ':' of the line before missing"),
        ("a: 1\n---\nb: 1\n", "a second document", "Remove the line '---'"),
    ],
)
def test_broken_yaml_is_told_with_what_to_do(text: str, reason: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        load(text.encode(), "promoter.yaml")
    assert reason in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.line is not None
    assert "conflict" not in reason or caught.value.line == 1


@pytest.mark.parametrize(
    "value",
    ["!!bool maybe", '!!int ""', "!!float x", "!!binary '@'", "!!timestamp x", "!!set 1",
     f"!!int 0x{'f' * 5000}", "2026-13-45", "!!omap [1]"],
)  # fmt: skip
def test_a_value_that_is_not_what_its_tag_says_is_told_where_it_stands(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(f"environments:\n  dev:\n    path: {value}\n".encode(), "promoter.yaml")
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ("soak: 24, promotes-from: b", "soak: 24 has no unit and is 24 seconds: write 24h for hours"),
        ("soak: 0h, promotes-from: b", "soak: 0h is no time at all: leave it out"),
        ("max-age: 0d", "0d is no time at all, so that every image is too old: leave it out"),
        ("max-age: 5000", "max-age: 5000 has no unit and is 1h23m: write 5000s"),
        ("max-age: 30d", ""),
        ("policy: {digest: latest}", "policy.digest: does nothing with pin: tag"),
        ("policy: {digest: latest}, pin: both", ""),
        ("freeze: [{cron: '0 22 * * *', duration: 8}]", "duration: 8 has no unit and is 8 seconds"),
        ("tags: 'v*'", "'v*' is a regular expression, and matches every tag: write '^v'"),
        ("tags: 'v*.*'", r"matches every tag: write '^v.*\.'"),
        ("tags: '(v)*'", "matches every tag: write ^ before what a tag has to begin with"),
        ("tags: '.*'", ""),
        ("tags: '.+'", ""),
        ("tags: '^.*$'", ""),
        ("tags: ^v", ""),
        ("policy: {newest: 3, include: ['v*']}", "include.0: 'v*' is a regular expression"),
        ("policy: {newest: 3, exclude: ['rc*', 'x*']}", "exclude.1: 'x*' is a regular expression, "
         "and matches every tag, so that none is left: write '^x'"),
        ("merge-method: squash", "merge-method: does nothing with deliver: pull-request"),
        ("merge-method: squash, deliver: auto-merge", ""),
        ("batch: true", "batch: does nothing with deliver: pull-request"),
        ("batch: false", ""),
        ("labels: [a], deliver: push", "labels: does nothing with deliver: push"),
        ("checks: {cosign-key: k}", "checks.cosign-key: does nothing with checks.signature: off"),
        ("checks: {cosign-key: k, signature: warn}", ""),
    ],
)  # fmt: skip
def test_what_is_probably_not_meant_is_warned_of_where_it_stands(keys: str, said: str) -> None:
    for text in (
        f"environments: {{a: {{path: a, {keys}}}, b: {{path: b}}}}",
        f"environments: {{a: {{path: a}}, b: {{path: b}}}}\napps: {{x: {{environments: {{a: {{{keys}}}}}}}}}",
    ):
        found = parse(f"{text}\n".encode(), "promoter.yaml").warnings
        assert len(found) == bool(said)
        assert all(one.startswith("promoter.yaml:") and said in one for one in found)


@pytest.mark.parametrize(
    ("environment", "app", "said"),
    [
        ("batch: true", "deliver: push", []),
        ("deliver: push, batch: true", "deliver: pull-request", []),
        ("deliver: push", "labels: [a]", ["apps.x.environments.a.labels: does nothing with deliver: push: remove it, or set deliver: "
          "pull-request"]),
        ("checks: {cosign-key: k}", "checks: {signature: refuse}", []),
        ("policy: {digest: latest}", "pin: digest", []),
        ("pin: digest", "policy: {digest: latest}", []),
        ("labels: [a], deliver: push", "batch: true",
         ["environments.a.labels: does nothing with deliver: push: remove it, or set deliver: "
          "pull-request"]),
    ],
)  # fmt: skip
def test_a_key_that_has_an_effect_for_one_app_is_not_warned_of(
    environment: str, app: str, said: list[str]
) -> None:
    text = (
        f"environments: {{a: {{path: 'a/{{app}}', {environment}}}}}\n"
        f"apps: {{x: {{environments: {{a: {{{app}}}}}}}, y: {{}}}}\n"
    )
    found = parse(text.encode(), "promoter.yaml").warnings
    assert [one.split(": ", 1)[1] for one in found] == said
