"""Every GraphQL document of ours is valid in GitHub's own schema, where that was downloaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from promoter.forges.github import branches, extras, first_pulls, folders, forge, overview, versions
from promoter.forges.github.file_histories import FileHistories

pytestmark = pytest.mark.provisioned

_GUESS = overview.guess("aurora", ["prod"], None)
DOCUMENTS = {
    f"{module.__name__}.{name}": text
    for module in (branches, extras, forge)
    for name, text in vars(module).items()
    if isinstance(text, str) and text.lstrip().startswith(("mutation", "query"))
} | {
    "overview": overview.query(_GUESS),
    "first pulls": first_pulls.query(_GUESS),
    "overview of a named base": overview.query(overview.guess("a", [], "main")),
    "history": FileHistories("0" * 40, _GUESS.histories).query,
    "pulls": forge.pulls_query(FileHistories("0" * 40, _GUESS.histories)),
    "versions": versions.query([versions.Page("0" * 40, _GUESS.histories[0], "x")], 5),
    "folders": folders.query("0" * 40, _GUESS.folders),
}
_BLOBS = """
query Blobs($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) { b0: object(oid: "%s") { ... on Blob { text } } }
}
"""


def test_documents_are_valid_in_githubs_schema() -> None:
    named = os.environ.get("PROMOTER_TEST_GITHUB_GRAPHQL")
    if not named or not Path(named).exists():
        pytest.skip("PROMOTER_TEST_GITHUB_GRAPHQL names no file")
    graphql = pytest.importorskip("graphql", reason="graphql-core is not here")
    schema = graphql.build_schema(Path(named).read_text(encoding="utf-8"), assume_valid=True)
    assert len(DOCUMENTS) >= 6
    for name, text in {**DOCUMENTS, "blobs": _BLOBS % ("0" * 40)}.items():
        errors = graphql.validate(schema, graphql.parse(text))
        assert not errors, f"{name}: {errors}"
