"""The rules that say whether a promotion may go: one table, from which flags and settings come.

What each of them looks at stands in `promoter.gates`. Nothing is imported, so that help answers at
once.
"""

from __future__ import annotations


class Rule:
    """A rule by its name, as in refusals, in JSON, and in `--allow`."""

    def __init__(  # noqa: PLR0913 - a row of the table
        self,
        name: str,
        *,
        accepts: str = "",
        override: str = "",
        warns_by: str = "",
        needs_request: bool = True,
        needs_images: bool = True,
    ) -> None:
        self.name = name
        self.accepts = accepts
        """What is accepted by allowing it; empty where `--allow` may not override it."""
        self.override = override
        """When a refusal's hint names `--allow`, e.g. `To go back`; empty where it does not."""
        self.warns_by = warns_by
        """The line of an environment that makes a rule a warning that nobody may override."""
        self.needs_request = needs_request
        """Whether it says nothing of an environment as long as nobody asks for a promotion."""
        self.needs_images = needs_images
        """Whether it says nothing of a change that sets no image."""


_WAITS, _ONCE = "To go on without waiting", "For this promotion alone"
# In the order in which a pull shows them.
_RULES = (
    Rule("edit", needs_images=False),
    Rule(
        "downgrade",
        accepts="an older tag takes the place of a newer one", override="To go back",
    ),
    Rule(
        "previous-environment", needs_request=False,
        accepts="an image goes on that the previous environment has never had",
        override="To go on without it",
    ),
    Rule(
        "soak", needs_request=False,
        accepts="an image goes on before its time in the previous environment is over",
        override=_WAITS,
    ),
    Rule(
        "freeze", needs_request=False,
        accepts="something changes while it is frozen", override=_WAITS,
    ),
    Rule("hold", needs_request=False, accepts="an app is changed that is held", override=_ONCE),
    Rule(
        "tags", needs_request=False,
        accepts="a tag goes on that the environment does not take", override=_ONCE,
    ),
    Rule("max-age", accepts="an image goes on that is too old", override=_ONCE),
    Rule("render", warns_by="render: off"),
    Rule("other-environments"),
    Rule("dead-edit", accepts="an image is set that no container uses"),
    Rule("placeholder", accepts="a value such as ${TAG} is replaced", override="To replace it"),
    Rule(
        "mutable-tag",
        accepts="a tag that moves is written without a digest",
        override="To write it all the same",
    ),
    Rule("no-release"),
    Rule("missing-image", warns_by="checks.exists: warn"),
    Rule("platforms", warns_by="checks.platforms: warn"),
    Rule("signature", warns_by="checks.signature: warn"),
    Rule("verified-commits", needs_images=False),
    Rule("human-commits", needs_images=False),
    Rule("branch-name", needs_images=False),
    Rule("allow"),
)  # fmt: skip
RULES = {rule.name: rule for rule in _RULES}
ALLOWABLE = {rule.name: rule.accepts for rule in _RULES if rule.accepts}
"""The rules that `--allow` may override, each with what is accepted by that."""
