"""What every part of the configuration is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


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
