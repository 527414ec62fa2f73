"""The states that an app has had in its environment, and which of them a rollback goes back to."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from promoter import pull_request
from promoter.config.holds import read_hold
from promoter.domain.errors import PromoteError, RefusedError, SelectionError
from promoter.domain.model import PullState
from promoter.domain.refusal import Refusal
from promoter.engine.history import AppHistory
from promoter.planning.propose import pulled_names
from promoter.planning.rollback import (
    described,
    differences,
    has_tag,
    images_going,
    leading,
    with_tag,
)
from promoter.policy.order import Order
from promoter.pull_request.words import counted
from promoter.registry.failures import AbsentError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.image import Tag
    from promoter.domain.model import ImageRequest, RunningImage
    from promoter.engine.look import Seen
    from promoter.planning.plan import Rollback
    from promoter.planning.rollback import State

# So many earlier states are asked of the registry for the newest that is still there.
_STATES = 10
_TAGS_SHOWN = 8
# So many states more are read than are counted: what came back after more of them counts as new.
_WINDOW = 50


class EarlierStates:
    """The states that an app has had in its environment, newest first.

    While the hold of a rollback is in force, they count from what that rollback took back: asking
    again changes nothing, and `--steps 2` goes one further.
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._history = AppHistory(seen.world.repository, seen.state.base, seen.target)
        self.now = self._history.now
        if not self.now:
            raise SelectionError(
                f"{seen.target.file} holds no image of {seen.target.app} whose past could be read",
                "Name the place where its tags live in promoter.yaml.",
                file=str(seen.target.file),
            )
        self._unread = self._history.states()
        self._known: list[State] = []
        self._earlier: tuple[State, ...] = ()
        """Those before the chosen one."""
        self._led: tuple[State, ...] = ()
        """Those that led to what is taken back, that first: as `--steps` counts them."""
        if not self._upto(1):
            raise SelectionError(
                f"{seen.target.file} has no history on {seen.state.base_branch}", "",
                file=str(seen.target.file),
            )  # fmt: skip
        self.current = self.undone = self._known[0]
        """What runs, and what is taken back."""
        held = read_hold(seen.state.base, seen.target.app, seen.target.environment)
        is_rollback = held is not None and held.undoes and not held.is_over(seen.world.now)
        self.held = held if is_rollback else None
        """The hold of a rollback that is in force."""

    def choose(self, wanted: Rollback) -> tuple[State, tuple[str, ...]]:
        """Return the state to go back to, and what has to be said of it.

        Raises `SelectionError` for none or several, and `RefusedError` for what is no way back.
        """
        line = self._line(wanted.steps)
        self.undone, self._led = line[0], line
        state = self._stepped(line, wanted.steps) if wanted.to is None else self._named(wanted.to)
        self._earlier = tuple(one for one in line[1:] if one.key != state.key)
        if state in line:
            self._earlier = line[line.index(state) + 1 :]
        if state.key == self.current.key:
            return state, self._already(line)
        changed = differences(self.now, state)
        if changed and wanted.to is None:
            raise self._irreversible(state, changed[0].before)
        return state, (*(one.now for one in changed), *self._forward(state))

    def _line(self, steps: int) -> tuple[State, ...]:
        """Return the states that led to what is taken back, that first: so many, and some more."""
        number, line = steps + _WINDOW, self._leading(steps + _WINDOW)
        while len(line) <= steps and len(self._known) == number:
            number *= 2
            line = self._leading(number)
        undone = self.held.undoes if self.held else None
        place = next((n for n, one in enumerate(self._known) if one.commit == undone), None)
        if place is not None:
            before = self._leading(number + place, since=place)
            if any(one.key == self.current.key for one in before):
                return before
        return line

    def _leading(self, number: int, since: int = 0) -> tuple[State, ...]:
        """Return the states that led to the newest, or to an earlier one, of so many."""
        return leading(self._upto(number)[since:], self._seen.target.settings.policy)

    def _stepped(self, line: Sequence[State], steps: int) -> State:
        """Return the state so many steps before what is taken back; what is as far back stays."""
        keys = [one.key for one in line]
        if steps <= keys.index(self.current.key):
            return self.current
        if steps < len(line):
            return line[steps]
        target, earlier = self._seen.target, len(line) - 1
        if not earlier:
            reason = f"{target.app} has run nothing but {described(self.current.images)} in "
            reason += f"{target.environment}, so that there is nothing to go back to"
            hint = f"See what it has run: promote history {target.flags}"
            raise SelectionError(reason, hint, file=str(target.file))
        had = counted(earlier, "earlier state")
        where = f"{target.app} in {target.environment}"
        raise self._nothing(f"{where} has had {had}, and --steps asks for {steps}", line[1:])

    def _named(self, tag: Tag) -> State:
        """Return the state with a tag; raises `SelectionError` for none or several."""
        number = _WINDOW
        while True:
            states = self._upto(number)
            if len(states) < number or any(has_tag(one, str(tag), self.now) for one in states):
                break
            number *= 2
        passing = {self.current.key, self.undone.key}
        having = with_tag(states, str(tag), self.now)
        found = [
            one for one in having if one.key not in passing or has_tag(one, str(tag), self.now)
        ]
        # Where no other state had it, it is what runs or what is taken back that is meant.
        found = found or sorted(having, key=lambda one: one.key != self.current.key)[:1]
        where = f"{self._seen.target.app} in {self._seen.target.environment}"
        if not found:
            other = tag[1:] if tag.startswith("v") else f"v{tag}"
            raise self._nothing(f"{where} has not had the tag {tag}", states, other)
        if len(found) > 1:
            shown = "; ".join(f"{described(one.images)} ({one.commit[:9]})" for one in found)
            raise SelectionError(
                f"{where} has had {tag} in {len(found)} states, of all its images in none",
                f"They are, newest first: {shown}. Count the one that you mean with --steps.",
                file=str(self._seen.target.file),
            )
        return found[0]

    def _already(self, line: Sequence[State]) -> tuple[str, ...]:
        """Return what is said where the state is what runs; raises `RefusedError` without a hold."""
        target = self._seen.target
        runs = f"{target.environment} runs {described(self.current.images)} already"
        if self.held is None:
            refusal = Refusal(
                "rollback",
                f"{runs}, so that there is nothing to take back",
                f"To keep it there: promote hold {target.flags} --reason WHY",
            )
            raise RefusedError([refusal])
        said = f"{runs}: it went back from {described(self.undone.images)}, and is held"
        keys = [one.key for one in line]
        place = keys.index(self.current.key) + 1 if self.current.key in keys else len(line)
        if place < len(line):
            said += f"; --steps {place} goes on to {described(line[place].images)}"
        return (said,)

    def _forward(self, state: State) -> tuple[str, ...]:
        """Return which images a state would bring forward; raises `RefusedError` where all would."""
        target = self._seen.target
        going = images_going(target.settings.policy, self.now, state)
        newer = [name for name, order in going.items() if order is Order.NEWER]
        if newer and len(newer) == len(going):
            reason = (
                f"{described(state.images)} is newer than {described(self.current.images)}, "
                f"which {target.environment} runs"
            )
            forward = f"promote {target.flags}"
            hint = f"Name an older state with --to TAG or --steps N; forward goes {forward}"
            raise RefusedError([Refusal("rollback", reason, hint, str(target.file))])
        return tuple(
            f"{name} goes forward, to {state.images[name].ref.tag_or_digest}" for name in newer
        )

    @property
    def undone_pull(self) -> int | None:
        """The pull request that brought what is taken back, where it is known."""
        undone = {name: str(_request(name, image)) for name, image in self.undone.images.items()}
        for pull in self._seen.state.pulls:
            listed = pull_request.proposed_images(pull)
            if pull.state is PullState.MERGED and listed and listed <= set(undone.values()):
                return pull.number
        return None

    def requests(self, state: State) -> tuple[ImageRequest, ...]:
        """Return what has to be set for a state; raises `RefusedError` where tags do not do it."""
        found = []
        for name, now in self.now.items():
            then = state.images.get(name, now)
            if (then.tag, then.digest, then.new_name) == (now.tag, now.digest, now.new_name):
                continue
            if then.new_name != now.new_name:
                raise self._irreversible(state, f"{name} was pulled as {then.new_name or name}")
            request = _request(name, then)
            if request is None:
                raise self._irreversible(state, f"{name} had no tag or digest of its own")
            found.append(request)
        return tuple(found)

    def with_hint(self, refusal: Refusal) -> Refusal:
        """Return a refusal; that of an image that is gone names the newest state that is there."""
        if refusal.rule != "missing-image":
            return refusal
        target = self._seen.target
        pulled = pulled_names(target, self._seen.state.base).values()
        if not any(re.search(rf"{re.escape(one)}(?![\w./-])", refusal.reason) for one in pulled):
            return refusal
        found = self._newest_available
        if found is None:
            return replace(
                refusal,
                hint="Push that tag again, or promote a newer one: the images of no earlier state are "
                "all still there.",
            )
        tags = {one.tag for one in found.images.values()}
        # One tag of all images names the state, as it is the newest with it that is there.
        named = f"--to {tags.pop()}" if len(tags) == 1 and None not in tags else None
        steps = f"--steps {self._led.index(found)}" if found in self._led else None
        way = named or steps
        command = f": promote rollback {target.flags} {way} --reason WHY" if way else "."
        hint = f"The newest earlier state whose images are still there is {described(found.images)}"
        return replace(refusal, hint=f"{hint}{command}")

    @cached_property
    def _newest_available(self) -> State | None:
        """The newest state before the chosen one of which the registry has all images."""
        try:
            return next(filter(self._is_available, islice(self._earlier, _STATES)), None)
        except PromoteError:
            return None

    def _is_available(self, state: State) -> bool:
        names = pulled_names(self._seen.target, self._seen.state.base)
        try:
            for one in self.requests(state):
                name = names.get(one.name, one.name)
                self._seen.world.registry().describe(name, one.reference)
        except (AbsentError, RefusedError):
            return False
        return True

    def _upto(self, number: int) -> list[State]:
        """Return the newest states, so many as far as there are."""
        self._known += islice(self._unread, max(0, number - len(self._known)))
        return self._known[:number]

    def _nothing(self, message: str, others: Sequence[State], meant: str = "") -> SelectionError:
        tags = list(dict.fromkeys(described(one.images) for one in others))
        known = ", ".join(tags[:_TAGS_SHOWN]) + (" …" if len(tags) > _TAGS_SHOWN else "")
        had = f"It has had {'only' if len(tags) == 1 else 'these, newest first:'} {known}."
        if meant in tags:
            had = f"Did you mean --to {meant}? {had}"
        read = " Only a part of the history could be read." if self._history.is_cut else ""
        return SelectionError(message, f"{had}{read}", file=str(self._seen.target.file))

    def _irreversible(self, state: State, there: str) -> RefusedError:
        """Return the refusal of a state that cannot be had again by setting tags and digests."""
        refusal = Refusal(
            "rollback",
            f"at {state.commit[:9]} {there}, and a rollback sets tags and digests alone",
            f"Revert {self.undone.commit[:9]}; or name a state by its tag with --to, which leaves "
            "images that came or went as they are.",
            str(self._seen.target.file),
        )
        return RefusedError([refusal])


def _request(name: str, image: RunningImage) -> ImageRequest | None:
    """Return the request for what an image was, or None where it was nothing that can be asked."""
    try:
        found = replace(image.request(), name=name)
    except PromoteError:
        return None
    return found if found.tag or found.digest else None
