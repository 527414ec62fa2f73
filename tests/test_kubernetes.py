"""The manifests of config/kubernetes: they build, are valid, and may no more than they need."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from promoter.domain.shard import Shard
from tests.test_demo_repository import render

pytestmark = [pytest.mark.provisioned, pytest.mark.usefixtures("real_renderer")]

FOLDER = Path(__file__).parent.parent / "config" / "kubernetes"


def jobs() -> list[dict[str, Any]]:
    """Return the specs of all jobs: the scheduled ones, and the one that waits."""
    found = render(FOLDER)
    scheduled = [one["spec"]["jobTemplate"]["spec"] for one in found if one["kind"] == "CronJob"]
    return scheduled + [one["spec"] for one in found if one["kind"] == "Job"]


def test_every_object_is_valid_kubernetes() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not here")
    found = render(FOLDER)
    kinds = {one["kind"] for one in found}
    assert {"CronJob", "Job", "NetworkPolicy", "ServiceAccount", "ConfigMap"} <= kinds
    for one in found:
        validate.validate(one, "1.31", strict=True)


def test_the_shards_are_as_many_as_the_pods() -> None:
    (config,) = [one["data"] for one in render(FOLDER) if one["kind"] == "ConfigMap"]
    for job in jobs():
        assert job["completionMode"] == "Indexed"
        assert job["completions"] == job["parallelism"] == int(config["PROMOTER_SHARDS"])
        last = Shard.of_job(job["completions"] - 1, job["completions"])
        assert str(last) == "4/4"
        assert job["activeDeadlineSeconds"] > int(config["PROMOTER_TIMEOUT"])


def test_pods_are_restricted() -> None:
    for job in jobs():
        pod = job["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["args"] == ["auto"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        (policy,) = [one["spec"] for one in render(FOLDER) if one["kind"] == "NetworkPolicy"]
        assert (
            policy["podSelector"]["matchLabels"].items()
            <= job["template"]["metadata"]["labels"].items()
        )
