"""Writes by GraphQL, several in a request: GitHub does them in order, and answers each by itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from promoter.domain.branch import CommitDraft, Opening
from promoter.domain.dataclass import dataclass
from promoter.domain.pull import Pull
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import GitHubError
from promoter.forges.github.pulls import node_ids
from promoter.forges.github.pulls.shapes import PULL, WRITTEN, graph_pull

# Where a commit is made before its branch is moved there.
_ASIDE = "promote-commit"


@dataclass(frozen=True, slots=True)
class Mutation:
    """One write: its field in GraphQL, what goes into it, and what is asked of its answer."""

    field: str
    input: Mapping[str, Any]
    answer: str = "clientMutationId"


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of several writes, each by its name."""

    done: Mapping[str, Any]
    """What GitHub answered to those that it did."""
    failed: Mapping[str, str]
    """What GitHub said of those that it did not do."""

    def of(self, suffix: str) -> Answers:
        """Return the answers to the writes whose names end in a number, under their names without it."""
        done, failed = (
            {_name(key): one for key, one in answers.items() if key == _name(key) + suffix}
            for answers in (self.done, self.failed)
        )
        return Answers(done, failed)


def document(name: str, writes: Mapping[str, Mutation]) -> str:
    """Return the document that does some writes, with each input as the variable of its name."""
    variables = ", ".join(f"${key}: {_kind(one)}!" for key, one in writes.items())
    fields = "\n".join(
        f"  {key}: {one.field}(input: ${key}) {{ {one.answer} }}" for key, one in writes.items()
    )
    return f"mutation {name}({variables}) {{\n{fields}\n}}\n{PULL if '...Pull' in fields else ''}"


def carry_out_one(client: Client, name: str, write: Mutation) -> Any:  # noqa: ANN401 - JSON
    """Return what GitHub answers to one write; raises one of `FAILURES` where it was not done."""
    data = client.api.graphql(document(name, {"write": write}), {"write": dict(write.input)})
    return data["write"]


def send_mutations(client: Client, name: str, writes: Mapping[str, Mutation]) -> Answers:
    """Do writes in one request; one that GitHub does not do keeps none of the others from it.

    Raises one of `FAILURES` where it is not known what was done.
    """
    said: Mapping[str, str] = {}
    try:
        data = client.api.graphql(
            document(name, writes), {key: dict(one.input) for key, one in writes.items()}
        )
    except GitHubError as error:
        answer = error.data
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), dict):
            raise
        data, said = answer["data"], _said(answer.get("errors"))
    done = {key: data[key] for key in writes if isinstance(data.get(key), dict)}
    return Answers(done, {key: said.get(key, "") for key in writes if key not in done})


def aside_of(branch: str) -> str:
    """Return the place aside of a branch, at which its commits are made before it moves there."""
    return f"{_ASIDE}/{branch}"


def new_branch(repository: str, branch: str, commit: str) -> Mutation:
    """Return the write of a branch that is not there yet; `repository` is GitHub's id of it."""
    wanted = {"repositoryId": repository, "name": f"refs/heads/{branch}", "oid": commit}
    return Mutation("createRef", wanted, "ref { name }")


def new_commit(client: Client, draft: CommitDraft, branch: str) -> Mutation:
    """Return the write of a commit on a branch, which must be at the draft's parent."""
    title, _, body = draft.message.partition("\n")
    additions = [
        {"path": str(path), "contents": base64.b64encode(data).decode()}
        for path, data in draft.files.items()
        if data is not None
    ]
    deletions = [{"path": str(path)} for path, data in draft.files.items() if data is None]
    wanted = {
        "branch": {
            "repositoryNameWithOwner": f"{client.owner}/{client.name}",
            "branchName": branch,
        },
        "message": {"headline": title, "body": body.strip("\n")},
        "fileChanges": {"additions": additions, "deletions": deletions},
        "expectedHeadOid": draft.onto,
    }
    return Mutation("createCommitOnBranch", wanted, "commit { oid }")


def new_pull(client: Client, branch: str, opens: Opening) -> Mutation:
    """Return the write of a pull, whose answer tells the ids of what it is to get beside its text.

    The repository's id must be known.
    """
    wanted = {
        "repositoryId": client.node,
        "headRefName": branch,
        "baseRefName": opens.base,
        "title": opens.draft.title,
        "body": opens.draft.body,
        "draft": opens.extras.draft,
    }
    names = node_ids.fields(opens.extras, teams=client.api.may_read_teams)
    beside = f" repository {{ {names} }}" if names else ""
    return Mutation("createPullRequest", wanted, f"pullRequest {{ {WRITTEN}{beside} }}")


def opened(client: Client, shown: Any, opens: Opening) -> Pull:  # noqa: ANN401 - JSON
    """Return the pull that was opened, and keep the ids that its answer tells.

    Raises `TypeError` or `KeyError` for an answer that shows none.
    """
    pull = graph_pull(shown["pullRequest"])
    if beside := shown["pullRequest"].get("repository"):
        client.ids[pull.node] = node_ids.read(beside, opens.extras)
    return pull


def _name(key: str) -> str:
    """Return the name of one of several like writes, without its number."""
    return key.rstrip("0123456789")


def _kind(one: Mutation) -> str:
    """Return the type of a write's input, which GitHub calls after its field."""
    return f"{one.field[:1].upper()}{one.field[1:]}Input"


def _said(errors: object) -> dict[str, str]:
    """Return what an answer's errors say, by the write that each is about."""
    found: dict[str, str] = {}
    for one in errors if isinstance(errors, list) else ():
        path = one.get("path") if isinstance(one, dict) else None
        if isinstance(path, list) and path:
            found.setdefault(str(path[0]), str(one.get("message") or ""))
    return found
