"""What every part of the configuration is made of."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from promoter.domain.errors import UsageError
from promoter.domain.moment import as_moment
from promoter.domain.redaction import shown


def _check_text(value: object) -> object:
    """Refuse what YAML reads as a number or a date: 1.10 would be 1.1."""
    if isinstance(value, (dict, list)):
        msg = f"must be text, not a {'mapping' if isinstance(value, dict) else 'list'}"
        raise ValueError(msg)  # noqa: TRY004 - as below
    if not isinstance(value, str):
        msg = "must be text: put it in quotes, as YAML reads it as something else"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns this one into a located message
    return value


def held_to(check: Callable[[str], object]) -> AfterValidator:
    """Return the validator of a text by a check, which raises `ValueError` or `UsageError`."""

    def checked(text: str) -> str:
        try:
            check(text)
        except UsageError as error:
            # Any other hint is about flags; the file's own example is better.
            meant = f"\n{error.hint}" if error.hint.startswith("Did you mean") else ""
            raise ValueError(f"{error.message}{meant}") from None
        return text

    return AfterValidator(checked)


def must(hold: Callable[[str], object], otherwise: str) -> AfterValidator:
    """Return the validator of a text; `{}` in the message stands for what does not hold, quoted."""

    def check(text: str) -> None:
        if not hold(text):
            raise ValueError(otherwise.replace("{}", shown(text)))

    return held_to(check)


Text: TypeAlias = Annotated[str, BeforeValidator(_check_text)]
"""A text that YAML may read as something else."""
Moment: TypeAlias = Annotated[datetime, BeforeValidator(as_moment)]
"""A moment with its time zone."""


class Section(BaseModel):
    """A part of the configuration: frozen, kebab-case keys, unknown keys are errors.

    What its keys mean stands below each of them, and is read by `config/generate.py` alone:
    pydantic would read every module's source for it at each start.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        # A part is built with the whole that it is in, and most are never used alone.
        defer_build=True,
        alias_generator=lambda name: name.replace("_", "-"),
    )

    def given(self) -> dict[str, object]:
        """Return what the file said itself, by its keys: defaults are left out."""
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set}
