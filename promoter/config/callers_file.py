"""Which keys of `promoter.yaml` count in the repository's own file, and which in a caller's."""

from __future__ import annotations

from promoter.config import FILE
from promoter.config.config import Config
from promoter.config.document import Document
from promoter.domain.errors import UsageError
from promoter.domain.json import mapping
from promoter.domain.redaction import shown

WIRING = frozenset({"repository", "base", "forge", "api-url", "transport", "author", "templates"})
# What has to be known before the repository's own file can be read, and the flag that says it.
_KNOWN_BEFORE = {"repository": "repo", "base": "base", "forge": "forge", "api-url": "api-url"}


def wiring_only(document: Document) -> None:
    """Raise `UsageError` where a caller's file decides what the GitOps repository decides itself."""
    keys = mapping(document.value)
    extra = [key for key in keys if key not in WIRING]
    if not is_wiring(document):
        raise UsageError(
            f"{', '.join(extra)} may not come from --config: the GitOps repository has a "
            f"{FILE}, and it alone defines apps, environments and policy",
            f"Try it with --dry-run; to have it in force, change {FILE} in the GitOps repository "
            "by a reviewed pull request.",
            **document.place(extra[:1]),
        )
    if "branch" in mapping(keys.get("templates")):
        raise UsageError(
            f"templates.branch may not come from --config: the GitOps repository has a {FILE}, "
            "and it alone says which branches promote writes to",
            f"Leave it out, or change {FILE} in the GitOps repository.",
            **document.place(("templates", "branch")),
        )


def warnings_of_own_keys(document: Document) -> list[str]:
    """Return a warning for each key of the repository's own file that cannot count there."""
    keys = mapping(document.value)
    found = []
    for key in (one for one in keys if one in _KNOWN_BEFORE):
        place = document.place((key,))
        found.append(
            f"{place['file']}:{place['line']}:{place['column']}: {key} has no effect here, as it "
            f"has to be known before this file can be read: remove it; where it is to count, give "
            f"--{_KNOWN_BEFORE[key]} {shown(str(keys[key]))}"
        )
    return found


def is_wiring(document: Document) -> bool:
    """Return whether a caller's file leaves apps, environments and policy to the repository's."""
    return all(key in WIRING for key in mapping(document.value))


def merge_wiring(policy: Config, wiring: Config) -> Config:
    """Return the repository's configuration with the caller's wiring over it."""
    given = {key: getattr(wiring, key) for key in wiring.model_fields_set}
    texts = wiring.templates
    if "templates" in given:
        own = {key: getattr(texts, key) for key in texts.model_fields_set}
        given["templates"] = policy.templates.model_copy(update=own)
    return policy.model_copy(update=given)
