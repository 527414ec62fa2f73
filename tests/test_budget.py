"""What each part of a run may take of its time adds up."""

from __future__ import annotations

from promoter.system import budget


def test_a_promotion_whose_every_question_takes_all_its_time_has_a_quarter_left_to_write() -> None:
    left = budget.RUN - budget.FIRST_ANSWER.seconds - 3 * budget.REGISTRY_ANSWER.seconds
    for share in (budget.RENDER, budget.RENDER, budget.EVIDENCE):
        left -= share.of(left)
    assert left == 39
    assert left > budget.RUN / 4


def test_a_run_over_all_apps_has_an_eighth_left_to_write() -> None:
    assert budget.KEPT_BY_AUTO < budget.KEPT_WITHOUT_RENDER
    assert budget.EVIDENCE_OF_ALL <= budget.KEPT_BY_AUTO
    assert budget.KEPT_BY_AUTO * (1 - budget.EVIDENCE.part) == 1 / 8


def test_no_share_is_more_than_what_is_left() -> None:
    shares = [one for one in vars(budget).values() if isinstance(one, budget.Share)]
    assert len(shares) > 20
    assert all(one.of(left) <= left for one in shares for left in (0.0, 0.5, 10.0, 3_600.0))
