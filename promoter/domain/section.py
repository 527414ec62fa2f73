"""What every part of the configuration is made of."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _check_text(value: object) -> object:
    """Refuse what YAML reads as a number or a date: 1.10 would be 1.1."""
    if not isinstance(value, str):
        msg = "must be text: put it in quotes, as YAML reads it as something else"
        raise ValueError(msg)  # noqa: TRY004 - pydantic turns this one into a located message
    return value


Text: TypeAlias = Annotated[str, BeforeValidator(_check_text)]
"""A text that YAML may read as something else."""


class Section(BaseModel):
    """A part of the configuration: frozen, kebab-case keys, unknown keys are errors.

    What its keys mean stands below each of them, and is read by `config/generate.py` alone:
    pydantic would read every module's source for it at each start.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
    )

    def given(self) -> dict[str, object]:
        """Return what the file said itself, by its keys: defaults are left out."""
        fields = type(self).model_fields
        return {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set}
