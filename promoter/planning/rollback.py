"""Which earlier state a rollback goes back to, and what has to be said of it: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field, replace

from promoter.config.holds import Hold
from promoter.config.layout import Target
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import RefusedError, SelectionError
from promoter.domain.image import Tag
from promoter.domain.model import ImageRequest, RunningImage
from promoter.domain.refusal import Refusal
from promoter.planning.plan import Rollback
from promoter.planning.states import (
    State,
    States,
    described,
    has_tag,
    images_going,
    leading,
    request_for,
    with_tag,
    without_renames,
)
from promoter.policy.order import Order
from promoter.pull_request.words import counted

_TAGS_SHOWN = 8
# How many more states are read than are counted: what came back after more of them counts as new.
_WINDOW = 50
# In how many states is looked for what a base set.
_FETCHED = 10


@dataclass(frozen=True, slots=True)
class RollbackChoice:
    """The state that a rollback goes back to, and the way there."""

    state: State
    line: tuple[State, ...]
    """The states that led to what is taken back, that first: as `--steps` counts them."""
    warnings: tuple[str, ...] = ()
    below: Mapping[str, RunningImage] = field(default_factory=dict)
    """The images that have an entry now, and had none then: a base set them."""
    stays: bool = False
    """Whether some images came or went since then, and stay as they are."""

    @property
    def images(self) -> dict[str, RunningImage]:
        """What ran in the state that it goes back to."""
        return {**self.state.images, **self.below}

    @property
    def undone(self) -> State:
        """The state that is taken back."""
        return self.line[0]

    @property
    def earlier(self) -> tuple[State, ...]:
        """The states before the one that it goes back to."""
        if self.state in self.line:
            return self.line[self.line.index(self.state) + 1 :]
        return tuple(one for one in self.line[1:] if one.key != self.state.key)


@dataclass(frozen=True, slots=True)
class RollbackHistory:
    """What an app has run in its environment, from which a rollback chooses.

    While the hold of a rollback is in force (`held`), steps count from what that rollback took back:
    asking again changes nothing, and `--steps 2` goes one further.
    """

    states: States
    target: Target
    held: Hold | None = None

    @property
    def current(self) -> State:
        """What runs."""
        return self.states.upto(1)[0]

    @property
    def _names(self) -> Collection[str]:
        """The images that it is about: those of its files, or that they have set before."""
        before = (one.images for one in self.states.upto(_WINDOW) if one.images)
        return self.states.now or next(before, {})

    def choose(self, wanted: Rollback) -> RollbackChoice:
        """Return the way to the state that is wanted.

        Raises `SelectionError` for none or several, and `RefusedError` for what is no way back.
        """
        line = self._line(wanted.steps)
        state = (
            self._stepped(line, wanted.steps)
            if wanted.to is None
            else self._named(wanted.to, line[0])
        )
        choice = RollbackChoice(state, line)
        if state.key == self.current.key:
            return replace(choice, warnings=(self._already(line),))
        own, now = self.states.now, self._running(state.images)
        missing = [name for name in own if name not in state.images]
        below = dict(self.states.set_below(state, missing)) if missing else {}
        come = [name for name in missing if name not in below]
        gone = [name for name in state.images if name not in now]
        choice = replace(choice, below=below, stays=bool(come or gone))
        if choice.stays and wanted.to is None:
            if not state.images:
                raise self._nothing_earlier()
            there = f"{come[0]} was not there" if come else f"{gone[0]} was there"
            raise self._irreversible(choice, there)
        since = state.commit[:9]
        stay = [f"{one} was added after {since}, and stays as it is" for one in come]
        stay += [f"{one} was removed after {since}, and stays so" for one in gone]
        forward = self._forward(choice, now)
        return replace(choice, warnings=(*stay, *forward, *self._set_otherwise(below)))

    def _running(self, names: Collection[str]) -> dict[str, RunningImage]:
        """Return what runs now, with those of some images that a base alone sets."""
        missing = [name for name in names if name not in self.states.now]
        below = self.states.set_below(None, missing) if missing else {}
        return {**self.states.now, **below}

    def _set_otherwise(self, below: Mapping[str, RunningImage]) -> list[str]:
        """Return a warning for each image to which its base gives another tag than it did then."""
        now = self.states.set_below(None, below) if below else {}
        return [
            f"{name} ran {then.ref.tag_or_digest or 'without a tag'} before, and "
            f"{now[name].places[0]} sets {now[name].ref.tag_or_digest or 'no tag'} by now"
            for name, then in below.items()
            if name in now and now[name].ref != then.ref and then.places and now[name].places
        ]

    def requests(self, choice: RollbackChoice) -> tuple[ImageRequest, ...]:
        """Return what has to be set for a state; raises `RefusedError` where tags do not do it."""
        found = []
        for name, now in self._running(choice.state.images).items():
            then = choice.state.images.get(name, now)
            if name in choice.below:
                raise self._irreversible(choice, f"{name} had no tag of its own")
            if (then.ref, then.new_name) == (now.ref, now.new_name):
                continue
            if then.new_name != now.new_name:
                pulled = (
                    f"{name} was pulled as {then.new_name or name}, not as {now.new_name or name}"
                )
                raise self._irreversible(choice, pulled)
            request = request_for(name, then)
            if request is None:
                raise self._irreversible(choice, f"{name} had no tag or digest of its own")
            found.append(request)
        return tuple(found)

    def _line(self, steps: int) -> tuple[State, ...]:
        """Return the states that led to what is taken back, that first: `steps` and some more."""
        number, line = steps + _WINDOW, self._leading(steps + _WINDOW)
        while len(line) <= steps and len(self.states.upto(number)) == number:
            number *= 2
            line = self._leading(number)
        undone, read = self.held.undoes if self.held else None, self.states.upto(number)
        place = next((n for n, one in enumerate(read) if one.commit == undone), None)
        if place is not None:
            before = self._leading(number + place, since=place)
            if any(one.key == self.current.key for one in before):
                return before
        return line

    def _leading(self, number: int, since: int = 0) -> tuple[State, ...]:
        line = leading(self.states.upto(number)[since:], self.target.settings.policy)
        return without_renames(line)

    def _stepped(self, line: Sequence[State], steps: int) -> State:
        """Return the state that is `steps` before what is taken back, or the current one if that is."""
        keys = [one.key for one in line]
        if steps <= keys.index(self.current.key):
            return self.current
        if steps < len(line):
            return line[steps]
        target, earlier = self.target, len(line) - 1
        if not earlier:
            raise self._nothing_earlier()
        had = f"{target.app} in {target.environment} has had {counted(earlier, 'earlier state')}"
        raise self._nothing(f"{had}, and --steps asks for {steps}", line[1:])

    def _named(self, tag: Tag, undone: State) -> State:
        """Return the state with a tag; raises `SelectionError` for none or several."""
        names, number, states = self._names, _WINDOW, self.states.upto(_WINDOW)
        while len(states) == number and not any(has_tag(one, tag, names) for one in states):
            number *= 2
            states = self.states.upto(number)
        passing = {self.current.key, undone.key}
        having = with_tag(states, tag, names) or self._set_by_a_base(states, tag)
        found = [one for one in having if one.key not in passing or has_tag(one, tag, names)]
        # If no other state had the tag, the current state or the one taken back is meant.
        found = found or sorted(having, key=lambda one: one.key != self.current.key)[:1]
        where = f"{self.target.app} in {self.target.environment}"
        if not found:
            if tag in (self.target.environment, "previous", "last"):
                hint = f"Leave --to out, for the state before this one: {tag} is no tag."
                raise SelectionError(f"{where} has not had the tag {tag}", hint)
            other = tag[1:] if tag.startswith("v") else f"v{tag}"
            raise self._nothing(f"{where} has not had the tag {tag}", states, other)
        if len(found) > 1:
            shown = "; ".join(f"{described(one.images)} ({one.commit[:9]})" for one in found)
            raise SelectionError(
                f"{where} has had {tag} in {len(found)} states, of all its images in none",
                f"They are, newest first: {shown}. Count the one that you mean with --steps.",
                file=str(self.target.first_file),
            )
        return found[0]

    def _set_by_a_base(self, states: Sequence[State], tag: Tag) -> tuple[State, ...]:
        """Return the newest state in which images without a tag of their own had this from a base.

        Raises `SelectionError` after a few states: each may have to be fetched.
        """
        names = self._names
        leaving = [one for one in states if any(name not in one.images for name in names)]
        for state in leaving[:_FETCHED]:
            missing = [name for name in names if name not in state.images]
            below = self.states.set_below(state, missing)
            if has_tag(replace(state, images={**state.images, **below}), tag, names):
                return (state,)
        if len(leaving) > _FETCHED:
            own = f"the files of {self.target.app} have not set the tag {tag}"
            newest = f"the newest {_FETCHED} states that left it to one"
            raise self._nothing(f"{own}, nor has a base in {newest}", states)
        return ()

    def _already(self, line: Sequence[State]) -> str:
        """Return what is said where the state is what runs; raises `RefusedError` without a hold."""
        now = self._running(self._names)
        runs = f"{self.target.environment} runs {described(now)} already"
        if self.held is None:
            reason = f"{runs}, so that there is nothing to take back"
            hint = f"To keep it there: promote hold {self.target.flags} --reason TEXT"
            raise RefusedError([Refusal("rollback", reason, hint)])
        keys = [one.key for one in line]
        place = keys.index(self.current.key) + 1 if self.current.key in keys else len(line)
        further = ""
        if place < len(line):
            further = f"; --steps {place} goes on to {described(line[place].images)}"
        return f"{runs}: it went back from {described(line[0].images)}, and is held{further}"

    def _forward(self, choice: RollbackChoice, now: Mapping[str, RunningImage]) -> tuple[str, ...]:
        """Return which images a state would bring forward; raises `RefusedError` where all would."""
        target, state = self.target, replace(choice.state, images=choice.images)
        going = images_going(target.settings.policy, now, state)
        newer = [name for name, order in going.items() if order is Order.NEWER]
        if newer and len(newer) == len(going):
            reason = (
                f"{described(state.images)} is newer than {described(now)}, "
                f"which {target.environment} runs"
            )
            forward = f"promote {target.flags}"
            hint = f"Name an older state with --to TAG or --steps N; forward goes {forward}"
            raise RefusedError([Refusal("rollback", reason, hint, str(target.first_file))])
        return tuple(
            f"{name} goes forward, to {state.images[name].ref.tag_or_digest}" for name in newer
        )

    def _nothing_earlier(self) -> SelectionError:
        target, runs = self.target, self.current.images
        reason = (
            f"{target.app} has run nothing but {described(runs)} in {target.environment}"
            if runs
            else f"{target.app} has no tag of its own in {target.environment}, where a base sets it"
        )
        reason += ", and there is nothing to go back to"
        hint = f"See what it has run: promote history {target.flags}"
        if self.states.is_cut:
            reason += " in the part of the history that can be read"
            hint = "In a shallow clone: git fetch --unshallow (in Actions, fetch-depth: 0), or --repo URL"
        return SelectionError(reason, hint, file=str(target.first_file))

    def _nothing(self, message: str, others: Sequence[State], meant: str = "") -> SelectionError:
        tags = list(dict.fromkeys(described(one.images) for one in others))
        known = ", ".join(tags[:_TAGS_SHOWN]) + (" …" if len(tags) > _TAGS_SHOWN else "")
        had = f"It has had {'only' if len(tags) == 1 else 'these, newest first:'} {known}."
        if meant in tags:
            had = f"Did you mean --to {meant}? {had}"
        read = " Only a part of the history could be read." if self.states.is_cut else ""
        return SelectionError(message, f"{had}{read}", file=str(self.target.first_file))

    def _irreversible(self, choice: RollbackChoice, there: str) -> RefusedError:
        reason = f"at {choice.state.commit[:9]} {there}, and a rollback sets tags and digests alone"
        hint = (
            f"Revert {choice.undone.commit[:9]}; or name a state by its tag with --to, which leaves "
            "images that came or went as they are."
        )
        return RefusedError([Refusal("rollback", reason, hint, str(self.target.first_file))])
