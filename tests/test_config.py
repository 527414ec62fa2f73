"""`promoter.yaml` and the layouts: what is read, and how what can not be read is told."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from promoter.config import Config, merge_wiring, parse, wiring_only
from promoter.errors import SelectionError, UsageError
from promoter.files import DirectoryTree
from promoter.layout import environments_of, find_target, kustomization_file
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
            "a draft can not merge itself",
        ),
        (OVERRIDDEN + "      prod: {checks: {signature: refuse}}\n", (6, 14), "cosign-key"),
        (OVERRIDDEN + "      prod: {deliver: null}\n", (6, 14), "push"),
        ("apps:\n  web:\n    targets:\n    - {kind: helm}\n", (4, 7), "kind"),
        ("author: nobody\n", (1, 1), "Name <address@host>"),
        ("a: [\n", (2, 1), "not valid YAML"),
        ("base: x\nbase: y\n", (2, 1), "duplicate"),
        ("- a\n", (1, 1), "mapping"),
        ("apps: &a\n  web: *a\n", (1, 7), "aliases"),
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
    assert said in f"{error.message} {error.hint}" or said == "mapping"


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


def test_an_apps_policy_replaces_the_environments() -> None:
    text = f"{STRICT}apps:\n  web: {{environments: {{prod: {{policy: {{numeric: asc}}}}}}}}\n"
    policy = parse(text.encode(), "f").environment("prod", "web").policy
    assert policy is not None
    assert (policy.name, policy.numeric) == ("numeric", "asc")


def test_callers_file_may_hold_wiring_only_beside_the_repositorys_own() -> None:
    wiring_only(parse(b"base: x\nauthor: A <a@b>\n", "f"), "f")
    with pytest.raises(UsageError, match="environments"):
        wiring_only(parse(b"environments: {prod: {path: x}}\n", "f"), "f")
    merged = merge_wiring(Config(), parse(b"author: A <a@b>\n", "f"))
    assert merged.author == "A <a@b>"


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


def test_two_kustomizations_in_one_folder_are_one_too_many(tmp_path: Path) -> None:
    both = tree(tmp_path, "a/kustomization.yaml", "a/Kustomization")
    with pytest.raises(SelectionError, match="takes one"):
        kustomization_file(both, PurePosixPath("a"))


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
