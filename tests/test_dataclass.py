"""Our dataclasses hold what those of Python promise, field by field."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from promoter.domain.dataclass import dataclass as ours

BOTH = pytest.mark.parametrize("dataclass", [dataclasses.dataclass, ours], ids=["python", "ours"])


@ours(frozen=True, slots=True)
class Place:
    """Of the module, as pickle looks it up there."""

    app: str
    environment: str = "prod"


def made(dataclass: Any) -> Any:
    @dataclass(frozen=True, slots=True)
    class Image:
        name: str
        tag: str = "latest"
        labels: list[str] = field(default_factory=list)
        login: str = field(default="", repr=False)
        line: int = field(default=0, compare=False)

    return Image


@BOTH
def test_arguments_are_taken_by_position_and_by_name_and_defaults_fill_the_rest(
    dataclass: Any,
) -> None:
    image = made(dataclass)
    one = image("web", labels=["a"])
    assert (one.name, one.tag, one.labels, one.login, one.line) == ("web", "latest", ["a"], "", 0)
    assert image("web").labels is not image("web").labels


@BOTH
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), {}),
        ((), {"tag": "1"}),
        (("web", "1", [], "", 0, "more"), {}),
        (("web",), {"name": "web"}),
        (("web",), {"digest": "x"}),
    ],
    ids=["nothing", "one missing", "too many", "twice", "unknown"],
)
def test_wrong_arguments_are_type_errors(
    dataclass: Any, given: tuple[Any, ...], named: dict[str, Any]
) -> None:
    with pytest.raises(TypeError):
        made(dataclass)(*given, **named)


@BOTH
def test_two_are_equal_by_the_fields_that_are_compared_and_of_one_class_alone(
    dataclass: Any,
) -> None:
    image, other = made(dataclass), made(dataclass)
    assert image("web", line=1) == image("web", line=2)
    assert image("web") != image("db")
    assert image("web") != other("web")
    assert image("web") != ("web", "latest", [], "")


@BOTH
def test_frozen_ones_are_hashed_by_their_fields_and_others_are_not(dataclass: Any) -> None:
    @dataclass(frozen=True, slots=True)
    class Tag:
        text: str

    @dataclass(slots=True)
    class Count:
        of: int

    assert {Tag("1"): "one"}[Tag("1")] == "one"
    with pytest.raises(TypeError):
        hash(Count(1))


@BOTH
def test_eq_false_compares_by_identity(dataclass: Any) -> None:
    @dataclass(frozen=True, slots=True, eq=False)
    class Node:
        text: str

    one = Node("a")
    assert one == one  # noqa: PLR0124 - identity is what is tested
    assert one != Node("a")
    assert len({one, Node("a")}) == 2


@BOTH
def test_a_frozen_one_is_not_changed_and_another_is(dataclass: Any) -> None:
    @dataclass(slots=True)
    class Count:
        of: int

    one, count = made(dataclass)("web"), Count(1)
    with pytest.raises(FrozenInstanceError):
        one.name = "db"
    with pytest.raises(FrozenInstanceError):
        del one.name
    with pytest.raises((AttributeError, TypeError)):
        one.unknown = 1
    count.of = 2
    assert count.of == 2
    with pytest.raises(AttributeError):
        count.unknown = 1  # type: ignore[attr-defined]


@BOTH
def test_it_is_shown_without_what_is_not_to_be_shown(dataclass: Any) -> None:
    assert repr(made(dataclass)("web", login="secret")).endswith(
        "Image(name='web', tag='latest', labels=[], line=0)"
    )


@BOTH
def test_fields_by_name_alone_come_after_those_by_position_and_are_inherited(
    dataclass: Any,
) -> None:
    @dataclass(frozen=True, slots=True)
    class Plan:
        app: str
        notes: tuple[str, ...] = ()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Push(Plan):
        commit: str  # type: ignore[misc]
        pull: int | None = None

    one = Push("web", commit="abc")
    assert (one.app, one.notes, one.commit, one.pull) == ("web", (), "abc", None)
    with pytest.raises(TypeError):
        Push("web", (), "abc")
    with pytest.raises(TypeError):
        Push("web")  # type: ignore[call-arg]


@BOTH
def test_what_is_done_after_the_fields_may_set_one_and_refuse_them(dataclass: Any) -> None:
    @dataclass(frozen=True, slots=True)
    class Shard:
        number: int
        of: int
        text: str = field(init=False)

        def __post_init__(self) -> None:
            if self.number > self.of:
                raise ValueError
            object.__setattr__(self, "text", f"{self.number}/{self.of}")

    assert Shard(1, 2).text == "1/2"
    with pytest.raises(ValueError, match=r"^$"):
        Shard(3, 2)


@BOTH
def test_own_methods_are_kept(dataclass: Any) -> None:
    @dataclass(frozen=True, slots=True)
    class Digest:
        text: str

        def __repr__(self) -> str:
            return "digest"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Digest)

        def __hash__(self) -> int:
            return 1

    assert repr(Digest("a")) == "digest"
    assert Digest("a") == Digest("b")
    assert hash(Digest("a")) == 1


@BOTH
def test_a_class_without_fields_has_equal_values(dataclass: Any) -> None:
    @dataclass(frozen=True, slots=True)
    class Nothing:
        pass

    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())


@BOTH
def test_the_functions_of_python_for_dataclasses_hold(dataclass: Any) -> None:
    one = made(dataclass)("web", labels=["a"])
    assert (replace(one, tag="2").name, replace(one, tag="2").tag) == ("web", "2")
    assert [one.name for one in fields(one)] == ["name", "tag", "labels", "login", "line"]
    assert asdict(one) == {"name": "web", "tag": "latest", "labels": ["a"], "login": "", "line": 0}
    assert type(one).__match_args__ == ("name", "tag", "labels", "login", "line")


def test_a_value_is_copied_and_pickled() -> None:
    place = Place("web")
    assert copy.copy(place) == copy.deepcopy(place) == pickle.loads(pickle.dumps(place)) == place
