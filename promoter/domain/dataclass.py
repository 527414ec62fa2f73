"""Dataclasses that are quickly made: a run imports two hundred, and most are hardly used.

Python compiles up to six methods for each class, which took half a millisecond a class and a sixth
of a whole run. Here the fields are those of `dataclasses`, so that `replace`, `fields` and `asdict`
hold as well; the methods are shared by all classes and look the fields up.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass  # type checkers see the whole, of which this is a part
else:
    Class = TypeVar("Class", bound=type)

    def dataclass(
        *, slots: bool, frozen: bool = False, eq: bool = True, kw_only: bool = False
    ) -> Callable[[Class], Class]:
        """Return the decorator that makes a dataclass with slots, as `dataclasses.dataclass` does."""
        assert slots

        def make(plain: Class) -> Class:
            of_fields = dataclasses.dataclass(
                init=False, repr=False, eq=False, slots=True, kw_only=kw_only
            )
            made = of_fields(plain)
            methods = {"__init__": _initializer(made), "__repr__": _shown}
            if eq:
                methods |= _comparison(made, is_hashable=frozen)
            if frozen:
                methods |= _FROZEN
            own = vars(plain)
            for name, method in methods.items():
                if name not in own or own[name] is None:
                    setattr(made, name, method)
            return made

        return make


__all__ = ("dataclass",)


def _initializer(made: type) -> Callable[..., None]:
    known = [one for one in dataclasses.fields(made) if one.init]
    known.sort(key=lambda one: bool(one.kw_only))
    places = [(one.name, getattr(made, one.name).__set__, *_default(made, one)) for one in known]
    setters = [place[1] for place, one in zip(places, known, strict=True) if not one.kw_only]
    is_finished = not hasattr(made, "__post_init__")

    def __init__(self: Any, *given: object, **named: object) -> None:  # noqa: ANN401, N807 - a method
        if len(given) > len(setters):
            msg = f"{made.__name__} takes {len(setters)} arguments by position, not {len(given)}"
            raise TypeError(msg)
        for put, value in zip(setters, given, strict=False):
            put(self, value)
        for name, put, make, default in places[len(given) :]:
            if name in named:
                put(self, named.pop(name))
            else:
                put(self, default if make is None else make())
        if named:
            raise TypeError(f"{made.__name__} takes no {', '.join(named)}, or has it already")
        if not is_finished:
            self.__post_init__()

    return __init__


def _default(
    made: type, field: dataclasses.Field[Any]
) -> tuple[Callable[[], object] | None, object]:
    """Return what makes a field's value where none is given, or None beside the value itself."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory, None
    if field.default is not dataclasses.MISSING:
        return None, field.default

    def miss() -> object:
        raise TypeError(f"{made.__name__} needs {field.name}")

    return miss, None


@recursive_repr()
def _shown(self: Any) -> str:  # noqa: ANN401 - of any class
    shown = (
        f"{one.name}={getattr(self, one.name)!r}" for one in dataclasses.fields(self) if one.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _comparison(made: type, *, is_hashable: bool) -> dict[str, Callable[..., object] | None]:
    names = [one.name for one in dataclasses.fields(made) if one.compare]
    values = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: object, other: object) -> bool:  # noqa: N807 - a method
        if other.__class__ is not self.__class__:
            return NotImplemented
        return bool(values(self) == values(other))

    def __hash__(self: object) -> int:  # noqa: N807 - a method
        return hash(values(self))

    return {"__eq__": __eq__, "__hash__": __hash__ if is_hashable else None}


def _refuse(self: object, name: str, *_: object) -> None:
    msg = f"{type(self).__name__} is frozen: {name!r} stays as it is"
    raise dataclasses.FrozenInstanceError(msg)


def _state(self: Any) -> list[object]:  # noqa: ANN401 - of any class
    return [getattr(self, one.name) for one in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:  # noqa: ANN401 - of any class
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


# How `copy` and `pickle` carry over what cannot be set.
_FROZEN = {
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _state,
    "__setstate__": _restore,
}
