"""The Aurora repository: complete, consistent, and what its text says of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from ruamel.yaml import YAML

import promoter
from promoter.git.folder import DirectoryTree
from promoter.graph import read_closure

pytestmark = [pytest.mark.provisioned, pytest.mark.usefixtures("real_renderer")]

AURORA = Path(promoter.__file__).parent / "demo" / "aurora"
CLUSTERS = ("dev-kind", "prod")
SERVICES = {f"ghcr.io/aurora-cloud/aurora-{name}" for name in ("customer", "fraud", "notification")}
TREE = [
    "README.md",
    "LICENSE",
    "clusters/dev-kind/kustomization.yaml",
    "clusters/dev-kind/namespace.yaml",
    "clusters/dev-kind/apps/aurora/kustomization.yaml",
    "clusters/prod/kustomization.yaml",
    "clusters/prod/namespace.yaml",
    "clusters/prod/apps/aurora/kustomization.yaml",
    "platform/k8s/namespaces.yaml",
    "platform/istio/base/istio-base.yaml",
    "platform/istio/base/kustomization.yaml",
    "platform/istio/ingress/gateway.yaml",
    "platform/istio/ingress/virtualservice.yaml",
    "platform/istio/ingress/kustomization.yaml",
    "platform/istio/overlays/prod/kustomization.yaml",
    "platform/security/oauth2-proxy/deployment.yaml",
    "platform/security/oauth2-proxy/service.yaml",
    "platform/security/oauth2-proxy/kustomization.yaml",
    "infra/local-deps/base/postgres.yaml",
    "infra/local-deps/base/rabbitmq.yaml",
    "infra/local-deps/base/kustomization.yaml",
    "infra/local-deps/overlays/dev/namespace.yaml",
    "infra/local-deps/overlays/dev/patch-postgres.yaml",
    "infra/local-deps/overlays/dev/patch-rabbitmq.yaml",
    "infra/local-deps/overlays/dev/kustomization.yaml",
    "infra/prod-deps/postgres/statefulset.yaml",
    "infra/prod-deps/postgres/service.yaml",
    "infra/prod-deps/postgres/kustomization.yaml",
    "infra/prod-deps/rabbitmq/deployment.yaml",
    "infra/prod-deps/rabbitmq/service.yaml",
    "infra/prod-deps/rabbitmq/kustomization.yaml",
    "apps/aurora/base/deployment.yaml",
    "apps/aurora/base/service.yaml",
    "apps/aurora/base/configmap.yaml",
    "apps/aurora/base/kustomization.yaml",
    "apps/aurora/patch-env.yaml",
    "apps/aurora/overlays/dev/kustomization.yaml",
    "apps/aurora/overlays/dev/patch-env.yaml",
    "apps/aurora/overlays/prod/kustomization.yaml",
    "apps/aurora/overlays/prod/patch-env.yaml",
]


def load(path: Path) -> list[dict[str, Any]]:
    yaml = YAML(typ="safe", pure=True)
    return [one for one in yaml.load_all(path.read_text("utf-8")) if one]


@cache
def files_of(directory: Path) -> tuple[Path, ...]:
    """Return every file that a kustomization brings in, itself included."""
    file = directory / "kustomization.yaml"
    (root,) = load(file)
    found = [file]
    for name in root.get("resources", []):
        path = (directory / name).resolve()
        assert AURORA in path.parents, f"{file} leaves the repository"
        assert path.exists(), f"{file} names {name}, which is not there"
        found += files_of(path) if path.is_dir() else [path]
    found += [directory / one["path"] for one in root.get("patches", [])]
    for generator in root.get("configMapGenerator", []):
        found += [directory / name for name in generator.get("files", [])]
    return tuple(found)


@pytest.mark.parametrize("name", TREE)
def test_every_path_of_the_layout_exists(name: str) -> None:
    assert (AURORA / name).is_file()


@pytest.mark.parametrize("file", sorted(AURORA.rglob("kustomization.yaml")), ids=str)
def test_kustomization_brings_in_only_what_is_there(file: Path) -> None:
    assert all(path.is_file() for path in files_of(file.parent))
    (root,) = load(file)
    old = {"bases", "commonLabels", "patchesStrategicMerge", "patchesJson6902", "vars"}
    assert not old & set(root)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_each_namespace_is_defined_once(cluster: str) -> None:
    names = [
        document["metadata"]["name"]
        for path in files_of(AURORA / "clusters" / cluster)
        if path.suffix == ".yaml"
        for document in load(path)
        if document.get("kind") == "Namespace"
    ]
    assert names
    assert len(names) == len(set(names))


def test_environments_share_no_dependencies_and_no_names() -> None:
    dev = files_of(AURORA / "clusters/dev-kind")
    prod = files_of(AURORA / "clusters/prod")
    assert not [path for path in dev if "prod" in path.relative_to(AURORA).as_posix()]
    assert not [path for path in prod if "local-deps" in path.as_posix()]
    assert not [path for path in dev if "svc.cluster.local" in path.read_text("utf-8")]
    assert not [path for path in prod if "localhost" in path.read_text("utf-8")]


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_images_are_the_three_services_and_each_is_used(cluster: str) -> None:
    directory = PurePosixPath(f"clusters/{cluster}/apps/aurora")
    (root,) = load(AURORA / directory / "kustomization.yaml")
    assert {one["name"] for one in root["images"]} == SERVICES
    closure = read_closure(DirectoryTree(AURORA), directory)
    assert closure.complete
    assert {image.name for image in closure.images} >= SERVICES


def test_no_secret_is_contained() -> None:
    for path in AURORA.rglob("*.yaml"):
        assert all(document.get("kind") != "Secret" for document in load(path))


def render(folder: Path) -> list[dict[str, Any]]:
    """Render a kustomization with whichever program there is."""
    program = shutil.which("kustomize")
    command = [program, "build"] if program else ["kubectl", "kustomize"]
    if not program and not shutil.which("kubectl"):
        pytest.skip("neither kustomize nor kubectl is on PATH")
    done = subprocess.run(
        [*command, str(folder)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return list(YAML(typ="safe", pure=True).load_all(done.stdout))


def build(cluster: str) -> list[dict[str, Any]]:
    """Render a cluster."""
    return render(AURORA / "clusters" / cluster)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_cluster_builds_without_duplicates(cluster: str) -> None:
    objects = build(cluster)
    names = [(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]) for o in objects]
    assert len(names) == len(set(names)) > 10


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_rendered_objects_are_valid_kubernetes(cluster: str) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not here")
    for one in build(cluster):
        if "istio.io" not in one["apiVersion"]:
            validate.validate(one, "1.31", strict=True)


def test_rendered_istio_objects_are_valid() -> None:
    crds = os.environ.get("PROMOTER_TEST_ISTIO_CRDS")
    if not crds or not Path(crds).exists():
        pytest.skip("PROMOTER_TEST_ISTIO_CRDS names no file")
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not here")
    schemas = {
        (crd["spec"]["group"], version["name"], crd["spec"]["names"]["kind"]): version["schema"]
        for crd in load(Path(crds))
        for version in crd["spec"]["versions"]
    }
    found = [one for one in build("prod") if "istio.io" in one["apiVersion"]]
    assert len(found) >= 4
    for one in found:
        group, _, version = one["apiVersion"].partition("/")
        jsonschema.validate(one, schemas[group, version, one["kind"]]["openAPIV3Schema"])
