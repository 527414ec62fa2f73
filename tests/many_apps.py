"""GitOps repositories of many apps, each with one image in an environment or two."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from tests.world import empty

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.world import Repository

_ENV = {
    "GIT_AUTHOR_NAME": "A Human",
    "GIT_AUTHOR_EMAIL": "human@example.org",
    "GIT_COMMITTER_NAME": "A Human",
    "GIT_COMMITTER_EMAIL": "human@example.org",
}
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
        base = f"apps/{app}/base"
        files[f"{base}/kustomization.yaml"] = "resources:\n  - deployment.yaml\n"
        files[f"{base}/deployment.yaml"] = _DEPLOYMENT.format(app=app, image=image)
        if policy == CLUSTERS:
            for place in ("dev", "prod"):
                text = _OVERLAY.replace("../../base", f"../../../../{base}").replace("dev", place)
                name = f"clusters/{place}/apps/{app}/kustomization.yaml"
                files[name] = text.format(image=image, tag=tag)
        else:
            files[kustomization(app)] = _OVERLAY.format(image=image, tag=tag)
    stream = ["commit refs/heads/main", "committer A Human <human@example.org> 1767225600 +0000"]
    stream += ["data 5", "First"]
    for name, text in files.items():
        stream += [f"M 100644 inline {name}", f"data {len(text.encode())}", text]
    repository = empty(path)
    subprocess.run(
        ["git", "fast-import", "--quiet"],
        cwd=path, check=True, input="\n".join([*stream, ""]).encode(), env={**os.environ, **_ENV},
    )  # fmt: skip
    return repository


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
    newTag: {tag} # dev follows by itself
"""
