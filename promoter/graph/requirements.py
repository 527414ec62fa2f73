"""What building a kustomization needs beside the repository's own files: network, Helm, programs.

The content is not trusted. Whatever could make kustomize reach out counts, in any field, also where
kustomize reads a file in another way than this project does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from pathlib import PurePosixPath

from promoter.domain.dataclass import dataclass
from promoter.domain.paths import resolved
from promoter.graph.documents import Mapping, Scalar, Value, mapping_of, scalars, text_of


class Access(StrEnum):
    """What a build may use beside files; all but `files` can be allowed."""

    NETWORK = "network"
    HELM = "helm"
    EXEC = "exec"
    FILES = "files"


@dataclass(frozen=True, slots=True)
class Requirement:
    """Something that a build needs beside files, and where that is written."""

    access: Access
    reason: str


# What kustomize fetches, even where a folder of the repository has that very name.
_FETCHED = re.compile(
    r"(?:https?:|gh:|[a-z][a-z0-9+.-]*::|[a-z][a-z0-9+.-]*://|[a-z][\w.-]*@[^/]*[:/]"
    r"|(?:www\.)?github\.com[:/]|[^\n]*_git/)",
    re.IGNORECASE,
)
_KEY = re.compile(r"[^=\n]*=")
# Fields whose texts are data, and name neither file nor folder.
_DATA = frozenset(
    {
        "metadata", "images", "imagetags", "replicas", "vars", "labels", "commonlabels",
        "commonannotations", "generatoroptions", "options", "literals", "patch", "target", "targets",
        "source", "sourcevalue", "valuesinline", "valueslocal",
    }
)  # fmt: skip
_HELM = "HelmChartInflationGenerator"
# Where Helm looks for its plugins.
_HELM_HOMES = ("confighome", "helmhome")


def is_fetched(text: str) -> bool:
    """Return whether kustomize would look for this outside, wherever it names a file or folder."""
    return _FETCHED.match(text.lstrip()) is not None


def is_of_this_machine(text: str) -> bool:
    """Return whether what kustomize would fetch is a repository of this machine."""
    return "file:" in text.lower()


def fetched(value: Value, *, whole: bool = False) -> Iterator[Scalar]:
    """Yield the scalars below a value that kustomize could fetch; `whole` looks at data too."""
    if isinstance(value, Scalar):
        pair = _KEY.match(value.text)
        if is_fetched(value.text):
            yield value
        elif pair and is_fetched(rest := value.text[pair.end() :]):
            yield replace(value, text=rest)
    elif isinstance(value, list):
        for child in value:
            yield from fetched(child, whole=whole)
    else:
        for key, child in value.items():
            if whole or key.lower() not in _DATA:
                yield from fetched(child, whole=whole)


def leaving(value: Value, directory: PurePosixPath) -> Iterator[Scalar]:
    """Yield the scalars of a kustomization that would be paths to outside of the repository.

    Any field counts but data, whatever its name is: a build that reads files of every folder reads
    these, too.
    """
    if isinstance(value, Scalar):
        path = value.text[pair.end() :] if (pair := _KEY.match(value.text)) else value.text
        texts = (value.text, path)
        if any(one and resolved(directory, one) is None for one in texts):
            yield value
    elif isinstance(value, list):
        for child in value:
            yield from leaving(child, directory)
    else:
        for key, child in value.items():
            if key.lower() not in _DATA:
                yield from leaving(child, directory)


def ambiguous(value: Value) -> str:
    """Return a key that kustomize, which ignores case, may take for another; '' without one.

    It stands twice but for its case, or has letters that are those of ASCII in another case.
    """
    if isinstance(value, list):
        return next((key for child in value if (key := ambiguous(child))), "")
    known: set[str] = set()
    for key, child in mapping_of(value).items():
        name = key.lower()
        if name in known or not key.isascii():
            return key
        known.add(name)
        if name not in _DATA and (found := ambiguous(child)):
            return found
    return ""


def of_chart(chart: Mapping, directory: PurePosixPath) -> Iterator[tuple[Access, Scalar, str]]:
    """Yield what a Helm chart, or a setting of Helm, needs beside Helm itself, its text, and why."""
    fields = {key.lower(): value for key, value in chart.items() if key.lower() not in _DATA}
    for one in scalars(fields):
        if one.text.startswith("-"):
            yield Access.EXEC, one, "would be an option of Helm, which can run a program"
    for one in scalars([fields[name] for name in _HELM_HOMES if name in fields]):
        yield Access.EXEC, one, "may have plugins of Helm, which are programs"
    for one in leaving(fields, directory):
        yield Access.FILES, one, "leads out of the repository"


def of_plugin(document: Mapping, directory: PurePosixPath) -> set[Access]:
    """Return what a generator's or transformer's configuration takes beside files."""
    notes = mapping_of(mapping_of(document.get("metadata")).get("annotations"))
    kind = text_of(document.get("kind"))
    is_builtin = text_of(document.get("apiVersion")) == "builtin"
    # A list stands for its items, whatever these are.
    if not is_builtin or kind.endswith("List") or notes or ambiguous(document):
        return {Access.EXEC}
    if kind != _HELM:
        return {Access.NETWORK} if any(fetched(document, whole=True)) else set()
    found = {Access.HELM, *(access for access, _, _ in of_chart(document, directory))}
    return found | {Access.NETWORK} if any(fetched(document)) else found
