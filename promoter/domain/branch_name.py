"""What the branches of promotions and of holds are called."""

from __future__ import annotations

BRANCH = "promote/{environment}/{app}"
BRANCH_PREFIX = "promote/"
# Beside the promotion's own: git has no branch `a/b` where there is a branch `a`.
HOLD_BRANCH_PREFIX = "promote-hold/"
HOLD_BRANCH = HOLD_BRANCH_PREFIX + "{environment}/{app}"


def promotion_branch(environment: str, app: str, template: str = BRANCH) -> str:
    """Return the one branch on which an app is promoted to an environment."""
    return template.replace("{environment}", environment).replace("{app}", app)
