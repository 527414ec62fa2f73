"""What kustomize says is told in plain words first, with its own words behind them."""

from __future__ import annotations

import pytest

from promoter.render.kustomize_words import explained


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
    reason, way = explained(message)
    assert reason.startswith(said)
    assert message in reason
    assert way.startswith(hint)


def test_message_that_nobody_knows_is_told_as_it_is() -> None:
    assert explained("Error: something else") == ("Error: something else", "")
