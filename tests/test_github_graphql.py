"""Every GraphQL document of ours is valid in GitHub's own schema, where that was downloaded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promoter.domain.branch import CommitDraft, Opening, Renewal
from promoter.domain.pull import Pull, PullDraft, PullExtras, PullState
from promoter.forges.github.api import mutations, queries
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.field_types import TYPES
from promoter.forges.github.api.http import GitHubHttp
from promoter.forges.github.first_look import first_pulls, guess, overview
from promoter.forges.github.git_data import branches, commit_pulls, folders, versions
from promoter.forges.github.git_data.file_histories import FileHistories
from promoter.forges.github.git_data.objects import dates_query
from promoter.forges.github.git_data.refs import Refs
from promoter.forges.github.pulls import changes, comments, extras_at_once, node_ids, open_pulls
from promoter.system.deadline import Deadline
from tests.servers.github import Token
from tests.servers.github.errors import GraphError
from tests.servers.github.field_permissions import check_scopes
from tests.servers.github.graph_language import Selection, parse

pytestmark = pytest.mark.provisioned

_GUESS = guess.guess("aurora", ["prod"], None)
DOCUMENTS = {
    "overview": overview.query(None, _GUESS),
    "first pulls": first_pulls.query(_GUESS),
    "overview of a named base": overview.query("main", guess.guess("a", [], "main")),
    "base": overview.query(None, None),
    "a named base": overview.query("main", None),
    "branches": branches.branches_query("main", ["a", "b"], commits=True),
    "branches' pulls": branches.branches_query("main", ["a", "b"]),
    "history": FileHistories("0" * 40, _GUESS.histories).query,
    "pulls": branches.branches_query(
        "main", ["a"], histories=FileHistories("0" * 40, _GUESS.histories)
    ),
    "open pulls": open_pulls.query(None),
    "more open pulls": open_pulls.query("x"),
    "pulls of commits": commit_pulls.query(["0" * 40, "1" * 40]),
    "waits": queries.repository_query(
        "Waits", [f"pullRequest(number: 1) {{ {extras_at_once.WAITS} }}"]
    ),
    "versions": versions.query([versions.HistoryPage("0" * 40, _GUESS.histories[0], "x")], 5),
    "dates": dates_query(["0" * 40, "1" * 40]),
    "folders": folders.query(("0" * 40, one) for one in _GUESS.folders),
}
_PULL = Pull(1, "", PullState.OPEN, "b", "main", "0" * 40, "title", "body", "PR_1")
_EXTRAS = PullExtras(("bug",), ("alice", "team:platform"), ("bob",), "Q1", auto_merge=True)
_IDS = node_ids.NodeIds({"bug": "L"}, {"alice": "A", "bob": "B", "team:platform": "T"}, {"Q1": "M"})


def _writes(client: Client) -> dict[str, dict[str, mutations.Mutation]]:
    """Return the writes of every document that is put together, by its name."""
    text = PullDraft("title", "body")
    draft = CommitDraft("b", "0" * 40, None, {}, "message", "author")
    refs = Refs(client)
    client.node = "R"
    branch = mutations.new_branch("R", "b", "0" * 40)
    commit = mutations.new_commit(client, draft, "b")
    renewal = changes.changes(Renewal(_PULL, text, "said"))
    said = {"commentEdge": {"node": {"id": "IC_1"}}}
    return {
        "Deliver": {
            "ref": branch,
            "commit": commit,
            "pull": mutations.new_pull(client, "b", Opening(text, "main", _EXTRAS)),
        },
        "Aside": {"ref": branch, "commit": commit},
        "Replace": {"branch": refs.moves(("b", "0" * 40, None)), **renewal},
        "Update": {"branch": commit, **renewal},
        "Open": {
            f"pull{n}": mutations.new_pull(client, "b", Opening(text, "main", _EXTRAS))
            for n in range(2)
        },
        "Renew": {f"{name}{n}": one for n in range(2) for name, one in renewal.items()},
        "TakeBack": {"comment": comments.deletion(said)},
        "Extras": extras_at_once.writes(_PULL, _EXTRAS, _IDS),
        "Enqueue": {"write": extras_at_once.enqueuing(_PULL)},
    }


_BLOBS = """
query Blobs($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { b0: object(oid: "%s") { ... on Blob { text } } }
}
"""


def _made() -> dict[str, str]:
    """Return every document that is put together, by its name."""
    return {name: mutations.document(name, one) for name, one in _writes(_client()).items()}


def _client() -> Client:
    return Client("https://api.example.org", ("o", "r"), None, GitHubHttp(Deadline(1)))


def test_no_document_needs_another_scope_than_a_classic_tokens_repo() -> None:
    client = _client()
    client.api.may_read_teams = False
    writes = _writes(client).items()
    made = {name: mutations.document(name, one) for name, one in writes}
    for text in {**DOCUMENTS, **made}.values():
        check_scopes(parse(text), Token(scopes="repo"))
    with pytest.raises(GraphError, match=r"'id' field requires .* 'read:org'|'team' field"):
        check_scopes(parse(_made()["Deliver"]), Token(scopes="repo"))


def _leaves(selections: Iterable[Selection]) -> Iterator[str]:
    """Yield the names under which the fields that are no objects are answered."""
    for one in selections:
        if one.children:
            yield from _leaves(one.children)
        elif one.kind is None:
            yield one.alias or one.name


def test_each_field_that_is_no_object_is_checked_when_it_is_answered() -> None:
    for text in {**DOCUMENTS, **_made()}.values():
        document = parse(text)
        parts = (document.selections, *(one.children for one in document.fragments.values()))
        for part in parts:
            assert set(_leaves(part)) <= set(TYPES)


def _nulls(graphql: Any, schema: Any, document: Any) -> list[str]:
    """Return the fields that GitHub may answer with null, and that are refused then."""
    seen, found = graphql.TypeInfo(schema), []

    class Fields(graphql.Visitor):  # type: ignore[misc] # graphql-core is not always here
        def enter_field(self, node: Any, *_: object) -> None:
            kind, name = seen.get_type(), (node.alias or node.name).value
            is_leaf = graphql.is_leaf_type(graphql.get_named_type(kind))
            if is_leaf and not graphql.is_non_null_type(kind) and not TYPES[name](None):
                found.append(name)

    graphql.visit(document, graphql.TypeInfoVisitor(seen, Fields()))
    return found


def test_documents_are_valid_in_githubs_schema() -> None:
    named = os.environ.get("PROMOTER_TEST_GITHUB_GRAPHQL")
    if not named or not Path(named).exists():
        pytest.skip("PROMOTER_TEST_GITHUB_GRAPHQL names no file")
    graphql = pytest.importorskip("graphql", reason="graphql-core is not here")
    schema = graphql.build_schema(Path(named).read_text(encoding="utf-8"), assume_valid=True)
    assert len(DOCUMENTS) >= 5
    writes = _writes(_client())
    for name, text in {**DOCUMENTS, **_made(), "blobs": _BLOBS % ("0" * 40)}.items():
        document = graphql.parse(text)
        errors = graphql.validate(schema, document)
        assert not errors, f"{name}: {errors}"
        assert set(_nulls(graphql, schema, document)) == set()
    for one in (one for several in writes.values() for one in several.values()):
        kind = schema.get_type(f"{one.field[0].upper()}{one.field[1:]}Input")
        # Raises where a field is not GitHub's, or one that it demands is missing.
        graphql.utilities.coerce_input_value(dict(one.input), kind)
