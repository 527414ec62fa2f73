"""The states that an app has had: which led to which, by their tags and by what came back; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from promoter.domain.dataclass import dataclass
from promoter.domain.errors import UsageError
from promoter.domain.image import Ref
from promoter.domain.model import ImageRequest, RunningImage
from promoter.policy.choose import order_of
from promoter.policy.model import Policy
from promoter.policy.order import Order


@dataclass(frozen=True, slots=True)
class State:
    """What the files said of the app's images for a while, and the commit that began it."""

    commit: str
    images: Mapping[str, RunningImage]
    """Empty where they set none: then a base alone does."""
    newest: str = ""
    """The last commit of its files while it lasted."""
    ended_by: str = ""
    """The commit that began the next state; '' where it lasts."""

    @property
    def key(self) -> frozenset[object]:
        """What makes it differ from another state."""
        return frozenset((name, one.ref, one.new_name) for name, one in self.images.items())


class States(Protocol):
    """The states that an app has had in its environment, read as far back as is asked for."""

    @property
    def now(self) -> Mapping[str, RunningImage]:
        """What the app's files set, by the names of the images."""

    @property
    def is_cut(self) -> bool:
        """Whether there are more behind what could be read."""

    def upto(self, number: int) -> Sequence[State]:
        """Return the newest states, at most `number`, newest first."""

    def set_below(self, state: State | None, names: Collection[str]) -> Mapping[str, RunningImage]:
        """Return those of some images that a base has set in a state, or sets now (None)."""


def leading(states: Sequence[State], policy: Policy | None = None) -> tuple[State, ...]:
    """Return the states that led to the newest of them, newest first as they are given.

    What goes back takes back the newer states that it leaves: by the order of the tags, else, where
    nobody knows it, by what ran before and comes back. Going on from there leads to what ran before
    those, and never to what was taken back; no image goes forward on the way, as far as its tags
    say.
    """
    line: list[State] = []
    for state in reversed(states):
        _take_back(line, state, policy)
        line.append(state)
    return tuple(reversed(line))


def without_renames(line: tuple[State, ...]) -> tuple[State, ...]:
    """Return a line without the states that only gave images of the next one other names.

    Where nothing else came before, a name is what there is to go back to.
    """
    kept = tuple(
        one
        for number, one in enumerate(line)
        if number == 0 or not one.images or _refs(one) != _refs(line[number - 1])
    )
    return kept if any(one.images for one in kept[1:]) else line


def _refs(state: State) -> Mapping[str, Ref]:
    return {name: one.ref for name, one in state.images.items()}


def _take_back(line: list[State], state: State, policy: Policy | None) -> None:
    """Remove from a line what a state that follows it takes back."""
    orders = _orders(policy, line[-1], state) if line else frozenset()
    if Order.OLDER in orders:
        while line and (
            line[-1].key == state.key or Order.OLDER in _orders(policy, line[-1], state)
        ):
            line.pop()
    elif Order.NEWER not in orders:
        place = next((n for n, one in enumerate(line) if one.key == state.key), len(line))
        del line[place:]


def _orders(policy: Policy | None, before: State, after: State) -> frozenset[Order | None]:
    """Return how the tags of a state stand to those of another one; None where it is not known."""
    return frozenset(images_going(policy, before.images, after).values())


def has_tag(state: State, tag: str, names: Collection[str]) -> bool:
    """Return whether all of these images that a state has have a tag."""
    tags = [state.images[name].tag for name in names if name in state.images]
    return bool(tags) and all(one == tag for one in tags)


def with_tag(states: Sequence[State], tag: str, names: Collection[str]) -> tuple[State, ...]:
    """Return the distinct states in which some of these images had a tag, newest first.

    One in which all had it is what is meant: then it is the only one.
    """
    found: dict[frozenset[object], State] = {}
    for state in states:
        if has_tag(state, tag, names):
            return (state,)
        if any(state.images[name].tag == tag for name in names if name in state.images):
            found.setdefault(state.key, state)
    return tuple(found.values())


def images_going(
    policy: Policy | None, now: Mapping[str, RunningImage], state: State
) -> Mapping[str, Order | None]:
    """Return how the tags of a state stand to those that run now; None where it is not known."""
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
    if not images:
        return "no tag of its own"
    references = dict.fromkeys(str(one.ref.tag_or_digest or "?") for one in images.values())
    if len(references) == 1:
        return next(iter(references))
    return " and ".join(
        f"{name.rpartition('/')[2]} {one.ref.tag_or_digest or '?'}" for name, one in images.items()
    )


def request_for(name: str, image: RunningImage) -> ImageRequest | None:
    """Return the request for what an image was; None where it was nothing that can be asked."""
    with suppress(UsageError):
        return image.request(name) if image.ref else None
    return None
