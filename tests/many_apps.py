"""GitOps repositories of many apps, each with one image in an environment or two."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.world import Repository, copy_of, empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.servers.github import GitHub

DEV = "environments:\n  dev:\n    path: apps/{app}/overlays/dev\n    deliver: push\n"
BY_PULL = DEV.replace("deliver: push", "deliver: pull-request")
CLUSTERS = """\
environments:
  dev: {path: "clusters/dev/apps/{app}", render: off}
  prod: {path: "clusters/prod/apps/{app}", render: off, policy: {semver: "*"}}
"""
"""Two clusters with a folder for each app, of which prod follows by itself."""


def kustomization(app: str, environment: str = "dev") -> str:
    """Return where an app's kustomization is."""
    return f"apps/{app}/overlays/{environment}/kustomization.yaml"


def make(path: Path, images: Mapping[str, str], policy: str, *, tag: str = "1.4.1") -> Repository:
    """Make a bare repository of apps: name → image, all at one tag, with this promoter.yaml.

    They have an overlay for dev, or by the policy `CLUSTERS` a folder in each cluster.
    """
    files = {"promoter.yaml": policy}
    for app, image in images.items():
        files |= base(app, image)
        text = overlay(image, tag, " # dev follows by itself")
        if policy == CLUSTERS:
            for place in ("dev", "prod"):
                folder = f"../../../../apps/{app}/base"
                name = f"clusters/{place}/apps/{app}/kustomization.yaml"
                files[name] = text.replace("../../base", folder).replace("# dev", f"# {place}")
        else:
            files[kustomization(app)] = text
    return with_files(path, files)


@contextmanager
def serving_many(folder: Path) -> Iterator[GitHub]:
    """Serve a repository of a hundred apps by a GitHub that keeps it in a folder."""
    # Late: the tests of the editor need no server.
    from tests.servers import git_http
    from tests.servers.github import GitHub

    server = GitHub(folder)
    make(server.repository, {f"app-{n}": f"example.org/app-{n}" for n in range(100)}, BY_PULL)
    git_http.configure(server.repository)
    with server:
        yield server


def base(app: str, image: str) -> dict[str, str]:
    """Return the files that an app's overlays stand on."""
    return {
        f"apps/{app}/base/kustomization.yaml": "resources:\n  - deployment.yaml\n",
        f"apps/{app}/base/deployment.yaml": deployment(app, image),
    }


def deployment(app: str, image: str) -> str:
    """Return an app's workload, with one container."""
    return _DEPLOYMENT.format(app=app, image=image)


def overlay(image: str, tag: str, comment: str = "") -> str:
    """Return the kustomization of an app in one environment."""
    return _OVERLAY.format(image=image, tag=tag, comment=comment)


def with_files(path: Path, files: Mapping[str, str]) -> Repository:
    """Make a bare repository whose one commit has these files."""
    stream = ["commit refs/heads/main", "committer A Human <human@example.org> 1767225600 +0000"]
    stream += ["data 5", "First"]
    for name, text in files.items():
        stream += [f"M 100644 inline {name}", f"data {len(text.encode())}", text]
    text = "\n".join([*stream, ""])

    def build(folder: Path) -> None:
        empty(folder).git("fast-import", "--quiet", stdin=text)

    # Many tests begin with the same files: copying takes a tenth of the time that git needs.
    return copy_of(hashlib.sha1(text.encode()).hexdigest(), path, build)


_DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {app}
spec:
  selector:
    matchLabels: {{app: {app}}}
  template:
    metadata:
      labels: {{app: {app}}}
    spec:
      containers:
        - name: app
          image: {image}
"""
_OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
  - ../../base
images:
  - name: {image}
    newTag: {tag}{comment}
"""
