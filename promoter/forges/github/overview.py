"""All that a promotion most probably needs to know, in one query: base, branch, pulls, rules, files.

Where an app lives is said by `promoter.yaml`, which comes in the same answer; so the places where
repositories keep apps are asked for, and what is elsewhere is asked for later.
"""

from __future__ import annotations

import json
from dataclasses import field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from promoter.domain.dataclass import dataclass
from promoter.domain.declaration import BRANCH_PREFIX
from promoter.forges.github.file_histories import VERSION, history_field
from promoter.forges.github.folders import FOLDER, Listing, listing
from promoter.forges.github.folders import fields as fields_of_folders
from promoter.forges.github.pull_shapes import PULL, graph_pulls
from promoter.forges.github.rules import RULES, graph_rules

if TYPE_CHECKING:
    from collections.abc import Sequence

    from promoter.domain.model import BranchRules, Pull

# The environment of a request that names none, and those that stand beside it.
_ENVIRONMENT = "prod"
_OTHERS = ("dev", "dev-kind", "staging")
_KUSTOMIZATION = "kustomization.yaml"
CONFIGURATION = (
    'configuration: file(path: "promoter.yaml") '
    "{ name oid mode object { ... on Blob { text isTruncated } } }"
)
"""The field of a commit for the repository's configuration."""
_LAYOUTS = (
    "clusters/{environment}/apps/{app}",
    "apps/{app}/overlays/{environment}",
    "overlays/{environment}/{app}",
    "{app}/overlays/{environment}",
)
# Whose files have a history in the first answer; a path that is not there costs the server most.
_HISTORIES = _LAYOUTS[:2]
_SHARED = ("base", "bases", "common", "components")
COMMITS = 20
# What the names of the branches of promotions and holds begin with.
BRANCHES = "promote"

TIP = f"""
fragment Tip on Commit {{
  oid
  history(first: {COMMITS}) {{
    nodes {{
      oid message committedDate author {{ name }} parents(first: 3) {{ nodes {{ oid }} }}
    }}
  }}
}}
"""
CHANGES = """
fragment Changes on PullRequest {
  commits(first: 20) { totalCount nodes { commit { oid } } }
  files(first: 100) { totalCount nodes { path changeType } }
}
"""


@dataclass(frozen=True, slots=True)
class Guess:
    """One app, and where it and its promotion probably are."""

    app: str
    environment: str
    base: str | None
    is_named: bool = True
    """Whether the environment was asked for."""

    @property
    def branches(self) -> list[str]:
        """The branches that the promotion may have: those of several environments where none is named."""
        environments = (self.environment, *(() if self.is_named else _OTHERS))
        return [f"{BRANCH_PREFIX}{one}/{self.app}" for one in dict.fromkeys(environments)]

    @property
    def branch(self) -> str:
        """The promotion's branch, unless a template names it otherwise."""
        return self.branches[0]

    @property
    def own(self) -> list[PurePosixPath]:
        """The folders of the app in its environment."""
        return [_filled(layout, self.app, self.environment) for layout in _LAYOUTS]

    @property
    def folders(self) -> list[PurePosixPath]:
        """The folders that are looked into: where the app may live, and what it may stand on."""
        environments = dict.fromkeys((self.environment, *_OTHERS))
        there = [_filled(layout, self.app, one) for one in environments for layout in _LAYOUTS]
        near = [
            parent / name
            for folder in there
            if folder.parts[0] in ("clusters", "apps") or folder in self.own
            for parent in folder.parents[:2]
            for name in _SHARED
            if parent != PurePosixPath()
        ]
        names = ("apps/{app}", "apps/{app}/overlays", "{app}", "{app}/overlays", "base/{app}")
        more = [_filled(one, self.app, "") for one in (*names, "apps/base/{app}")]
        fixed = [PurePosixPath("clusters"), PurePosixPath("overlays")]
        # An overlay is looked for as if its folder were named for the app.
        fixed += [PurePosixPath("apps", one) for one in environments]
        return list(dict.fromkeys([*there, *near, *more, *fixed]))

    @property
    def histories(self) -> list[PurePosixPath]:
        """The files whose versions are asked for."""
        environments = dict.fromkeys((self.environment, *_OTHERS))
        return [
            _filled(layout, self.app, one) / _KUSTOMIZATION
            for layout in _HISTORIES
            for one in environments
        ]


@dataclass(frozen=True, slots=True)
class Branch:
    """What the answer says of the promotion's branch; `commits` is None where it does not say."""

    tip: str | None
    rules: BranchRules | None = None
    commits: tuple[dict[str, Any], ...] | None = None
    changed: tuple[PurePosixPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """One answer, taken apart."""

    node: str
    default_branch: str
    base: str
    commit: str
    root: Listing
    rules: BranchRules
    branch: Branch
    pulls: tuple[Pull, ...]
    folders: dict[tuple[str, PurePosixPath], Any] = field(default_factory=dict)
    """Folders as GraphQL shows them, by commit and path."""
    histories: dict[PurePosixPath, list[dict[str, Any]]] = field(default_factory=dict)
    configuration: Any = None
    branches: frozenset[str] | None = None
    """The branches of promotions and holds; None where there are too many for one answer."""


def guess(app: str, environments: Sequence[str], base: str | None) -> Guess:
    """Return where an app's promotion to the one environment that was asked for probably is."""
    is_named = len(environments) == 1
    return Guess(app, environments[0] if is_named else _ENVIRONMENT, base, is_named)


def query(wanted: Guess) -> str:
    """Return the query of everything."""
    head = f"refs/heads/{wanted.base}" if wanted.base else "HEAD"
    named = f"ref(qualifiedName: {json.dumps(head)})" if wanted.base else "defaultBranchRef"
    branch = f"refs/heads/{wanted.branch}"
    fields = [
        "id defaultBranchRef { name }",
        f"base: {named} {{ name ...Rules target {{ ... on Commit {{ {_base_fields(wanted)} }} }} }}",
        *fields_of_folders("f", head, wanted.folders),
        f"branch: ref(qualifiedName: {json.dumps(branch)}) {{ ...Rules target {{ ...Tip }} }}",
        *fields_of_folders("t", branch, wanted.own),
        *fields_of_folders("o", f"{branch}^", wanted.own),
        f'branches: refs(refPrefix: "refs/heads/", query: {json.dumps(BRANCHES)}, first: 100) '
        "{ pageInfo { hasNextPage } nodes { name } }",
        f"pulls: pullRequests(headRefName: {json.dumps(wanted.branch)}, first: 20, "
        "orderBy: {field: CREATED_AT, direction: DESC}) { nodes { ...Pull ...Changes } }",
    ]
    text = "\n    ".join(fields)
    return (
        "query Overview($owner: String!, $name: String!) {\n"
        f"  repository(owner: $owner, name: $name) {{\n    {text}\n  }}\n}}\n"
        f"{FOLDER}{RULES}{PULL}{TIP}{CHANGES}{VERSION}"
    )


def read(shown: Any, wanted: Guess) -> Overview | None:  # noqa: ANN401 - JSON
    """Return an answer taken apart; None where the base has moved while it was made."""
    base, default = shown["base"], shown["defaultBranchRef"]
    target = base["target"]
    commit, root = target["oid"], listing(target["tree"])
    if root is None:
        return None
    folders = {(commit, path): shown[f"f{n}"] for n, path in enumerate(wanted.folders)}
    if not _agree(target, root, folders, wanted, commit):
        return None
    branch = read_branch(shown)
    if branch.tip and branch.commits:
        parents = branch.commits[0]["parents"]["nodes"]
        for n, path in enumerate(wanted.own):
            folders[branch.tip, path] = shown[f"t{n}"]
            if len(parents) == 1:
                folders[parents[0]["oid"], path] = shown[f"o{n}"]
    pulls = graph_pulls(shown["pulls"], shown["id"])
    return Overview(
        node=shown["id"],
        default_branch=default["name"] if default else "",
        base=base["name"],
        commit=commit,
        root=root,
        rules=graph_rules(base),
        branch=branch,
        pulls=tuple(one for one in pulls if one.base == base["name"]),
        folders=folders,
        histories={path: target[f"h{n}"]["nodes"] for n, path in enumerate(wanted.histories)},
        configuration=target["configuration"],
        branches=_branches(shown["branches"]),
    )


def _branches(shown: Any) -> frozenset[str] | None:  # noqa: ANN401 - JSON
    names = frozenset(str(one["name"]) for one in shown["nodes"])
    return None if shown["pageInfo"]["hasNextPage"] else names


def _filled(layout: str, app: str, environment: str) -> PurePosixPath:
    return PurePosixPath(layout.replace("{app}", app).replace("{environment}", environment))


def _base_fields(wanted: Guess) -> str:
    """Return what is asked of the base's commit itself, which cannot move meanwhile."""
    checks = [
        f"k{n}: file(path: {json.dumps(str(path / _KUSTOMIZATION))}) {{ oid }}"
        for n, path in enumerate(wanted.own)
    ]
    histories = [history_field(n, path) for n, path in enumerate(wanted.histories)]
    tree = "tree { oid entries { name mode oid } }"
    return " ".join(["oid", tree, CONFIGURATION, *checks, *histories])


def _agree(
    target: Any,  # noqa: ANN401 - JSON
    root: Listing,
    folders: dict[tuple[str, PurePosixPath], Any],
    wanted: Guess,
    commit: str,
) -> bool:
    """Say whether the folders, which were looked up by the base's name, are those of its commit."""
    for (_, path), shown in folders.items():
        top = PurePosixPath(path.parts[0])
        if shown and top == path and root.get(path.name, ("",))[0] != shown.get("oid"):
            return False
        if shown and str(top) not in root:
            return False
    for n, path in enumerate(wanted.own):
        held = (listing(folders[commit, path]) or {}).get(_KUSTOMIZATION, (None,))[0]
        if held != (target[f"k{n}"] or {}).get("oid"):
            return False
    return True


def read_branch(shown: Any) -> Branch:  # noqa: ANN401 - JSON
    """Return what is said of the branch: which commits are its own is told by its open pull."""
    if not shown["branch"]:
        return Branch(None)
    target = shown["branch"]["target"]
    tip, rules = target["oid"], graph_rules(shown["branch"])
    pull = next((one for one in shown["pulls"]["nodes"] if _is_current(one, tip, shown)), None)
    if pull is None:
        return Branch(tip, rules)
    own = {one["commit"]["oid"] for one in pull["commits"]["nodes"]}
    kinds = {one["changeType"] for one in pull["files"]["nodes"]}
    history = target["history"]["nodes"]
    # Of one commit alone, the pull's files are what it changed.
    if len(own) != 1 or own != {history[0]["oid"]} or not kinds <= {"MODIFIED", "ADDED"}:
        return Branch(tip, rules)
    changed = tuple(PurePosixPath(one["path"]) for one in pull["files"]["nodes"])
    return Branch(tip, rules, (history[0],), changed)


def _is_current(pull: Any, tip: str, shown: Any) -> bool:  # noqa: ANN401 - JSON
    """Say whether a pull is ours, open, at the branch's tip, and shown whole."""
    return bool(
        pull["state"] == "OPEN"
        and pull["headRefOid"] == tip
        and pull["baseRefName"] == shown["base"]["name"]
        and (pull["headRepository"] or {}).get("id") == shown["id"]
        and pull["commits"]["totalCount"] == len(pull["commits"]["nodes"])
        and pull["files"]["totalCount"] == len(pull["files"]["nodes"])
    )
