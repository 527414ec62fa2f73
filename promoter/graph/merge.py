"""Strategic-merge patches as kustomize has them: maps merge, lists merge by name or give way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.graph.fields import BuildError, group_version
from promoter.graph.value import Past, Scalar, copied, mapping, text_of

if TYPE_CHECKING:
    from promoter.graph.value import Mapping, Sequence, Value

_DIRECTIVE = "$patch"
_WORKLOADS = frozenset(
    {
        ("", "Pod"),
        ("", "PodTemplate"),
        ("", "ReplicationController"),
        *(("apps", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")),
        *(("batch", kind) for kind in ("Job", "CronJob")),
    }
)
# The lists of a pod that kustomize merges element by element, where it knows the object's schema.
_KEYED = dict.fromkeys(
    ("containers", "initContainers", "ephemeralContainers", "volumes", "env", "imagePullSecrets"),
    "name",
)


def knows_lists(root: Mapping) -> bool:
    """Say whether kustomize knows the object's schema, and so merges its containers by name."""
    return (group_version(root)[0], text_of(root.get("kind"))) in _WORKLOADS


def merge(root: Mapping, patch: Mapping) -> Mapping | None:
    """Return the object patched, None where the patch deletes it; raises `BuildError`.

    What names the object stays: the patch names its target by it.
    """
    changes = {key: value for key, value in patch.items() if key not in ("apiVersion", "kind")}
    meta = mapping(changes.get("metadata"))
    if meta:
        changes["metadata"] = {k: v for k, v in meta.items() if k not in ("name", "namespace")}
    merged = _map(root, changes, keyed=knows_lists(root))
    return None if merged is None else mapping(merged)


def _merged(old: Value | None, new: Value, *, keyed: bool, key: str) -> Value | None:
    """Return what becomes of one field; None removes it."""
    if isinstance(new, Scalar):
        if new.null:
            return None
        past = (*old.past, Past(old.text, new.file)) if isinstance(old, Scalar) else ()
        return replace(new, past=past)
    if old is None or (isinstance(old, Scalar) and old.null):
        return None if _directive(new) == "delete" else _plain(new)
    if type(old) is not type(new):
        raise BuildError(f"a patch gives {key} another shape")
    if isinstance(new, dict):
        return _map(mapping(old), new, keyed=keyed)
    if isinstance(old, list) and keyed and key in _KEYED:
        return _list(old, new, _KEYED[key])
    return copied(new)


def _map(old: Mapping, new: Mapping, *, keyed: bool) -> Mapping | None:
    """Return a mapping with a patch over it."""
    directive = _directive(new)
    if directive == "delete":
        return None
    if directive == "replace":
        return mapping(_plain(new))
    result = dict(old)
    for key, value in new.items():
        if key == _DIRECTIVE:
            continue
        child = _merged(old.get(key), value, keyed=keyed, key=key)
        if child is None:
            result.pop(key, None)
        else:
            result[key] = child
    return result


def _list(old: Sequence, new: Sequence, key: str) -> Value | None:
    """Return a list merged element by element; the patch's elements come first, in its order."""
    directives = [
        _directive(one) for one in new if isinstance(one, dict) and set(one) == {_DIRECTIVE}
    ]
    if "delete" in directives:
        return None
    fresh = [one for one in new if not (isinstance(one, dict) and set(one) == {_DIRECTIVE})]
    if "replace" in directives:
        return [_plain(one) for one in fresh]
    result: Sequence = []
    named = {text_of(mapping(one).get(key)): mapping(one) for one in reversed(old)}
    taken = set()
    for one in fresh:
        name = text_of(mapping(one).get(key))
        taken.add(name)
        merged = _merged(named.get(name), one, keyed=True, key="")
        if merged is not None:
            result.append(merged)
    kept = [one for one in old if text_of(mapping(one).get(key)) not in taken]
    return [*result, *kept]


def _directive(value: Value) -> str:
    """Return what a mapping's own `$patch` says, '' without one; raises `BuildError`."""
    said = mapping(value).get(_DIRECTIVE)
    if said is None:
        return ""
    if text_of(said) not in ("delete", "replace", "merge"):
        raise BuildError(f"{_DIRECTIVE} is neither delete, replace nor merge")
    return text_of(said)


def _plain(value: Value) -> Value:
    """Return a copy of what a patch brings, without its directive."""
    if isinstance(value, dict):
        return {k: copied(v) for k, v in value.items() if k != _DIRECTIVE}
    return copied(value)
