"""Which name is suggested for one that there is not: a near one, and never one from afar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promoter.cli.command_table import COMMANDS
from promoter.domain.suggest import closest, nearest

_LETTERS = "abcdeprst"
_FLAGS = sorted({f for name, one in COMMANDS.items() for f in one.parser(name).flags})


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("shpo", ["shop", "cart"], "shop"),
        ("production", ["dev", "prod"], "prod"),
        ("stage", ["dev", "staging", "prod"], "staging"),
        ("prd", ["dev", "prod"], "prod"),
        ("shop", ["ghcr.io/acme/shop"], "ghcr.io/acme/shop"),
        ("promotesFrom", ["promotes-from", "path"], "promotes-from"),
        ("Shop", ["shop"], "shop"),
        ("PROMOTER_GITHUB_TOKEN", ["PROMOTER_TOKEN", "PROMOTER_TAG"], "PROMOTER_TOKEN"),
        ("deploy.yaml", ["deployment.yaml", "service.yaml"], "deployment.yaml"),
        ("cluster", ["clusters", "docs"], "clusters"),
        ("jsn", ["json", "text"], "json"),
    ],
)
def test_near_name_is_suggested(name: str, known: list[str], meant: str) -> None:
    assert closest(name, known) == meant
    assert nearest(name, known).startswith(f"Did you mean {meant}?")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("--set", _FLAGS),
        ("--head", _FLAGS),
        ("--watch", _FLAGS),
        ("--reverse", _FLAGS),
        ("--no-dry-run", _FLAGS),
        ("--registry", _FLAGS),
        ("--revision", ["--reason", "--repo"]),
        ("unhold", ["hold"]),
        ("hold", ["unhold"]),
        ("PROMOTER_ABC", ["PROMOTER_APP", "PROMOTER_ENV"]),
        ("", ["shop"]),
    ],
)
def test_far_name_and_the_opposite_are_not_suggested(name: str, known: list[str]) -> None:
    assert closest(name, known) is None


@given(st.text(_LETTERS, min_size=4, max_size=12), st.data())
def test_one_wrong_letter_is_always_seen_through(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    kind = data.draw(st.sampled_from(["left out", "too many", "another", "swapped"]))
    before, after = name[:at], name[at + 1 :]
    wrong = {
        "left out": before + after,
        "too many": f"{before}x{name[at:]}",
        "another": f"{before}x{after}",
        "swapped": f"{before}{after[:1]}{name[at]}{after[1:]}",
    }[kind]
    assert closest(wrong, [name, "k" * 9]) == name


@given(
    st.text(_LETTERS, max_size=12),
    st.lists(st.text(_LETTERS, min_size=1, max_size=12), unique=True, min_size=2),
)
def test_what_is_suggested_begins_so_or_differs_in_two_letters_and_a_third(
    name: str, known: list[str]
) -> None:
    meant = closest(name, known)
    if meant is None:
        return
    begins = len(meant) > 2 and min(len(meant), len(name)) >= 3
    begins = begins and (meant[:2] == name[:2])
    longest = max(len(meant), len(name))
    assert begins or _distance(name, meant) <= min(2, longest // 3)


def _distance(one: str, other: str) -> int:
    """Return how many letters are wrong, missing, too many or swapped, by the whole table."""
    row = {(i, 0): i for i in range(len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            wrong = one[i - 1] != other[j - 1]
            row[i, j] = min(
                row[i - 1, j] + 1, row[i, j - 1] + 1, row[i - 1, j - 1] + wrong
            )  # fmt: skip
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                row[i, j] = min(row[i, j], row[i - 2, j - 2] + 1)
    return row[len(one), len(other)]
