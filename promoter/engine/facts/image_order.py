"""Which of two images is the newer, where their tags do not say: by their making, else by ancestry."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from promoter.domain.errors import PromoteError
from promoter.engine.app_run import AppRun
from promoter.engine.facts.image_lookup import image_in_registry
from promoter.engine.source_revisions import Revisions, declared
from promoter.planning import propose
from promoter.policy.order import Order, reading
from promoter.policy.precedence import TagChange

# How the commit of the newer image stands to that of the older one.
_BY_ANCESTRY = {"ahead": Order.NEWER, "behind": Order.OLDER}


def orders(pairs: Sequence[TagChange], apps: Sequence[AppRun]) -> dict[TagChange, Order]:
    """Return how the new stand to the old, for the pairs of which it can be known."""
    if "downgrade" in apps[0].request.allow:
        return {}
    found: dict[TagChange, Order] = {}
    runs = {one.target.app: one for one in apps}
    for pair in pairs:
        run = runs[pair.app]
        if (order := _by_creation(pair, run) or _by_ancestry(pair, run)) is not None:
            found[pair] = order
    return found


def _by_creation(pair: TagChange, run: AppRun) -> Order | None:
    if not _asks_registry(run):
        return None
    name = propose.pulled_names(run.target, run.state.base).get(pair.name, pair.name)
    images = (image_in_registry(run.context, name, one or "") for one in (pair.old, pair.new))
    before, after = (image and image.created for image in images)
    return reading(before, after).order if before and after and before != after else None


def _by_ancestry(pair: TagChange, run: AppRun) -> Order | None:
    """Return the order of the commits that two images were built from."""
    revisions = Revisions(run.context, run.config, run.target, run.state.base)
    ask, old, new = _asks_registry(run), pair.old or "", pair.new or ""
    source = revisions.source(revisions.labels(pair.name, new) if ask else {})
    if source is None:
        return None
    built = revisions.of(pair.name, new, run.request.source_revision, ask=ask)
    revision = pair.revision or (_declared(pair, run) if built else None)
    before = revisions.of(pair.name, old, revision, ask=ask)
    if not (before and built):
        return None
    return _BY_ANCESTRY.get(revisions.between(source, before, built).relation)


def _declared(pair: TagChange, run: AppRun) -> str | None:
    """Return the revision that the base's own history declares for what it has."""
    file = run.target.first_file
    with suppress(PromoteError):
        versions = run.context.repository.arrivals(run.state.base, [file]).get(file, ())
        return declared(versions, pair.name, pair.old or "")
    return None


def _asks_registry(run: AppRun) -> bool:
    settings = run.target.settings
    by_creation = settings.policy is not None and settings.policy.needs_creation
    return by_creation or settings.checks.exists != "off"
