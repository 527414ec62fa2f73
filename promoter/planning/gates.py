"""The rules that every promotion passes, each with what it found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.declaration import RULES
from promoter.domain.evidence import GateResult
from promoter.policy.choose import order_of
from promoter.policy.order import Order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.config.layout import Target
    from promoter.domain.proposal import Proposal
    from promoter.policy.pairs import Pair
    from promoter.render import Verdict


def gates_of(
    proposal: Proposal, verdict: Verdict, target: Target, unordered: Sequence[Pair] | None
) -> tuple[GateResult, ...]:
    """Return the rules that every promotion passes, with what they found.

    `unordered` are the images of which nobody knows which is newer; None where that is not known.
    """
    count = sum(len(edit.changes) for edit in proposal.edits)
    fields = f"{count} field{'s' if count != 1 else ''}"
    gates = [GateResult("edit", "passed", f"{fields} changed; every other byte is proved the same")]
    pairs = {(m.from_tag or m.from_digest, m.to_tag or m.to_digest) for m in proposal.moves}
    readings = {order_of(target.settings.policy, old, new) for old, new in pairs if old and new}
    orders = {one.order if one.certain or unordered else None for one in readings}
    if Order.OLDER in orders:
        gates.append(
            GateResult("order", "allowed", "a downgrade, asked for with --allow downgrade")
        )
    elif not orders:
        gates.append(GateResult("order", "unknown", "nothing is replaced whose tag is known"))
    elif None not in orders:
        gates.append(GateResult("order", "passed", "the new tag is no older"))
    elif unordered is not None and not unordered:
        gates.append(
            GateResult("order", "passed", "the new image was made later, or from a later commit")
        )
    else:
        gates.append(GateResult("order", "unknown", "the tags do not say which is newer"))
    if verdict.diff is None:
        gates.append(GateResult("render", "unknown", "nothing was rendered"))
    elif verdict.diff.images_only:
        gates.append(GateResult("render", "passed", "only container images change at run time"))
    elif verdict.diff.broken:
        gates.append(GateResult("render", "warned", "more than images changes at run time"))
    else:
        gates.append(GateResult("render", "unknown", "not every object could be compared"))
    gates += [
        GateResult(rule, "allowed", f"{RULES[rule]}: asked for with --allow")
        for rule in proposal.declaration.allow
        if rule != "downgrade"
    ]
    return tuple(gates)
