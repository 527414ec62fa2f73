"""The ids by which GraphQL knows labels, people, teams and milestones, asked for by their names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import field
from typing import Any

from promoter.domain.dataclass import dataclass
from promoter.domain.pull import PullExtras

TEAM = "team:"


@dataclass(slots=True)
class NodeIds:
    """What is known of the names in a pull's extras; a name that GitHub does not know is left out."""

    labels: dict[str, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    """Users by their login, and teams as `team:NAME`."""
    milestones: dict[str, str] = field(default_factory=dict)


def fields(extras: PullExtras, *, teams: bool = True) -> str:
    """Return the fields of a repository that tell the ids of the names in some extras; "" for none.

    `teams`: also those of teams, which not every token may ask for.
    """
    users, named = _people(extras)
    found = [
        f"l{n}: label(name: {json.dumps(name)}) {{ id }}" for n, name in enumerate(extras.labels)
    ]
    found += [
        f"u{n}: assignableUsers(query: {json.dumps(name)}, first: 10) {{ nodes {{ id login }} }}"
        for n, name in enumerate(users)
    ]
    if extras.milestone is not None:
        title = json.dumps(extras.milestone)
        found.append(
            f"milestones(query: {title}, states: OPEN, first: 20) {{ nodes {{ id title }} }}"
        )
    if named and teams:
        asked = " ".join(
            f"t{n}: team(slug: {json.dumps(name)}) {{ id }}" for n, name in enumerate(named)
        )
        found.append(f"owner {{ ... on Organization {{ {asked} }} }}")
    return " ".join(found)


def read(shown: Any, extras: PullExtras) -> NodeIds:  # noqa: ANN401 - JSON
    """Return the ids that a repository with these fields shows; raises `TypeError` for none."""
    users, teams = _people(extras)
    ids = NodeIds()
    for n, name in enumerate(extras.labels):
        if one := shown.get(f"l{n}"):
            ids.labels[name] = str(one["id"])
    for n, name in enumerate(users):
        for one in shown[f"u{n}"]["nodes"]:
            if one["login"].casefold() == name.casefold():
                ids.people[name] = str(one["id"])
    for one in (shown.get("milestones") or {}).get("nodes") or ():
        ids.milestones[one["title"]] = str(one["id"])
    for n, name in enumerate(teams):
        if one := (shown.get("owner") or {}).get(f"t{n}"):
            ids.people[f"{TEAM}{name}"] = str(one["id"])
    return ids


def _people(extras: PullExtras) -> tuple[Sequence[str], Sequence[str]]:
    named = tuple(dict.fromkeys((*extras.reviewers, *extras.assignees)))
    users = [one for one in named if not one.startswith(TEAM)]
    return users, [one.removeprefix(TEAM) for one in named if one.startswith(TEAM)]
