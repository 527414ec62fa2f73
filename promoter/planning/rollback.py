"""Which earlier state a rollback goes back to: pure, from the states that an app has had."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from promoter.policy.choose import order_of
from promoter.policy.order import Order

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from promoter.domain.model import RunningImage
    from promoter.policy.model import Policy


@dataclass(frozen=True, slots=True)
class State:
    """What the files said of the app's images for a while, and the commit that began it."""

    commit: str
    images: Mapping[str, RunningImage]
    key: tuple[object, ...]
    """What tells it from another state: the images that the app has now."""


def leading(states: Sequence[State]) -> tuple[State, ...]:
    """Return the states that led to the newest of them, newest first as they are given.

    What came back took back all that had run since: a rollback from there goes on to what ran
    before it, and not to what was taken back.
    """
    line: list[State] = []
    places: dict[tuple[object, ...], int] = {}
    for state in reversed(states):
        place = places.get(state.key)
        if place is not None:
            for gone in line[place:]:
                del places[gone.key]
            del line[place:]
        places[state.key] = len(line)
        line.append(state)
    return tuple(reversed(line))


def has_tag(state: State, tag: str, names: Collection[str]) -> bool:
    """Return whether all of these images that a state has have a tag."""
    tags = [state.images[name].tag for name in names if name in state.images]
    return bool(tags) and all(one == tag for one in tags)


def with_tag(states: Sequence[State], tag: str, names: Collection[str]) -> tuple[State, ...]:
    """Return the distinct states in which some of these images had a tag, newest first.

    One in which all had it is what is meant: then it is the only one.
    """
    found: dict[tuple[object, ...], State] = {}
    for state in states:
        if has_tag(state, tag, names):
            return (state,)
        if any(state.images[name].tag == tag for name in names if name in state.images):
            found.setdefault(state.key, state)
    return tuple(found.values())


def images_going(
    policy: Policy | None, now: Mapping[str, RunningImage], state: State
) -> Mapping[str, Order | None]:
    """Return how the tags of a state stand to those that run now; None where nobody knows."""
    found: dict[str, Order | None] = {}
    for name, image in now.items():
        then = state.images.get(name, image)
        if image.ref == then.ref:
            continue
        reading = order_of(policy, image.tag, then.tag) if image.tag and then.tag else None
        found[name] = reading.order if reading and reading.certain else None
    return found


def described(images: Mapping[str, RunningImage]) -> str:
    """Return a state in a few words: its tags, or which image has which."""
    references = dict.fromkeys(str(one.ref.tag_or_digest or "?") for one in images.values())
    if len(references) == 1:
        return next(iter(references))
    return " and ".join(
        f"{name.rpartition('/')[2]} {one.ref.tag_or_digest or '?'}" for name, one in images.items()
    )
