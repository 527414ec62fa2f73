"""Fields of rendered objects that Kubernetes takes no change of: the sync of such a change fails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from promoter.domain.json import mapping

# Kind → the paths below which nothing may change.
_FIELDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Deployment": (("spec", "selector"),),
    "DaemonSet": (("spec", "selector"),),
    "ReplicaSet": (("spec", "selector"),),
    "StatefulSet": (
        ("spec", "selector"),
        ("spec", "serviceName"),
        ("spec", "volumeClaimTemplates"),
        ("spec", "podManagementPolicy"),
    ),
    "Job": (
        ("spec", "template"),
        ("spec", "selector"),
        ("spec", "completionMode"),
        ("spec", "podFailurePolicy"),
        ("spec", "backoffLimitPerIndex"),
        ("spec", "manualSelector"),
    ),
    "Pod": (
        ("spec", "nodeName"),
        ("spec", "restartPolicy"),
        ("spec", "volumes"),
        ("spec", "hostNetwork"),
    ),
    "Service": (("spec", "clusterIP"), ("spec", "clusterIPs")),
    "PersistentVolumeClaim": (
        ("spec", "accessModes"),
        ("spec", "selector"),
        ("spec", "storageClassName"),
        ("spec", "volumeMode"),
        ("spec", "volumeName"),
    ),
    "RoleBinding": (("roleRef",),),
    "ClusterRoleBinding": (("roleRef",),),
    "StorageClass": (
        ("provisioner",),
        ("parameters",),
        ("reclaimPolicy",),
        ("volumeBindingMode",),
    ),
    "IngressClass": (("spec", "controller"),),
    "PriorityClass": (("value",), ("preemptionPolicy",)),
    "CSIDriver": (("spec", "attachRequired"),),
}
# A ConfigMap or Secret with `immutable: true`.
_DATA = ("data", "binaryData", "stringData", "immutable")
# Annotations by which the object is deleted and made again; a change of it is none.
_REPLACED = {
    "argocd.argoproj.io/hook": ("",),
    "helm.sh/hook": ("",),
    "argocd.argoproj.io/sync-options": ("Replace=true", "Force=true"),
    "kustomize.toolkit.fluxcd.io/force": ("enabled", "true"),
}


def immutable_fields(
    kind: str, data: Mapping[str, Any], paths: Iterable[tuple[str | int, ...]]
) -> tuple[str, ...]:
    """Return which of the changed paths Kubernetes refuses to change, e.g. `spec.selector`.

    `data` is the object after the change. One that its delivery deletes and makes again has none.
    """
    if _is_replaced(mapping(mapping(data.get("metadata")).get("annotations"))):
        return ()
    fields = _FIELDS.get(kind, ())
    if kind in ("ConfigMap", "Secret") and data.get("immutable") == "true":
        fields = tuple((name,) for name in _DATA)
    changed = [tuple(str(step) for step in path) for path in paths]
    # A whole `spec` that appears or goes counts as a change of what is below it.
    return tuple(
        ".".join(one)
        for one in fields
        if any(path[: len(one)] == one or one[: len(path)] == path for path in changed)
    )


def _is_replaced(annotations: Mapping[str, Any]) -> bool:
    return any(
        name in annotations and any(word in str(annotations[name]) for word in words)
        for name, words in _REPLACED.items()
    )
