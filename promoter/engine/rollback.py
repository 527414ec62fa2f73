"""Rollback: what an environment ran before, read from the history of the app's own files."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from promoter import pull_request
from promoter.config.holds import read_hold
from promoter.domain.declaration import HoldChange, one_line
from promoter.domain.errors import PromoteError, RaceLostError, RefusedError, SelectionError
from promoter.domain.model import PullState
from promoter.domain.refusal import Refusal
from promoter.engine.app_history import AppHistory, AppVersion
from promoter.engine.look import plan_promotion
from promoter.planning.plan import Refused
from promoter.planning.propose import pulled_names
from promoter.registry.failures import AbsentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promoter.domain.image import Tag
    from promoter.domain.model import ImageRequest, RunningImage
    from promoter.engine.app_history import Images
    from promoter.engine.look import Seen
    from promoter.planning.plan import Plan, Request, Rollback

# So many earlier states are asked of the registry for the newest that is still there.
_STATES = 10
_TAGS_SHOWN = 8


def plan_request(seen: Seen) -> Plan:
    """Return the plan of any request; that of a rollback is made of what the history says."""
    request = seen.request
    if request.members:
        return _plan_together(seen)
    if request.rollback is None:
        return plan_promotion(replace(seen, request=_begun(request, seen)))
    filled, warnings, states = _filled(seen)
    plan = plan_promotion(replace(seen, request=filled))
    plan = replace(plan, warnings=(*warnings, *plan.warnings))
    if isinstance(plan, Refused):
        return replace(plan, refusals=tuple(states.with_hint(one) for one in plan.refusals))
    return plan


def _plan_together(seen: Seen) -> Plan:
    """Return the plan of several apps; each goes back by its own history."""
    if seen.request.rollback is None:
        return plan_promotion(seen)
    pairs = zip(seen.request.members, seen.target.members, strict=True)
    found = [_filled(replace(seen, request=one, target=target)) for one, target in pairs]
    members = tuple(request for request, _, _ in found)
    plan = plan_promotion(replace(seen, request=replace(seen.request, members=members)))
    warnings = tuple(warning for _, said, _ in found for warning in said)
    return replace(plan, warnings=(*warnings, *plan.warnings))


def _begun(request: Request, seen: Seen) -> Request:
    """Return a request whose hold begins now, where it has one."""
    if request.hold is None or request.hold.ends:
        return request
    return replace(request, hold=replace(request.hold, since=seen.world.now))


def _filled(seen: Seen) -> tuple[Request, tuple[str, ...], States]:
    """Return a rollback with the images to go back to and the hold that comes with them."""
    rollback = seen.request.rollback
    assert rollback is not None
    states = States(seen)
    chosen, warnings = states.choose(rollback)
    hold = HoldChange(
        one_line(rollback.reason),
        since=seen.world.now,
        undoes=states.undone.commit,
        undone_pull=states.undone_pull,
    )
    images = states.requests(chosen)
    return replace(seen.request, tag=None, images=images, hold=hold), warnings, states


@dataclass(frozen=True, slots=True)
class _State:
    """What the files said of the app's images for a while, and the commit that began it."""

    commit: str
    images: Images
    key: tuple[object, ...]


class States:
    """The distinct states that an app has had in its environment, newest first.

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
        self._cut = False
        periods = self._periods()
        current: _State | None = next(periods, None)
        if current is None:
            raise SelectionError(
                f"{seen.target.file} has no history on {seen.state.base_branch}", "",
                file=str(seen.target.file),
            )  # fmt: skip
        held = read_hold(seen.state.base, seen.target.app, seen.target.environment)
        in_force = held is not None and not held.is_over(seen.world.now)
        before = next(periods, None) if held and in_force and held.undoes else None
        undone, first = current, before
        if held is not None and before is not None and before.commit == held.undoes:
            undone, first = before, current
        self.undone = undone
        """What is taken back."""
        self._current = current
        self._states = self._earlier(chain([first] if first is not None else [], periods))
        """Those that have not been looked at yet."""

    @property
    def undone_pull(self) -> int | None:
        """The pull request that brought what is taken back, where it is known."""
        told = {name: str(_request(name, image)) for name, image in self.undone.images.items()}
        for pull in self._seen.state.pulls:
            listed = pull_request.proposed_images(pull)
            if pull.state is PullState.MERGED and listed and listed <= set(told.values()):
                return pull.number
        return None

    def choose(self, wanted: Rollback) -> tuple[_State, tuple[str, ...]]:
        """Return the state to go back to, and what has to be said of it; raises `SelectionError`."""
        met: list[_State] = []
        for state in self._states:
            met.append(state)
            if wanted.to is None and len(met) == wanted.steps:
                return state, self._differences(state)
            if wanted.to is not None and self._has(state, wanted.to):
                return state, self._differences(state)
        if wanted.to is not None and self._has(self._current, wanted.to):
            return self._current, ()
        raise self._nothing(wanted, met)

    def requests(self, state: _State) -> tuple[ImageRequest, ...]:
        """Return what has to be set for a state; raises `RefusedError` where tags do not do it."""
        found = []
        for name, now in self.now.items():
            then = state.images.get(name, now)
            if (then.tag, then.digest, then.new_name) == (now.tag, now.digest, now.new_name):
                continue
            if then.new_name != now.new_name:
                said = f"{name} was pulled as {then.new_name or name} then"
                raise self._irreversible(
                    state, f"{said}, and a rollback sets tags and digests alone"
                )
            request = _request(name, then)
            if request is None:
                raise self._irreversible(state, f"{name} had no tag or digest of its own then")
            found.append(request)
        return tuple(found)

    def with_hint(self, refusal: Refusal) -> Refusal:
        """Return a refusal; that of an image that is gone names the newest state that is there."""
        if refusal.rule != "missing-image":
            return refusal
        found = self._newest_available()
        if found is None:
            hint = "No earlier state is known whose images are all still there."
        else:
            tag = next((one.tag for one in found.images.values() if one.tag), "")
            shown = _shown(found.images)
            hint = f"The newest earlier state whose images are still there is {shown}"
            hint += f": promote rollback --to {tag}." if tag else "."
        return replace(refusal, hint=hint)

    def _newest_available(self) -> _State | None:
        """Return the newest state before the chosen one of which the registry has all images."""
        try:
            return next(filter(self._is_available, islice(self._states, _STATES)), None)
        except RaceLostError:
            raise
        except PromoteError:
            return None

    def _is_available(self, state: _State) -> bool:
        """Return whether the registry has every image that a state would set."""
        names = pulled_names(self._seen.target, self._seen.state.base)
        try:
            for one in self.requests(state):
                reference = str(one.digest or one.tag)
                self._seen.world.registry().describe(names.get(one.name, one.name), reference)
        except (AbsentError, RefusedError):
            return False
        return True

    def _earlier(self, periods: Iterator[_State]) -> Iterator[_State]:
        """Yield the distinct states before the one that is taken back."""
        keys = {self.undone.key}
        for state in periods:
            if state.key not in keys:
                keys.add(state.key)
                yield state

    def _periods(self) -> Iterator[_State]:
        """Yield each state for as long as it lasted, with the commit that began it."""
        held: AppVersion | None = None
        for version in self._history.versions():
            self._cut = version.cut
            if held is not None and self._key(version.images) != self._key(held.images):
                yield _State(held.commit, held.images, self._key(held.images))
            held = version
        if held is not None:
            yield _State(held.commit, held.images, self._key(held.images))

    def _key(self, images: Images) -> tuple[object, ...]:
        """Return what tells one state from another: the images that the app has now."""
        pairs = ((name, images.get(name, now)) for name, now in self.now.items())
        return tuple((name, one.tag, one.digest, one.new_name) for name, one in pairs)

    def _has(self, state: _State, tag: Tag) -> bool:
        """Return whether a state has a tag, for an image that the app has now."""
        return any(state.images[name].tag == str(tag) for name in self.now if name in state.images)

    def _differences(self, state: _State) -> tuple[str, ...]:
        """Return what a rollback leaves as it is: images that have come or gone since."""
        come = [name for name in self.now if name not in state.images]
        gone = [name for name in state.images if name not in self.now]
        return (
            *(f"{name} was added after {state.commit[:9]}, and stays as it is" for name in come),
            *(f"{name} was removed after {state.commit[:9]}, and stays so" for name in gone),
        )

    def _nothing(self, wanted: Rollback, met: list[_State]) -> SelectionError:
        """Return the error for a state that the history does not have."""
        target = self._seen.target
        tags = list(dict.fromkeys(_shown(one.images) for one in met))
        known = ", ".join(tags[:_TAGS_SHOWN]) + (" …" if len(tags) > _TAGS_SHOWN else "")
        had = f"It had, newest first: {known}." if known else "It has had nothing else."
        read = " Only a part of the history could be read." if self._cut else ""
        where = f"{target.app} in {target.environment}"
        if wanted.to is not None:
            message = f"{where} has not had the tag {wanted.to}"
        else:
            message = f"{where} has had {len(met)} earlier states, and {wanted.steps} are asked for"
        return SelectionError(message, f"{had}{read}", file=str(target.file))

    def _irreversible(self, state: _State, reason: str) -> RefusedError:
        """Return the refusal of a state that cannot be had again by setting tags and digests."""
        refusal = Refusal(
            "rollback",
            f"at {state.commit[:9]} {reason}",
            f"Revert {self.undone.commit[:9]}, or name another state with --to or --steps.",
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


def _shown(images: Images) -> str:
    """Return a state in a word: its tags."""
    return " and ".join(dict.fromkeys(one.tag or one.digest or "?" for one in images.values()))
