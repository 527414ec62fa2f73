"""Tags outside of `images:`: the real command on repositories that keep them elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.many_apps import with_files
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CASES = {
    "helm values, and the chart's version with them": (
        {
            "promoter.yaml": (
                "environments: {prod: {path: 'charts/{app}'}}\n"
                "apps:\n  web:\n    images: [ghcr.io/o/web]\n"
                "    targets:\n      - {kind: yaml-path, file: values.yaml, tag: image.tag,"
                " repository: image.repository}\n"
                "    linked:\n      - {file: Chart.yaml, path: appVersion}\n"
            ),
            "charts/web/values.yaml": "image:\n  repository: ghcr.io/o/web\n  tag: 1.4.1 # bot\n",
            "charts/web/Chart.yaml": "name: web\nappVersion: 1.4.1\n",
        },
        {
            "charts/web/values.yaml": "image:\n  repository: ghcr.io/o/web\n  tag: 1.4.2 # bot\n",
            "charts/web/Chart.yaml": "name: web\nappVersion: 1.4.2\n",
        },
    ),
    "a manifest of several documents": (
        {
            "promoter.yaml": (
                "environments: {prod: {path: 'apps/{app}'}}\n"
                "apps:\n  web:\n    images: [ghcr.io/o/web]\n"
                "    targets:\n      - {kind: manifest, file: all.yaml}\n"
            ),
            "apps/web/all.yaml": (
                "kind: Service\nmetadata: {name: web}\n---\nkind: Deployment\nmetadata: {name: web}\n"
                "spec:\n  template:\n    spec:\n      containers:\n      - name: web\n"
                '        image: "ghcr.io/o/web:1.4.1"\n      - name: proxy\n        image: envoy:1\n'
            ),
        },
        {
            "apps/web/all.yaml": (
                "kind: Service\nmetadata: {name: web}\n---\nkind: Deployment\nmetadata: {name: web}\n"
                "spec:\n  template:\n    spec:\n      containers:\n      - name: web\n"
                '        image: "ghcr.io/o/web:1.4.2"\n      - name: proxy\n        image: envoy:1\n'
            ),
        },
    ),
    "manifests found below a folder without a kustomization": (
        {
            "promoter.yaml": (
                "environments: {prod: {path: 'apps/{app}'}}\n"
                "apps:\n  web:\n    images: [ghcr.io/o/web]\n"
            ),
            "apps/web/values.txt": "ghcr.io/o/web:1.4.1\n",
            "apps/web/deploy/web.yaml": (
                "kind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
                "      containers:\n      - {name: web, image: 'ghcr.io/o/web:1.4.1'}\n"
            ),
            "apps/web/web.application.yaml": (
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
                "spec:\n  source:\n    kustomize:\n      images: ['ghcr.io/o/web:1.4.1']\n"
            ),
        },
        {
            "apps/web/deploy/web.yaml": (
                "kind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n"
                "      containers:\n      - {name: web, image: 'ghcr.io/o/web:1.4.2'}\n"
            ),
            "apps/web/web.application.yaml": (
                "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web}\n"
                "spec:\n  source:\n    kustomize:\n      images: ['ghcr.io/o/web:1.4.2']\n"
            ),
        },
    ),
    "sections of one values file, one an environment, for every app": (
        {
            "promoter.yaml": (
                "environments: {dev: {path: '{app}'}, prod: {path: '{app}'}}\n"
                "targets:\n  - {kind: yaml-path, file: '/apps.yaml', tag: '{app}.{environment}.tag',"
                " image: 'ghcr.io/o/{app}'}\n"
                "apps: {web: {}, other: {}}\n"
            ),
            "apps.yaml": (
                "web:\n  dev: {tag: 1.4.1}\n  prod:\n    tag: 1.4.1\nother:\n  prod: {tag: 1.4.1}\n"
            ),
        },
        {
            "apps.yaml": (
                "web:\n  dev: {tag: 1.4.1}\n  prod:\n    tag: 1.4.2\nother:\n  prod: {tag: 1.4.1}\n"
            ),
        },
    ),
    "elements of an ApplicationSet, and the values in its block text": (
        {
            "promoter.yaml": (
                "environments: {dev: {path: '.'}, prod: {path: '.'}}\n"
                "apps:\n  web:\n    targets:\n"
                "      - {kind: yaml-path, file: set.yaml, image: ghcr.io/o/web,"
                " tag: 'spec.generators[0].list.elements[env={environment}].tag'}\n"
                "      - {kind: yaml-path, file: set.yaml, image: ghcr.io/o/web,"
                " reference: spec.template.spec.source.helm.values.web.image}\n"
            ),
            "set.yaml": (
                "kind: ApplicationSet\nspec:\n  generators:\n  - list:\n      elements:\n"
                "      - {env: dev, tag: 1.4.1}\n      - {env: prod, tag: 1.4.1} # live\n"
                "  template:\n    spec:\n      source:\n        helm:\n          values: |\n"
                "            web:\n              image: ghcr.io/o/web:1.4.1\n"
            ),
        },
        {
            "set.yaml": (
                "kind: ApplicationSet\nspec:\n  generators:\n  - list:\n      elements:\n"
                "      - {env: dev, tag: 1.4.1}\n      - {env: prod, tag: 1.4.2} # live\n"
                "  template:\n    spec:\n      source:\n        helm:\n          values: |\n"
                "            web:\n              image: ghcr.io/o/web:1.4.2\n"
            ),
        },
    ),
    "the file's own name of the image, in a Flux source": (
        {
            "promoter.yaml": (
                "environments:\n  prod:\n    path: apps/{app}\n    targets:\n"
                "      - {kind: yaml-path, file: source.yaml, tag: spec.ref.tag, repository: spec.url}\n"
                "apps: {web: {}}\n"
            ),
            "apps/web/source.yaml": (
                "kind: OCIRepository\nspec:\n  url: oci://ghcr.io/o/web\n  ref: {tag: 1.4.1}\n"
            ),
        },
        {
            "apps/web/source.yaml": (
                "kind: OCIRepository\nspec:\n  url: oci://ghcr.io/o/web\n  ref: {tag: 1.4.2}\n"
            ),
        },
    ),
    "a remote base's ref with newTag": (
        {
            "promoter.yaml": (
                "environments: {prod: {path: 'apps/{app}'}}\n"
                "apps:\n  web:\n    images: [ghcr.io/o/web]\n"
                "    linked:\n      - {path: resources.*}\n"
            ),
            "apps/web/kustomization.yaml": (
                "resources:\n- https://example.com/o/web/config?ref=1.4.1\n"
                "images:\n- name: ghcr.io/o/web\n  newTag: 1.4.1\n"
            ),
        },
        {
            "apps/web/kustomization.yaml": (
                "resources:\n- https://example.com/o/web/config?ref=1.4.2\n"
                "images:\n- name: ghcr.io/o/web\n  newTag: 1.4.2\n"
            ),
        },
    ),
}


# The edit of each kind of file has its golden cases (`targets`).
@pytest.mark.parametrize("name", thorough_after(2, CASES))
def test_tag_is_promoted_where_it_lives(name: str, tmp_path: Path) -> None:
    before, after = CASES[name]
    repo = with_files(tmp_path / "r.git", before)
    arguments = ("--app", "web", "--tag", "1.4.2", "--repo", str(repo.path), "--output", "json")
    run = promote(*arguments)
    assert run.json["action"] == "created", run.stderr
    assert set(run.json["files"]) == set(after)
    for file, text in after.items():
        assert repo.git("show", f"promote/prod/web:{file}") + "\n" == text
    assert run.json["images"] == [
        {"name": "ghcr.io/o/web", "from": "1.4.1", "to": "1.4.2", "digest": None}
    ]
    assert promote(*arguments).json["action"] == "unchanged"


def test_merge_of_one_app_moves_no_branch_of_the_others_in_the_same_file(tmp_path: Path) -> None:
    apps = ("api", "web", "worker")
    files = {
        "promoter.yaml": (
            "environments: {prod: {path: apps, checks: {exists: off}}}\n"
            "targets: [{kind: yaml-path, file: values.yaml, tag: '{app}.image.tag'}]\n"
            "apps: {api: {images: [o/api]}, web: {images: [o/web]}, worker: {images: [o/worker]}}\n"
        ),
        "apps/values.yaml": "".join(f"{app}:\n  image:\n    tag: 1.4.1\n" for app in apps),
    }
    repo = with_files(tmp_path / "r.git", files)
    names = [part for app in apps for part in ("--app", app)]
    arguments = (*names, "--tag", "1.4.2", "--repo", str(repo.path), "--output", "json")
    assert [one["action"] for one in promote(*arguments).json["results"]] == ["created"] * 3
    for number, left in (("2", ("api", "worker")), ("1", ("worker",)), ("3", ())):
        heads = repo.refs()
        assert promote("pulls", "merge", number, "--repo", str(repo.path)).code == 0
        run = promote(*arguments)
        assert {one["action"] for one in run.json["results"]} == {"unchanged"}, run.stderr
        for app in left:
            branch = f"refs/heads/promote/prod/{app}"
            assert repo.refs()[branch] == heads[branch]
    assert repo.git("show", "main:apps/values.yaml").count("1.4.2") == 3


def test_stale_ref_is_warned_about_where_it_is_not_linked(tmp_path: Path) -> None:
    files = dict(CASES["a remote base's ref with newTag"][0])
    files["promoter.yaml"] = files["promoter.yaml"].partition("    linked")[0]
    repo = with_files(tmp_path / "r.git", files)
    run = promote(
        "--app", "web", "--tag", "1.4.2", "--repo", str(repo.path), "--output", "json"
    )  # fmt: skip
    assert run.json["action"] == "created", run.stderr
    assert any("1.4.1" in warning for warning in run.json["warnings"])


@pytest.fixture
def registry() -> Iterator[Registry]:
    """An empty registry."""
    with Registry() as server:
        yield server


def test_auto_and_the_order_of_tags_read_what_values_hold(
    tmp_path: Path, registry: Registry
) -> None:
    digest = registry.push("web", "1.4.0", "1.4.1", created="2026-01-01T00:00:00Z")
    files = {
        "promoter.yaml": (
            'environments: {prod: {path: "{app}", deliver: push, pin: both, policy: {semver: "*"}}}\n'
            "targets: [{kind: yaml-path, file: values.yaml, tag: image.tag,"
            " repository: image.repository}]\n"
            "apps: {web: {}}\n"
        ),
        "web/values.yaml": (
            f"image:\n  sha: {digest.removeprefix('sha256:')}\n"
            f"  repository: {registry.name('web')}\n  tag: 1.4.1\n"
        ),
    }
    repo = with_files(tmp_path / "r.git", files)
    at = ("--repo", str(repo.path), "--output", "json")
    idle = promote("auto", *at)
    assert [one["action"] for one in idle.json["results"]] == ["unchanged"], idle.stderr
    older = promote("--app", "web", "--tag", "1.4.0", *at)
    assert (older.code, older.json["action"]) == (0, "superseded"), older.stderr
    digest = registry.push("web", "1.4.2")
    run = promote("auto", *at)
    assert [one["action"] for one in run.json["results"]] == ["pushed"], run.stderr
    assert repo.read("web/values.yaml") == (
        f"image:\n  sha: {digest.removeprefix('sha256:')}\n"
        f"  repository: {registry.name('web')}\n  tag: 1.4.2"
    )
    (image,) = run.json["results"][0]["images"]
    assert (image["from"], image["to"]) == ("1.4.1", "1.4.2")
