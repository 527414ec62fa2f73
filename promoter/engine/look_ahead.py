"""What the plans of several apps will ask the registries one by one, asked side by side before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from promoter.domain.image import split
from promoter.domain.model import RunningImage, Tree
from promoter.engine.facts.checks import Checker
from promoter.engine.facts.image_lookup import look_up_image
from promoter.engine.run_context import RunContext
from promoter.planning import propose
from promoter.planning.plan import AppRequest
from promoter.system.threads import answers

Question: TypeAlias = Callable[[], object]

_AT_ONCE = 16


def look_ahead(apps: Sequence[AppRequest], tree: Tree, context: RunContext) -> None:
    """Ask the registries about the images of several apps at once; each app's plan has the answers.

    A single app asks by itself. Whatever fails fails again in the plan of its app, which tells it.
    """
    if len(apps) > 1:
        questions = (question for app in apps for question in _questions(app, tree, context))
        for _ in answers(_asked, questions, _AT_ONCE):
            pass


def _questions(app: AppRequest, tree: Tree, context: RunContext) -> Iterator[Question]:
    """Yield what is asked about the images of one app that the base does not have yet."""
    request, target = app.request, app.target
    if request.scheduled or request.rollback or request.hold:
        # A schedule has asked already, and what a rollback goes back to is not known yet.
        return
    with suppress(Exception):
        registry, settings = context.registry(), target.settings
        needs_digest = settings.pin != "tag"
        if not Checker(registry, target, context.wiring.deadline, needs_digest=needs_digest).needed:
            return
        held = {one.name: one for one in target.held_images(tree)}
        for image in propose.resolve(request.images, request.tag, target, tree):
            running = held.get(image.name) or RunningImage(split(image.name)[0])
            if image.reference in (running.tag, running.digest):
                continue
            yield partial(look_up_image, registry, settings, running.repository, image.reference)
            if settings.deliver != "push" and (reference := running.ref.digest_or_tag):
                yield partial(registry.describe, running.repository, reference)


def _asked(question: Question) -> None:
    with suppress(Exception):
        question()
