"""The variables that settings are read from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices
from pydantic_settings import EnvSettingsSource

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


class SetVariables(EnvSettingsSource):
    """The environment, in which only the settings that it has are looked at closely.

    A run has five of fifty, and to find out what type each has takes longer than all else.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return a setting's text, or None, with its key and whether it has parts."""
        alias = field.validation_alias or self.env_prefix + field_name
        names = alias.choices if isinstance(alias, AliasChoices) else [alias]
        if not any(str(name).lower() in self.env_vars for name in names):
            return None, field_name, True
        return super().get_field_value(field, field_name)

    def prepare_field_value(
        self,
        field_name: str,
        field: FieldInfo,
        value: Any,  # noqa: ANN401 - of any setting
        value_is_complex: bool,
    ) -> Any:  # noqa: ANN401 - of any setting
        """Return a setting's value from its text; None stays so."""
        if value is None:
            return None
        return super().prepare_field_value(field_name, field, value, value_is_complex)
