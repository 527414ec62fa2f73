"""What the policies want, asked of the registries by several threads: for each app, one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import closing, suppress
from dataclasses import field, replace
from typing import TYPE_CHECKING

from promoter.config.sections import Environment
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import PromoteError, RemoteError, SelectionError, UsageError
from promoter.domain.evidence import BuiltImage
from promoter.domain.image import Digest, Tag
from promoter.domain.model import ImageRequest, RunningImage
from promoter.domain.redaction import shown
from promoter.engine.facts.image_lookup import located, look_up_image
from promoter.engine.run_errors import error_of
from promoter.engine.selection.candidates import Candidate
from promoter.engine.selection.explain import explain_choice
from promoter.policy import choose
from promoter.policy.model import Policy
from promoter.policy.natural import natural
from promoter.policy.pattern import compiled
from promoter.registry.failures import AbsentError, LyingError, RegistryError
from promoter.system.budget import MATCHING
from promoter.system.deadline import Deadline
from promoter.system.threads import answers, asked

if TYPE_CHECKING:
    from promoter.registry.client import Registry

_AT_ONCE = 16
# Of one app, whose policy wants to know when tags were made.
_TAGS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What a policy wants of one app's images, or why that is not known."""

    candidate: Candidate
    images: tuple[ImageRequest, ...] = ()
    error: PromoteError | None = None
    warnings: tuple[str, ...] = ()
    newer: int | None = None
    """How many tags that may be chosen are newer than the one that runs; None if not known."""

    @property
    def settings(self) -> Environment:
        """The settings of the environment, as the app sees them."""
        return self.candidate.target.settings

    @property
    def is_current(self) -> bool:
        """Whether the base has all of it already."""
        pin = self.settings.pin
        pairs = zip(self.images, self.candidate.images, strict=True)
        return self.error is None and all(_has(have, wanted, pin) for wanted, have in pairs)


def choices(
    candidates: Iterable[Candidate], registry: Registry, tick: Callable[[], None], end: Deadline
) -> list[Choice]:
    """Return what is wanted of each app, in the order given; `tick` is called for each that is known.

    The registries are asked about the first apps while the later ones are still looked for.
    No failure is raised: it is the answer for its app. A question that was put to a registry before
    is not put again, so that a second look after a lost race costs nothing. What is not answered at
    the `end` has failed.
    """
    found = []
    for candidate, answer in asked(lambda one: _choice(one, registry), candidates, _AT_ONCE):
        found.append(_answered(candidate, answer, end))
        tick()
    return found


def _answered(candidate: Candidate, answer: Future[Choice], end: Deadline) -> Choice:
    """Return what is wanted of one app, as soon as it is known and not after the end."""
    try:
        return answer.result(end.remaining())
    except TimeoutError:
        return Choice(
            candidate,
            error=RemoteError(
                f"not done within {end.seconds:.3g} s: the registry has not answered",
                "Check the network, or give more time with --timeout; running again is safe.",
            ),
        )


def _choice(candidate: Candidate, registry: Registry) -> Choice:
    try:
        return _Chooser(candidate, registry).choice()
    except PromoteError as error:
        return Choice(candidate, error=error)
    except Exception as error:  # noqa: BLE001 - a bug that one app meets stops no other
        return Choice(candidate, error=error_of(error))


@dataclass(frozen=True, slots=True)
class _Chooser:
    """Asks a registry what is wanted of one app's images."""

    candidate: Candidate
    registry: Registry
    warnings: list[str] = field(default_factory=list)
    """What had to be left out."""

    def choice(self) -> Choice:
        """Return what is wanted, or raise why that is not known."""
        policy, newer = self.candidate.policy, None
        if self.candidate.nothing and self.candidate.followed is None:
            return Choice(self.candidate)
        if policy is None:
            images = self._followed()
        elif policy.needs_digest:
            return Choice(self.candidate, self._moved(policy))
        else:
            found, newer = self._tag(policy)
            tag = Tag.parse(found)
            images = tuple(
                ImageRequest(one.name, tag, self._digest(one, str(tag)))
                for one in self.candidate.images
            )
        choice = Choice(self.candidate, images, warnings=tuple(self.warnings), newer=newer)
        if not choice.is_current and choice.settings.checks.exists != "off":
            self._foresee(choice)
        return choice

    def _followed(self) -> tuple[ImageRequest, ...]:
        """Return what the previous environment runs, as the environment compares it."""
        assert self.candidate.followed is not None
        self.warnings.extend(self.candidate.followed.warnings)
        return tuple(
            one
            if one.digest or one.tag is None
            else replace(one, digest=self._digest(have, str(one.tag)))
            for have, one in zip(self.candidate.images, self.candidate.followed.images, strict=True)
        )

    def _foresee(self, choice: Choice) -> None:
        """Ask the registry now, among many questions, what the checks will ask one by one."""
        for have, wanted in zip(self.candidate.images, choice.images, strict=True):
            with suppress(PromoteError):
                look_up_image(self.registry, choice.settings, have.repository, wanted.reference)

    def _digest(self, one: RunningImage, tag: str) -> Digest | None:
        """Return the digest to compare with, where the file holds nothing else."""
        if self.candidate.target.settings.pin != "digest":
            return None
        return self.registry.resolve(one.repository, tag)

    def _moved(self, policy: Policy) -> tuple[ImageRequest, ...]:
        """Return the images that a moving tag stands for now."""
        tag, target = Tag.parse(policy.argument), self.candidate.target
        if target.settings.pin == "tag":
            raise UsageError(
                "a policy by digest writes digests, and pin is tag",
                f"Set environments.{target.environment}.pin to digest or both in promoter.yaml.",
            )
        return tuple(
            ImageRequest(one.name, tag, self.registry.resolve(one.repository, str(tag)))
            for one in self.candidate.images
        )

    def _tag(self, policy: Policy) -> tuple[str, int | None]:
        """Return the one tag that the policy wants of all images, or raise why there is none.

        Beside it stands how many tags are newer than the one that runs, where that is known.
        """
        repositories = list(dict.fromkeys(one.repository for one in self.candidate.images))
        listed = [frozenset(self._tags(one)) for one in repositories]
        # The images of an app are built by one run with one tag: one that lacks it is not ready yet.
        common = frozenset.intersection(*listed)
        if not common and any(listed):
            names = ", ".join(repositories)
            raise SelectionError(f"{names} have no tag in common", "Push all images with one tag.")
        left = Deadline(MATCHING.seconds).remaining
        taken = _matching(common, self.candidate, left)
        ranked = choose.select(policy, taken, left)
        if not ranked.ordered:
            raise _nothing(policy, repositories, taken)
        found: str | None = ranked.ordered[0]
        if policy.needs_creation:
            known = self._dated(repositories[0], ranked.ordered)
            found = choose.newest(policy, known)
        if found is None:
            raise SelectionError(
                f"none of the {len(known)} tags of {repositories[0]} says when it was made",
                "Reproducible builds leave it out: choose by semver, timestamp or another policy.",
            )
        explain_choice(self.candidate, ranked, found)
        running = {str(one.tag) for one in self.candidate.images}
        is_ordered = (
            not policy.needs_creation and len(running) == 1 and running <= {*ranked.ordered}
        )
        return found, ranked.ordered.index(running.pop()) if is_ordered else None

    def _tags(self, repository: str) -> tuple[str, ...]:
        """Return all tags of an image, or raise why not and where its name comes from."""
        try:
            return self.registry.tags(repository)
        except RegistryError as error:
            raise located(error, repository, self.candidate.target) from None

    def _dated(self, repository: str, tags: Sequence[str]) -> list[choose.DatedTag]:
        """Return when each tag's image was made; broken ones are left out, with a warning.

        Raises what may pass, as the newest could be among those that cannot be read now, and the
        first failure where no tag is left.
        """
        known: list[choose.DatedTag] = []
        broken: list[tuple[str, RemoteError]] = []

        def described(tag: str) -> BuiltImage | RemoteError:
            try:
                return self.registry.describe(repository, tag)
            except (AbsentError, LyingError, RegistryError) as error:
                if error.may_pass:
                    raise
                return error

        with closing(answers(described, tags, _TAGS_AT_ONCE)) as found:
            for tag, image in zip(tags, found, strict=True):
                if isinstance(image, RemoteError):
                    broken.append((tag, image))
                else:
                    known.append(choose.DatedTag(tag, image.created))
        if broken and not known:
            raise broken[0][1]
        if broken:
            tag, first = broken[0]
            left_out = f"{len(broken)} of {len(tags)} tags of {repository} cannot be read"
            self.warnings.append(f"{left_out} and are left out, such as {tag}: {first.message}")
        return known


def _matching(
    tags: frozenset[str], candidate: Candidate, left: Callable[[], float]
) -> frozenset[str]:
    """Return the tags that the environment takes, or raise where it takes none of them."""
    target = candidate.target
    pattern, what = target.settings.tags, f"environments.{target.environment}.tags"
    if pattern is None:
        return tags
    taken = frozenset(
        one
        for one in choose.timely(tags, left, what)
        if len(one) <= 128 and compiled(pattern).search(one)
    )
    if tags and not taken:
        raise SelectionError(
            f"{_none_of(tags, candidate.images[0].repository)} is taken by {what} {shown(pattern)}",
            "It is a regular expression: ^ is the tag's beginning, and $ its end.",
        )
    return taken


def _none_of(tags: frozenset[str], repository: str) -> str:
    """Return the beginning of a sentence about no tag of some, with their number and the last ones."""
    last = sorted(filter(Tag.is_one, tags), key=natural)[-3:]
    some = f" (such as {', '.join(last)})" if last else ""
    return f"none of the {len(tags)} tags of {repository}{some}"


def _nothing(policy: Policy, repositories: list[str], tags: frozenset[str]) -> SelectionError:
    said = f"the policy {policy.name}: {policy.argument}"
    return SelectionError(
        f"{_none_of(tags, repositories[0])} fits {said}"
        if tags
        else f"{repositories[0]} has no tag for {said}",
        "Change the policy, its include or exclude, or give the app one of its own: "
        "apps.APP.environments.ENV.policy in promoter.yaml.",
    )


def _has(have: RunningImage, wanted: ImageRequest, pin: str) -> bool:
    if have.elsewhere:
        return False
    if wanted.digest is not None:
        same = have.digest == str(wanted.digest)
        bare = pin == "digest" or wanted.tag is None
        return same and (bare or have.tag == str(wanted.tag))
    return have.tag == str(wanted.tag) and (have.digest is not None) == (pin == "both")
