"""Queries about one repository, as GraphQL takes them: its branches and pulls by their names."""

from __future__ import annotations

import json
from collections.abc import Iterable


def repository_query(name: str, fields: Iterable[str], *fragments: str) -> str:
    """Return the query for some fields of the repository, with the fragments that they need.

    It also asks for the repository's name: GitHub answers for one that was renamed as well.
    """
    shown = "\n    ".join(("nameWithOwner", *fields))
    return (
        f"query {name}($owner: String!, $name: String!) {{\n"
        f"  repository(owner: $owner, name: $name) {{\n    {shown}\n  }}\n}}\n{''.join(fragments)}"
    )


def branch_field(alias: str, branch: str | None, shown: str) -> str:
    """Return the field of a branch, None for the default one, and what it shows."""
    ref = json.dumps(f"refs/heads/{branch}")
    named = f"ref(qualifiedName: {ref})" if branch else "defaultBranchRef"
    return f"{alias}: {named} {{ {shown} }}"


def pulls_field(alias: str, branch: str, most: int, shown: str = "") -> str:
    """Return the field of the newest pulls from branches of a name, also those of forks.

    Each shows the fragment `Pull`, and what else is given.
    """
    return (
        f"{alias}: pullRequests(headRefName: {json.dumps(branch)}, first: {most}, "
        f"orderBy: {{field: CREATED_AT, direction: DESC}}) {{ totalCount nodes {{ ...Pull {shown} }} }}"
    )
