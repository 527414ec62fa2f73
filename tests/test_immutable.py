"""Fields that Kubernetes takes no change of are known before a sync fails on them."""

from __future__ import annotations

import pytest

from promoter.render import compare_renders

JOB = "spec:\n  template:\n    spec:\n      containers:\n      - image: o/a:{}\n"
CLAIM = (
    "spec:\n  volumeClaimTemplates:\n  - metadata:\n      name: data\n    spec:\n      size: {}\n"
)


def rendered(kind: str, text: str, annotation: str = "") -> tuple[str, ...]:
    """Return the immutable fields that change where a text's value goes from 1 to 2."""
    metadata = "metadata:\n  name: a\n"
    if annotation:
        metadata += f"  annotations:\n    {annotation}\n"
    sides = [f"apiVersion: v1\nkind: {kind}\n{metadata}{text.format(one)}" for one in (1, 2)]
    (found,) = compare_renders(*sides).objects
    return found.immutable


@pytest.mark.parametrize(
    ("kind", "text", "fields"),
    [
        ("Deployment", "spec:\n  selector:\n    matchLabels:\n      v: v{}\n", ("spec.selector",)),
        ("Deployment", "spec:\n  template:\n    metadata:\n      labels:\n        v: v{}\n", ()),
        ("Service", "spec:\n  selector:\n    v: v{}\n", ()),
        ("Service", "spec:\n  clusterIP: 10.0.0.{}\n", ("spec.clusterIP",)),
        ("StatefulSet", CLAIM, ("spec.volumeClaimTemplates",)),
        ("StatefulSet", "spec:\n  replicas: {}\n", ()),
        ("Job", JOB, ("spec.template",)),
        ("CronJob", "spec:\n  schedule: '{} * * * *'\n", ()),
        ("RoleBinding", "roleRef:\n  name: r{}\n", ("roleRef",)),
        ("ConfigMap", "data:\n  k: v{}\nimmutable: true\n", ("data",)),
        ("ConfigMap", "data:\n  k: v{}\n", ()),
        ("Thing", "spec:\n  selector: {}\n", ()),
    ],
)
def test_a_field_that_cannot_change_is_named(kind: str, text: str, fields: tuple[str, ...]) -> None:
    assert rendered(kind, text) == fields


@pytest.mark.parametrize(
    "annotation",
    [
        "argocd.argoproj.io/hook: PreSync",
        "argocd.argoproj.io/sync-options: Force=true,Replace=true",
        "helm.sh/hook: pre-upgrade",
        "kustomize.toolkit.fluxcd.io/force: enabled",
    ],
)
def test_what_is_deleted_and_made_again_may_change(annotation: str) -> None:
    assert rendered("Job", JOB, annotation) == ()
    assert rendered("Job", JOB, "argocd.argoproj.io/sync-wave: '1'") == ("spec.template",)
