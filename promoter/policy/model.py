"""How an environment chooses its tags, as `policy` in `promoter.yaml` says it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import BeforeValidator, Field, StrictBool, create_model, model_validator

from promoter.domain.section import Section, Text, held_to
from promoter.policy import pattern
from promoter.policy.kinds import POLICIES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from promoter.policy.kinds.kind import PolicyKind

_PATTERNS_LIMIT = 50


def _listed(value: object) -> object:
    """Refuse one pattern where a list is meant."""
    if not isinstance(value, (list, tuple)):
        msg = "must be a list of patterns: put it in [ ]"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns this one into a located message
    return value


TagPattern: TypeAlias = Annotated[Text, held_to(pattern.compiled)]
TagPatterns: TypeAlias = Annotated[
    tuple[TagPattern, ...], BeforeValidator(_listed), Field(max_length=_PATTERNS_LIMIT)
]


class AnyPolicy(Section):
    """Which of an image's tags is wanted: one way to order them, and what is left out first."""

    kinds: ClassVar[dict[str, type[PolicyKind]]] = {}
    """The ways to order tags, by the keys that name them."""

    include: TagPatterns = ()
    """Only tags in which one of these patterns is found; `^` and `$` tie it to the tag's ends."""
    exclude: TagPatterns = ()
    """No tags in which one of these patterns is found."""
    prereleases: StrictBool = False
    """Whether `semver` considers prereleases that its range does not mention."""

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        """Refuse no policy, two of them, and what the one that there is would not heed."""
        given = self._names()
        if not given:
            raise ValueError(f"names no policy: give one of {', '.join(self.kinds)}")
        if len(given) > 1:
            msg = f"names {' and '.join(given)}: one policy decides, leave out the others"
            raise ValueError(msg)
        kind = self.kinds[given[0]]
        if self.prereleases and not kind.knows_prereleases:
            raise ValueError(f"prereleases belongs to semver: {given[0]} knows none")
        if kind.by_digest and (self.include or self.exclude):
            msg = f"include and exclude choose among tags, and {given[0]} names the only one"
            raise ValueError(msg)
        return self

    def _names(self) -> list[str]:
        return [name for name in self.kinds if getattr(self, name) is not None]

    @property
    def name(self) -> str:
        """The policy's name: the key that is given."""
        return self._names()[0]

    @property
    def argument(self) -> Any:  # noqa: ANN401 - of the type that its kind gives
        """What the key says."""
        return getattr(self, self.name)

    @property
    def kind(self) -> PolicyKind:
        """How the policy orders tags."""
        return self.kinds[self.name](self.argument, prereleases=self.prereleases)

    @property
    def needs_creation(self) -> bool:
        """Whether the registry must be asked when the candidates were created."""
        return self.kinds[self.name].by_creation

    @property
    def needs_digest(self) -> bool:
        """Whether the tag stays and its digest is what changes."""
        return self.kinds[self.name].by_digest


def policy_model(kinds: Iterable[type[PolicyKind]]) -> type[AnyPolicy]:
    """Return the section of the configuration in which each of these kinds has its key."""
    fields: dict[str, Any] = {
        kind.name: (kind.argument_type | None, Field(default=None, description=kind.meaning))
        for kind in kinds
    }
    model = create_model("Policy", __base__=AnyPolicy, __doc__=AnyPolicy.__doc__, **fields)
    model.kinds = {kind.name: kind for kind in kinds}
    return model


if TYPE_CHECKING:
    Policy: TypeAlias = AnyPolicy
else:
    Policy = policy_model(POLICIES)
