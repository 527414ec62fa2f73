"""What kustomize says of what it cannot build, in plain words, and what to do about it."""

from __future__ import annotations

import re

_NOT_INSTALLED = re.compile(r'exec: "([\w.-]+)": executable file not found')
# Patterns of its messages; `{}` is what their groups have found.
_KNOWN = (
    (
        r'unable to parse SM or JSON patch from \[path: "([^"]+)"\]',
        "the patch {} is neither a strategic merge nor a JSON patch",
        "Check the YAML of {}.",
    ),
    (
        r"no matches for Id (\w+)\.\S*?/([\w.-]+)\.\[",
        "its patch is for {}/{}, and there is no such object",
        "Correct the kind, the name or the namespace in the patch.",
    ),
    (
        r"doc is missing path: (\S+?): missing",
        "its JSON patch changes {}, which is not there",
        "Correct the path, or write op: add.",
    ),
    (
        r"cannot unmarshal (\w+) into Go struct field \w+\.([\w.]+) of type",
        "{1} is of another kind of value than kustomize takes: {0}",
        "Write {1} as kustomize's reference has it.",
    ),
    (
        r"may not add resource with an already registered id: (\w+)\.\S*?/([\w.-]+)\.\[",
        "two of its resources are {}/{}",
        "Rename or remove one of them.",
    ),
    (r"cycle detected", "its resources lead back to itself", "Remove one of them."),
    (
        r"unable to find patch target|failed to find unique target for patch (\S+)",
        "its patch fits no object, or several",
        "Name one object in the patch's target.",
    ),
)


def missing_program(message: str) -> str:
    """Return the program that kustomize was to run and that is not installed; '' for none."""
    found = _NOT_INSTALLED.search(message)
    return found[1] if found else ""


def explained(message: str) -> tuple[str, str]:
    """Return kustomize's message with plain words before it, and what to do; '' where it is unknown."""
    for pattern, reason, hint in _KNOWN:
        if found := re.search(pattern, message):
            groups = [one or "" for one in found.groups()]
            return f"{reason.format(*groups)} ({message})", hint.format(*groups)
    return message, ""
