"""The names of settings, and what is said of a variable or flag that is not one, or is malformed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from promoter.domain.errors import UsageError
from promoter.domain.redaction import shown
from promoter.domain.suggest import closest
from promoter.settings.other_names import options_meant
from promoter.system.environment import names_of_variables

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails
    from pydantic_settings import BaseSettings

# Read before any setting.
_OTHER_VARIABLES = ("PROMOTER_TRACEBACK",)
# Of the project's own tests, and those that Kubernetes sets where a Service has our name.
_OF_OTHER_PROGRAMS = ("PROMOTER_TEST_", "PROMOTER_SERVICE_", "PROMOTER_PORT")
# Words like ours that others begin a variable with, as a workflow does for what it has promoted.
_OF_OTHERS = ("PROMOTED",)
_SWITCHES = {
    "yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false",
    "ja": "true", "oui": "true", "si": "true", "nein": "false", "non": "false", "never": "false",
}  # fmt: skip
# No secret is as short as that.
_SHORT = re.compile(r"\w{1,7}", re.ASCII)
EXAMPLES = {
    "app": "aurora", "tag": "1.4.2", "image": "ghcr.io/owner/app=1.4.2", "env": "prod",
    "from": "dev", "source_revision": "0a1b2c3d", "wait_for_image": "5m", "allow": "downgrade",
    "group": "storefront", "reason": '"1.4.3 loses orders"', "until": "24h", "to": "1.4.2",
    "steps": "2", "number": "20", "shard": "2/4", "repo": "https://github.com/owner/gitops",
    "base": "main", "forge": "github", "api_url": "https://github.example.com/api/v3",
    "config": "promoter.yaml", "transport": "git", "signing_key": "~/.ssh/id_ed25519",
    "cache": "~/.cache/promote", "timeout": "90s", "output": "json", "log_format": "json",
    "shards": "4", "now": "2026-12-01T08:00:00Z", "render_allow": "helm",
    "job_completion_index": "0",
}  # fmt: skip
"""A value of each setting that is not a switch, and that is no secret."""


def initial_name(name: str, field: FieldInfo) -> str:
    """Return the name by which a field's initial value is given."""
    return field.validation_alias if isinstance(field.validation_alias, str) else name


def variable_of_setting(name: str) -> str:
    """Return the variable of a setting of ours."""
    return f"PROMOTER_{name.rstrip('_').upper()}"


def flag_of(name: str) -> str:
    """Return the flag of a setting."""
    return f"--{name.rstrip('_').replace('_', '-')}"


def check_variables(settings: type[BaseSettings], flags: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a variable of ours that nothing reads: what it asks for is not done.

    One that only nearly begins as ours do may be a script's own, which gives it to a flag.
    """
    fields = settings.model_fields.items()
    own = (name for name, field in fields if _is_own(field))
    known = {*(variable_of_setting(name) for name in own), *_OTHER_VARIABLES}
    for name in names_of_variables("PROMOTER_"):
        if name not in known and not name.startswith(_OF_OTHER_PROGRAMS):
            raise UsageError(f"there is no variable {name}", _meant(name, known))
    plain, own_flags = {one.replace("_", ""): one for one in known}, {f.rstrip("_") for f in flags}
    for name in names_of_variables(""):
        begun, _, rest = name.upper().partition("_")
        meant = plain.get(f"PROMOTER{rest.replace('_', '')}")
        given = meant is not None and meant.removeprefix("PROMOTER_").lower() in own_flags
        if meant and not given and begun != "PROMOTER" and _is_nearly_ours(begun):
            hint = f"Did you mean {meant}? Or unset it: nothing reads it."
            raise UsageError(f"there is no variable {name}", hint)


def _is_nearly_ours(word: str) -> bool:
    """Return whether a variable's first word is probably meant to be ours."""
    is_long = len(word) > len("PROMOTER") - 3
    return is_long and word not in _OF_OTHERS and closest(word, ["PROMOTER"]) is not None


def _meant(name: str, known: Iterable[str]) -> str:
    """Return what to do about a variable of ours that there is not: the one that is meant."""
    plain = name.removeprefix("PROMOTER_").lower().replace("_", "-")
    if plain in ("color", "colour", "no-color"):
        return "Set NO_COLOR=1, or unset it: nothing reads it."
    meant = next(map(variable_of_setting, options_meant(plain)), "").replace("-", "_")
    close = meant if meant in known else closest(name, sorted(known))
    if close:
        return f"Did you mean {close}? Or unset it: nothing reads it."
    return "Unset it: nothing reads it. Flags have variables, as --api-url has PROMOTER_API_URL."


def check_flags(flags: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a flag whose value is empty: most often a variable that is not set.

    A variable of ours that is empty counts as absent, as runners set all of them. An empty tag has
    a complaint of its own, and `--from` alone is a form of it.
    """
    for name, value in flags.items():
        if name not in ("from_", "tag", "reason") and "" in (
            value if isinstance(value, list) else [value]
        ):
            flag = flag_of(name)
            raise UsageError(
                f"{flag} is empty",
                f"If a variable holds its value, check whether it is empty; else leave {flag} out.",
            )
    if flags.get("quiet") and flags.get("verbose"):
        raise UsageError("--quiet and --verbose are both given", "Leave one of them out.")


def _is_own(field: FieldInfo) -> bool:
    """Return whether a setting's variable is ours, not one of the runner or of Docker."""
    alias = field.validation_alias
    return alias is None or str(alias).startswith("PROMOTER_")


def malformed(error: ValidationError, flags: Mapping[str, Any]) -> UsageError:
    """Return the complaint about a flag or a variable: what it is, what it must be, what to write."""
    first = error.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0])
    if name == "PROMOTER_FROM":
        name = "from_"
    source = flag_of(name) if name in flags else variable_of_setting(name)
    where = name if name.isupper() else source
    reason, _, hint = _reason(first).partition("\n")
    given = first["input"]
    if name == "output":
        reason = "must be text or json, or markdown for status and history"
    # What a variable holds may be a secret that has gone astray.
    may_show = isinstance(given, str) and (name in flags or _SHORT.fullmatch(given) is not None)
    if may_show and shown(given) not in reason:
        reason = f"{reason}, not {shown(given)}"
    sign = " " if where.startswith("--") else "="
    if len(first["loc"]) > 1 and "," in str(given) and sign == "=":
        hint = f"{where} takes one a line."
    if name in ("timeout", "wait_for_image"):
        hint = hint.replace("Did you mean ", f"Did you mean {where}{sign}")
    return UsageError(f"{where}: {reason}", hint or _example(where, name, given))


def _reason(error: ErrorDetails) -> str:
    """Return what a value must be, in our words for what pydantic has found."""
    if error["type"] in ("int_parsing", "int_type", "int_from_float", "greater_than_equal"):
        return "must be a whole number of 1 or more"
    reason = error["msg"].removeprefix("Value error, ")
    return f"{reason[0].lower()}{reason[1:]}".replace("input should be", "must be")


def _example(where: str, name: str, given: object) -> str:
    """Return what to write in place of a value that cannot be read."""
    sign = " " if where.startswith("--") else "="
    if name.lower() not in EXAMPLES:
        value = _SWITCHES.get(str(given).lower())
        return f"Write {where}{sign}{value or f'true, or {where}{sign}false'}"
    return f"Write it as in {where}{sign}{EXAMPLES[name.lower()]}"
