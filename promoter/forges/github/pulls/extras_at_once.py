"""What a pull gets beside its text, in one request: as far as GraphQL's ids of all names are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from promoter.domain.pull import Pull, PullExtras
from promoter.forges.github.api.mutations import Answers, Mutation
from promoter.forges.github.pulls.node_ids import TEAM, NodeIds

# What a pull shows of the rules that keep it from being merged.
WAITS = """
reviewDecision mergeStateStatus
baseRef { branchProtectionRule {
  requiredApprovingReviewCount requiresCodeOwnerReviews requiresCommitSignatures
  requiresStatusChecks requiredStatusCheckContexts
} }
"""


def writes(pull: Pull, extras: PullExtras, ids: NodeIds) -> dict[str, Mutation]:
    """Return the writes of what a pull is to get, in order: labels come late and the merge last."""
    found: dict[str, Mutation] = {}
    asked = [one for one in extras.reviewers if one != pull.author]
    if asked and (known := _all_of(asked, ids.people)):
        pairs = list(zip(asked, known, strict=True))
        users = [node for name, node in pairs if not name.startswith(TEAM)]
        teams = [node for name, node in pairs if name.startswith(TEAM)]
        wanted = {"pullRequestId": pull.node, "userIds": users, "teamIds": teams, "union": True}
        found["reviewers"] = Mutation("requestReviews", wanted, "pullRequest { number }")
    if known := _all_of(extras.assignees, ids.people):
        found["assignees"] = Mutation(
            "addAssigneesToAssignable", {"assignableId": pull.node, "assigneeIds": known}
        )
    if extras.milestone is not None and extras.milestone in ids.milestones:
        wanted = {"pullRequestId": pull.node, "milestoneId": ids.milestones[extras.milestone]}
        found["milestone"] = Mutation("updatePullRequest", wanted)
    if known := _all_of(extras.labels, ids.labels):
        found["labels"] = Mutation(
            "addLabelsToLabelable", {"labelableId": pull.node, "labelIds": known}
        )
    if extras.auto_merge:
        found["merge"] = arming(pull, extras)
    return found


def arming(pull: Pull, extras: PullExtras) -> Mutation:
    """Return the write that has a pull merge itself; its answer says what that waits for."""
    wanted = {
        "pullRequestId": pull.node,
        "mergeMethod": extras.merge_method.upper(),
        "expectedHeadOid": pull.head,
    }
    return Mutation("enablePullRequestAutoMerge", wanted, f"pullRequest {{ ...Pull {WAITS} }}")


def enqueuing(pull: Pull) -> Mutation:
    """Return the write that has a pull merged by the queue of its base."""
    wanted = {"pullRequestId": pull.node, "expectedHeadOid": pull.head}
    return Mutation("enqueuePullRequest", wanted, "mergeQueueEntry { position }")


def done_of(extras: PullExtras, answers: Answers) -> Iterator[str]:
    """Yield what was done, in words."""
    if "reviewers" in answers.done:
        yield f"asked {', '.join(extras.reviewers)} for a review"
    if filed := [one for one in ("assignees", "milestone") if one in answers.done]:
        yield f"set {' and '.join(filed)}"
    if "labels" in answers.done:
        yield f"labelled {', '.join(extras.labels)}"


def left(extras: PullExtras, answers: Answers) -> PullExtras:
    """Return what is still to be done."""
    done = answers.done
    return replace(
        extras,
        reviewers=() if "reviewers" in done else extras.reviewers,
        assignees=() if "assignees" in done else extras.assignees,
        milestone=None if "milestone" in done else extras.milestone,
        labels=() if "labels" in done else extras.labels,
        auto_merge=extras.auto_merge and "merge" not in done,
    )


def merge_blockers(shown: Any) -> str:  # noqa: ANN401 - JSON
    """Return the rules that keep a pull from being merged, as far as it shows them."""
    pull = shown or {}
    rule = (pull.get("baseRef") or {}).get("branchProtectionRule") or {}
    found = []
    if pull.get("reviewDecision") in ("REVIEW_REQUIRED", "CHANGES_REQUESTED"):
        count = rule.get("requiredApprovingReviewCount")
        found.append(f"{count} approving reviews" if count and count > 1 else "an approving review")
        if rule.get("requiresCodeOwnerReviews"):
            found.append("code owners")
    if rule.get("requiresStatusChecks"):
        checks = ", ".join(rule.get("requiredStatusCheckContexts") or ())
        found.append(f"the checks {checks}" if checks else "checks")
    if rule.get("requiresCommitSignatures"):
        found.append("verified signatures")
    if pull.get("mergeStateStatus") == "DIRTY":
        found.append("a conflict to be resolved")
    return ", ".join(found)


def _all_of(names: Sequence[str], ids: Mapping[str, str]) -> list[str]:
    """Return the ids of all names, or none where one is not known."""
    return [ids[one] for one in names] if all(one in ids for one in names) else []
