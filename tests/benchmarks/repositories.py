"""The repositories of the benchmark, made by fast-import: S, M and L."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.demo import repository as demo
from promoter.system.deadline import Deadline
from tests.many_apps import deployment
from tests.servers import git_http

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENVIRONMENTS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Size:
    """How large a repository is, and what is promoted in it."""

    name: str
    apps: int
    commits: int
    app: str
    file: str
    image: str


S = Size(
    "S", 0, 30, "aurora", "clusters/prod/apps/aurora/kustomization.yaml",
    "ghcr.io/aurora-cloud/aurora-customer",
)  # fmt: skip
M = Size(
    "M", 1_000, 2_000, "app-00417", "apps/app-00417/overlays/prod/kustomization.yaml",
    "example.org/app-00417",
)  # fmt: skip
L = Size(
    "L", 10_000, 20_000, "app-04170", "apps/app-04170/overlays/prod/kustomization.yaml",
    "example.org/app-04170",
)  # fmt: skip
SIZES = {one.name: one for one in (S, M, L)}


def make(size: Size, directory: Path) -> None:
    """Make a bare repository of a size, as the big forges have theirs: packed, filters allowed."""
    if size.apps == 0:
        demo.make(directory, Deadline(300)).close()
    else:
        subprocess.run(
            ["git", "init", "-q", "--bare", "--template=", "-b", "main", str(directory)], check=True
        )
    _import(directory, _commits(size))
    subprocess.run(
        ["git", "-c", "pack.threads=1", "repack", "-adbq", "--window=5"], cwd=directory, check=True
    )
    # As the big forges have it: without, the history of one path takes the server half a minute.
    subprocess.run(
        ["git", "commit-graph", "write", "--reachable", "--changed-paths"],
        cwd=directory, check=True, capture_output=True,
    )  # fmt: skip
    git_http.configure(directory)


def _import(directory: Path, lines: Iterator[str]) -> None:
    process = subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=directory, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    for text in lines:
        process.stdin.write(text.encode())
    process.stdin.close()
    assert process.wait() == 0


def _commits(size: Size) -> Iterator[str]:
    """Yield the first commit with all files, and one for each change of a tag after it."""
    if size.apps:
        yield _commit(0, "All apps")
        yield _file("promoter.yaml", _POLICY)
        for number in range(size.apps):
            app = f"app-{number:05}"
            for path, text in _files(app):
                yield _file(path, text)
    for number in range(1, size.commits):
        yield _commit(number, f"Change {number}", onto=number == 1 and not size.apps)
        if size.apps:
            # No change of the app that is promoted: how long its tag has been there is asked for.
            app = f"app-{number * 7 % size.apps:05}"
            app = "app-00000" if app == size.app else app
            environment = ENVIRONMENTS[number % 3]
            text = _overlay(app, environment, f"1.{number}.0")
            yield _file(f"apps/{app}/overlays/{environment}/kustomization.yaml", text)
        else:
            yield _file("platform/k8s/changes.yaml", f"number: {number}\n")


def _commit(number: int, message: str, *, onto: bool = False) -> str:
    start = "from refs/heads/main^0\n" if onto else ""
    return (
        f"commit refs/heads/main\ncommitter A Human <human@example.org> {1767225600 + number * 60} "
        f"+0000\ndata {len(message)}\n{message}\n{start}"
    )


def _file(path: str, text: str) -> str:
    return f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n"


def _files(app: str) -> Iterator[tuple[str, str]]:
    """Yield the ten files of an app."""
    resources = "resources:\n  - deployment.yaml\n  - service.yaml\n  - configmap.yaml\n"
    yield f"apps/{app}/base/kustomization.yaml", resources
    yield f"apps/{app}/base/deployment.yaml", deployment(app, f"example.org/{app}")
    yield f"apps/{app}/base/service.yaml", _SERVICE.format(app=app)
    yield f"apps/{app}/base/configmap.yaml", _CONFIG.format(app=app)
    for environment in ENVIRONMENTS:
        folder = f"apps/{app}/overlays/{environment}"
        yield f"{folder}/kustomization.yaml", _overlay(app, environment, "1.0.0")
        yield f"{folder}/replicas.yaml", _REPLICAS.format(app=app)


def _overlay(app: str, environment: str, tag: str) -> str:
    return (
        f"resources:\n  - ../../base\nnamespace: {environment}\npatches:\n  - path: replicas.yaml\n"
        f"images:\n  - name: example.org/{app}\n    newTag: {tag}\n"
    )


_POLICY = "default-environment: prod\nenvironments:\n" + "".join(
    f"  {name}:\n    path: apps/{{app}}/overlays/{name}\n" for name in ENVIRONMENTS
)
_SERVICE = """\
apiVersion: v1
kind: Service
metadata:
  name: {app}
spec:
  selector: {{app: {app}}}
  ports: [{{port: 80}}]
"""
_CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {app}
data:
  name: {app}
"""
_REPLICAS = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
spec:
  replicas: 2
"""
