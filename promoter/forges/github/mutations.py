"""Several writes in one request: GitHub does them in order, and answers each by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.forges.github.client import Client
from promoter.forges.github.failures import GitHubError
from promoter.forges.github.pull_shapes import PULL


@dataclass(frozen=True, slots=True)
class Mutation:
    """One write: its field in GraphQL, what goes into it, and what is asked of its answer."""

    field: str
    input: Mapping[str, Any]
    answer: str = "clientMutationId"


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of several writes, each by its name."""

    done: Mapping[str, Any]
    """What GitHub answered to those that it did."""
    failed: Mapping[str, str]
    """What GitHub said of those that it did not do."""

    def of(self, suffix: str) -> Answers:
        """Return the answers to the writes whose names end in a number, under their names without it."""
        done, failed = (
            {_name(key): one for key, one in answers.items() if key == _name(key) + suffix}
            for answers in (self.done, self.failed)
        )
        return Answers(done, failed)


def document(name: str, writes: Mapping[str, Mutation]) -> str:
    """Return the document that does some writes, with each input as the variable of its name."""
    variables = ", ".join(f"${key}: {_kind(one)}!" for key, one in writes.items())
    fields = "\n".join(
        f"  {key}: {one.field}(input: ${key}) {{ {one.answer} }}" for key, one in writes.items()
    )
    return f"mutation {name}({variables}) {{\n{fields}\n}}\n{PULL if '...Pull' in fields else ''}"


def carry_out(client: Client, name: str, writes: Mapping[str, Mutation]) -> Answers:
    """Do writes in one request; one that GitHub does not do keeps none of the others from it.

    Raises one of `FAILURES` where it is not known what was done.
    """
    said: Mapping[str, str] = {}
    try:
        data = client.graphql(
            document(name, writes), {key: dict(one.input) for key, one in writes.items()}
        )
    except GitHubError as error:
        answer = error.data
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise
        data, said = answer["data"], _said(answer.get("errors"))
    done = {key: data[key] for key in writes if isinstance(data.get(key), dict)}
    return Answers(done, {key: said.get(key, "") for key in writes if key not in done})


def _name(key: str) -> str:
    """Return the name of one of several like writes, without its number."""
    return key.rstrip("0123456789")


def _kind(one: Mutation) -> str:
    """Return the type of a write's input, which GitHub calls after its field."""
    return f"{one.field[:1].upper()}{one.field[1:]}Input"


def _said(errors: object) -> dict[str, str]:
    """Return what an answer's errors say, by the write that each is about."""
    found: dict[str, str] = {}
    for one in errors if isinstance(errors, list) else ():
        path = one.get("path") if isinstance(one, dict) else None
        if isinstance(path, list) and path:
            found.setdefault(str(path[0]), str(one.get("message") or ""))
    return found
