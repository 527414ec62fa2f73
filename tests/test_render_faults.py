"""What kustomize says is told in plain words first, and what it means for the edits."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from promoter.domain.trees import FilesTree
from promoter.graph import Closure
from promoter.render.faults import explain_build_failure, fault_of
from promoter.render.program import BuildOutput


@pytest.mark.parametrize(
    ("message", "said", "hint"),
    [
        (
            'Error: trouble: unable to parse SM or JSON patch from [path: "p.yaml"]',
            "the patch p.yaml is neither a strategic merge nor a JSON patch (Error: trouble",
            "Check the YAML of p.yaml.",
        ),
        (
            "Error: no matches for Id Deployment.v1.apps/order.[noNs]; failed to find",
            "its patch is for Deployment/order, and there is no such object (Error: no",
            "Correct the kind, the name or the namespace in the patch.",
        ),
        (
            "Error: replace operation does not apply: doc is missing path: /spec/x: missing value",
            "its JSON patch changes /spec/x, which is not there",
            "Correct the path, or write op: add.",
        ),
        (
            "json: cannot unmarshal array into Go struct field Kustomization.commonLabels of type map",
            "commonLabels is of another kind of value than kustomize takes: array",
            "Write commonLabels",
        ),
        (
            "may not add resource with an already registered id: Deployment.v1.apps/web.[noNs]",
            "two of its resources are Deployment/web",
            "Rename or remove one of them.",
        ),
        ("cycle detected: candidate root", "its resources lead back to itself", "Remove one"),
    ],
)
def test_message_of_kustomize_is_told_in_plain_words_first(
    message: str, said: str, hint: str
) -> None:
    reason, way = explain_build_failure(message)
    assert reason.startswith(said)
    assert message in reason
    assert way.startswith(hint)


def test_message_that_nobody_knows_is_told_as_it_is() -> None:
    assert explain_build_failure("Error: something else") == ("Error: something else", "")


@pytest.mark.parametrize(
    ("message", "is_refused"),
    [
        ("accumulating from 'a': lstat /x/prod/a: no such file or directory", False),
        ("accumulating from 'a/b.yaml': lstat a/b.yaml: no such file or directory", False),
        ("a patch fits no object", True),
        ("accumulating from 'a.yaml': lstat /x/prod/a.yaml: no such file or directory", True),
    ],
)
def test_a_link_excuses_the_builds_that_miss_it_and_no_others(
    message: str, is_refused: bool
) -> None:
    folder, link = PurePosixPath("prod"), PurePosixPath("prod/a")
    closure = Closure(folder, folder / "kustomization.yaml")
    built = (BuildOutput("kind: A"), BuildOutput(failure=message))
    tree = FilesTree("", {})
    fault = fault_of(built, closure, tree, left_out=[link], environment=folder)
    assert fault is not None
    assert (fault.refusal is not None) == is_refused
    assert ("prod/a, which is a link" in fault.reason) != is_refused
