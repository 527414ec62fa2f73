"""The short texts of a promotion, and the fields that templates may name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from promoter.domain.evidence import GateResult
from promoter.domain.image import Ref
from promoter.domain.model import ImageMove
from promoter.domain.proposal import Proposal
from promoter.domain.redaction import one_line
from promoter.policy.choose import order_of
from promoter.policy.order import Order
from promoter.pull_request.markdown import code, inert
from promoter.pull_request.words import short_image

if TYPE_CHECKING:
    from promoter.config.sections import Templates

_TITLE_LIMIT = 250


def title(proposal: Proposal, templates: Templates) -> str:
    """Return the pull request's title, which is also the commit's first line."""
    if proposal.declaration.first.hold is not None:
        return one_line(own_title(proposal))[:_TITLE_LIMIT]
    known = template_fields(proposal) | {"title": own_title(proposal)}
    return one_line(filled_template(templates.title, known))[:_TITLE_LIMIT]


def own_title(proposal: Proposal) -> str:
    """Return promote's own title, e.g. `Promote aurora to prod: 1.4.1 → 1.4.2`; never a digest."""
    declaration, hold = proposal.declaration, proposal.declaration.first.hold
    where = f"{declaration.app} in {declaration.environment}"
    if hold and hold.ends:
        return f"End the hold of {where}"
    if not proposal.moves:
        return f"Hold {where}"
    if goes_back(proposal):
        return f"Roll back {where}: {_from_to(proposal.moves)}"
    return f"Promote {declaration.app} to {declaration.environment}: {_from_to(proposal.moves)}"


def goes_back(proposal: Proposal) -> bool:
    """Return whether it is a rollback, or older tags were allowed and none goes forward."""
    if proposal.declaration.goes_back:
        return True
    if "downgrade" not in proposal.declaration.first.allow:
        return False
    orders = {
        order_of(None, move.before.tag, move.after.tag).order
        for move in proposal.moves
        if move.before.tag and move.after.tag
    }
    return Order.OLDER in orders and Order.NEWER not in orders


def _from_to(moves: tuple[ImageMove, ...]) -> str:
    """Return from and to in tags, or how many images change where they do not share them."""
    old = {move.before.tag for move in moves}
    new = {_tag_of(move.after) for move in moves}
    if len(new) > 1:
        return f"{len(moves)} images"
    digest = any(move.after.digest for move in moves)
    tag = next(iter(new), None) or ("a new digest" if digest else "no tag of its own")
    before = next(iter(old), None) if len(old) == 1 else None
    if before == tag:
        return f"{tag}, a new digest"
    return f"{before} → {tag}" if before else tag


def _tag_of(ref: Ref) -> str | None:
    """Return the tag for a title, also of a digest that was looked up for one; None without."""
    return ref.tag or (short_image(ref) if ref.known_as else None)


def verdicts(gates: Iterable[GateResult]) -> str:
    """Return what gates said, for a commit: `order passed, soak allowed`."""
    return ", ".join(dict.fromkeys(f"{one.name} {one.verdict}" for one in gates))


def message(proposal: Proposal, templates: Templates, gates: Iterable[GateResult] = ()) -> str:
    """Return the commit's message: title, one line an image, the trailers."""
    lines = [
        f"{one.name}: {str(one.before) or '(not set)'} -> {one.after}"
        + (f" ({one.after.known_as})" if one.after.known_as else "")
        for one in proposal.moves
    ]
    known = template_fields(proposal) | {
        "title": title(proposal, templates),
        "images": "\n".join(lines),
    }
    return proposal.declaration.message(filled_template(templates.commit, known), verdicts(gates))


def superseding(proposal: Proposal, lost: str = "") -> str | None:
    """Return the comment that says what a commit proposes instead of what, where it replaces any.

    `lost` says which commits of others the branch has no longer.
    """
    declaration, said = proposal.declaration, list[str]()
    asked = declaration.first
    if declaration.supersedes:
        by = f" Asked by {inert(asked.actor)}." if asked.actor else ""
        run = f" Run: {code(asked.run)}." if asked.run else ""
        new = code(tags_in_short(proposal.moves))
        said.append(f"Proposes {new} now, in place of {code(declaration.supersedes)}.{by}{run}")
    if lost:
        said.append(f"What was dropped: {code(lost)}")
    return "\n\n".join(said) or None


def closing(proposal: Proposal, base: str) -> str:
    """Return the comment with which a pull is closed that the base has superseded."""
    if not proposal.moves:
        return f"Closed as superseded: {code(base)} is so already."
    return (
        f"Closed as superseded: {code(base)} already has "
        f"{code(tags_in_short(proposal.moves))} of {code(proposal.declaration.app)}."
    )


def superseded_comment(proposal: Proposal, base: str) -> str:
    """Return the comment with which a pull is closed whose images the base has newer."""
    app, asked = code(proposal.declaration.app), code(tags_in_short(proposal.moves))
    has = {short_image(move.before) or "?" for move in proposal.moves}
    newer = code(has.pop()) if len(has) == 1 else "newer images"
    return f"Closed as superseded: {code(base)} has {newer} of {app}, and this proposes {asked}."


def tags_in_short(moves: tuple[ImageMove, ...]) -> str:
    """Return what a promotion goes to, in a word: the shared tag, or how many images change."""
    wanted = {short_image(move.after) or "no tag of its own" for move in moves}
    return wanted.pop() if len(wanted) == 1 else f"{len(moves)} images"


def plain_line(text: str) -> str:
    """Return outside text for a message on one line."""
    return one_line(text)[:120]


def template_fields(proposal: Proposal) -> dict[str, str]:
    """Return what a template may name, as plain text on one line."""
    declaration, asked = proposal.declaration, proposal.declaration.first
    before = {short_image(m.before) or "(not set)" for m in proposal.moves}
    return {
        "app": declaration.app,
        "environment": declaration.environment,
        "from": before.pop() if len(before) == 1 else f"{len(proposal.moves)} images",
        "to": tags_in_short(proposal.moves),
        "images": ", ".join(move.name for move in proposal.moves),
        "actor": one_line(asked.actor or ""),
        "run": one_line(asked.run or ""),
        "source-revision": one_line(asked.source_revision or ""),
    }


def filled_template(template: str, known: Mapping[str, str]) -> str:
    """Return a template with its fields replaced; what a field holds is not read again."""
    return re.sub(r"\{([a-z-]+)\}", lambda found: known.get(found[1], found[0]), template)
