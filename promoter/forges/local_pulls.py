"""A pull as the local forge keeps it: JSON in a blob, which anybody who may push can have written."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from promoter.config.refs import is_branch
from promoter.domain.pull import Pull, PullState


def _branch(name: str) -> str:
    """Return a branch's name, or raise `ValueError`: it goes into git's commands."""
    if not is_branch(name):
        raise ValueError(name)
    return name


_Branch = Annotated[str, AfterValidator(_branch)]


class _PullJson(BaseModel):
    state: PullState
    branch: _Branch
    base: _Branch
    head: Annotated[str, Field(pattern=r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$")]
    title: str
    body: str
    draft: bool = False
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    assignees: tuple[str, ...] = ()
    milestone: str | None = None
    comments: tuple[str, ...] = ()


def written_pull(pull: Pull, comments: tuple[str, ...]) -> bytes:
    """Return the JSON of a pull and of what was said on it."""
    fields = {name: getattr(pull, name) for name in _PullJson.model_fields if name != "comments"}
    stored = _PullJson.model_construct(**fields, comments=comments)
    return stored.model_dump_json(indent=1).encode()


def read_pull(text: bytes, number: int, url: str) -> tuple[Pull, tuple[str, ...]]:
    """Return the pull of a JSON text, and what was said on it; raises `ValueError` for another text."""
    stored = _PullJson.model_validate_json(text)
    fields = stored.model_dump(exclude={"comments"})
    # Nobody reviews here: who merges has looked.
    return Pull(number, url, has_reviewers=bool(stored.reviewers), **fields), stored.comments
