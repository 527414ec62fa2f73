"""The pulls of one repository on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from promoter.domain.errors import RaceLostError, RemoteError
from promoter.domain.model import Pull, PullState
from promoter.forges.github import first_pulls
from promoter.forges.github.client import FAILURES, UNLIKE, Client
from promoter.forges.github.comments import add_comment
from promoter.forges.github.extras import ExtrasAddition, possible_extras
from promoter.forges.github.file_histories import FileHistories
from promoter.forges.github.pages import read_page, read_pages
from promoter.forges.github.pull_changes import closed, ended, renewed
from promoter.forges.github.pull_shapes import PULL, graph_pulls, own_pull, rest_pull
from promoter.forges.github.rest_rules import rest_rules
from promoter.forges.github.rules import RULES, graph_rules

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import PurePosixPath

    from pydantic import SecretStr

    from promoter.domain.model import BranchRules, PullDraft, PullExtras, Tree
    from promoter.forges.github.first_query import FirstQuery
    from promoter.forges.github.http import Http
    from promoter.forges.github.overview import Guess

_ACTIONS = "github-actions[bot]"


def pulls_query(histories: FileHistories) -> str:
    """Return the query for the pulls from a branch to a base, with the rules of both."""
    return f"""
query Pulls(
  $owner: String!, $name: String!, $branch: String!, $base: String!, $ref: String!, $head: String!
) {{
  repository(owner: $owner, name: $name) {{
    id {histories.field}
    base: ref(qualifiedName: $ref) {{ ...Rules }}
    head: ref(qualifiedName: $head) {{ ...Rules }}
    pullRequests(
      headRefName: $branch, baseRefName: $base, first: 30,
      orderBy: {{field: CREATED_AT, direction: DESC}}
    ) {{ nodes {{ ...Pull }} }}
  }}
}}
{RULES}{PULL}{histories.fragment}"""


class GitHubForge:
    """The pulls of one repository on GitHub; a read is repeated on failure, a write is found."""

    def __init__(
        self,
        api_url: str,
        repository: tuple[str, str],
        token: SecretStr | None,
        http: Http,
        first: FirstQuery | None = None,
    ) -> None:
        self.client = Client(api_url, repository, token, http, first)
        self._begun = first.pulls_of if first else None

    def disconnect(self) -> None:
        """End the connections."""
        self.client.disconnect()

    def pulls(
        self, branch: str, base: str, history: tuple[Tree, Sequence[PurePosixPath]] | None = None
    ) -> tuple[Pull, ...]:
        """Return the pulls from a branch to a base in every state, newest first.

        The history of some files of a commit, which will be asked for next, comes along.
        """
        seen = self.client.pulls.pop((branch, base), None)
        begun, self._begun = self._begun, None
        if seen is None and begun is not None and branch in begun.branches:
            seen = self._pulls_begun(begun, branch, base)
        if seen is None:
            seen = self._pulls_by_graph(branch, base, FileHistories.of(history))
        return self._pulls_by_rest(branch, base) if seen is None else seen

    def _pulls_begun(self, wanted: Guess, branch: str, base: str) -> tuple[Pull, ...] | None:
        """Return the pulls as the first query tells them; None where it asked about another base."""
        try:
            answer = self.client.graphql(first_pulls.query(wanted), self.client.names)
            seen = first_pulls.read(answer["repository"], wanted)
        except UNLIKE as error:
            raise self.client.failure("list the pulls", error) from error
        except FAILURES:
            return self._pulls_by_rest(branch, base)
        if seen.base != base:
            return None
        self.client.rules |= seen.rules
        self.client.histories |= seen.histories
        return seen.pulls[branch]

    def _pulls_by_graph(
        self, branch: str, base: str, histories: FileHistories
    ) -> tuple[Pull, ...] | None:
        """Return a branch's pulls, which brings the rules of both along; None without GraphQL."""
        names = {
            **self.client.names,
            "branch": branch,
            "base": base,
            "ref": f"refs/heads/{base}",
            "head": f"refs/heads/{branch}",
        }
        try:
            found = self.client.graphql(pulls_query(histories), names)["repository"]
            pulls = graph_pulls(found["pullRequests"], found["id"])
            self.client.histories |= histories.read(found)
        except UNLIKE as error:
            raise self.client.failure("list the pulls", error) from error
        except FAILURES:
            return None
        self.client.rules |= {base: graph_rules(found["base"]), branch: graph_rules(found["head"])}
        return pulls

    def _pulls_by_rest(self, branch: str, base: str) -> tuple[Pull, ...]:
        wanted = {
            "state": "all",
            "head": f"{self.client.owner}:{branch}",
            "base": base,
            "sort": "created",
            "direction": "desc",
        }
        client = self.client
        listed = client.read(
            "list the pulls", lambda: read_page(client, "/pulls", own_pull, wanted)
        )
        return tuple(one for one in listed if one is not None and one.branch == branch)

    def all(self) -> tuple[Pull, ...]:
        """Return the open pulls, newest first."""
        wanted = {"state": "open", "sort": "created", "direction": "desc"}
        listed = read_pages(self.client, "list the pulls", "/pulls", own_pull, wanted)
        return tuple(one for one in listed if one is not None)

    def open(self, draft: PullDraft, *, branch: str, base: str, as_draft: bool = False) -> Pull:
        """Return the one open pull of a branch, opened now unless another run just did."""
        opened = self.client.opened.pop((branch, base), None)
        if opened is not None:
            return opened
        wanted: dict[str, object] = {
            "title": draft.title,
            "body": draft.body,
            "head": branch,
            "base": base,
        }
        if as_draft:
            wanted["draft"] = True

        def find() -> Pull | None:
            # The answer may have been lost after the pull was made, or another run was faster.
            found = self.pulls(branch, base)
            return next((one for one in found if one.state is PullState.OPEN), None)

        try:
            return self.client.write(
                "open the pull",
                lambda: rest_pull(self.client.ask("POST", "/pulls", input=wanted)),
                find,
            )
        except RemoteError as error:
            if self._is_gone(branch):
                raise RaceLostError(
                    f"{branch} was deleted before its pull was opened", "Run again."
                ) from error
            raise

    def _is_gone(self, branch: str) -> bool:
        """Return whether a branch that was there is not there any more."""
        try:
            self.client.ask("GET", f"/git/ref/heads/{branch}")
        except FAILURES as error:
            return getattr(error, "status", None) == 404
        return False

    def renew(self, pull: Pull, draft: PullDraft) -> Pull:
        """Give an open pull a title and a body; `RaceLostError` where it has ended meanwhile."""
        return renewed(self.client, pull, draft, None) or self._renew_by_rest(pull, draft)

    def announce(self, pull: Pull, draft: PullDraft, text: str) -> tuple[Pull, tuple[str, ...]]:
        """Renew an open pull and say what that changes; returns it, and why nothing was said."""
        if changed := renewed(self.client, pull, draft, text):
            return changed, ()
        missing: tuple[str, ...] = ()
        self._still_open(pull, draft)
        try:
            add_comment(self.client, pull, text, once=True)
        except RemoteError as error:
            missing = (error.message,)
        return self._renew_by_rest(pull, draft), missing

    def _renew_by_rest(self, pull: Pull, draft: PullDraft) -> Pull:
        before = self._still_open(pull, draft)
        wanted = {"title": draft.title, "body": draft.body}

        def find() -> Pull | None:
            found = self.read(pull.number)
            return found if _says(found, draft) else None

        changed = self.client.write("renew the pull", lambda: self._edit(pull, wanted), find)
        if changed.state is not PullState.OPEN:
            # It ended between the look and the write, for which GitHub has no condition.
            self._edit(pull, {"title": before.title, "body": before.body})
            raise ended(changed)
        return changed

    def comment(self, pull: Pull, text: str, *, once: bool = False) -> None:
        """Say something on an open pull; `once`: unless it was said already, by whatever run."""
        self._still_open(pull)
        add_comment(self.client, pull, text, once=once)

    def close(self, pull: Pull, draft: PullDraft | None = None, comment: str | None = None) -> Pull:
        """End a pull unmerged, where given with a last text and a comment that says why."""
        if draft is not None and comment is not None:
            if changed := closed(self.client, pull, draft, comment):
                return changed
            now = self.read(pull.number)
            if now.state is not PullState.OPEN and _says(now, draft):
                # It was done, and the answer was lost.
                return now
            self.comment(pull, comment, once=True)
            pull = self._renew_by_rest(pull, draft)

        def find() -> Pull | None:
            found = self.read(pull.number)
            return None if found.state is PullState.OPEN else found

        return self.client.write(
            "close the pull", lambda: self._edit(pull, {"state": "closed"}), find
        )

    def read(self, number: int) -> Pull:
        """Return a pull as it is now."""
        return self.client.read(
            "read the pull", lambda: rest_pull(self.client.ask("GET", f"/pulls/{number}")), new=True
        )

    def has_reviews(self, pull: Pull) -> bool:
        """Say whether somebody has reviewed a pull."""
        path = f"/pulls/{pull.number}/reviews"
        return bool(self.client.read("read the reviews", lambda: self.client.ask("GET", path)))

    def add_extras(
        self, pull: Pull, extras: PullExtras
    ) -> tuple[Pull, tuple[str, ...], tuple[str, ...]]:
        """Give a pull what it lacks; returns it with what was done, and what could not be."""
        done, warnings = ExtrasAddition(self.client, pull, extras).run()
        if pull.author == _ACTIONS:
            warnings = (
                *warnings,
                "the pull was opened with the workflow's own token: GitHub starts no checks on "
                "it; use a GitHub App's token where checks are required",
            )
        return (self.read(pull.number) if extras.auto_merge else pull), done, warnings

    def possible_extras(self, pull: Pull, extras: PullExtras) -> PullExtras:
        """Return what of the extras a pull can be given, as far as asking tells."""
        return possible_extras(self.client, pull, extras)

    def rules(self, branch: str) -> BranchRules:
        """Return what the rules demand of a branch, which came with its pulls by GraphQL."""
        if branch not in self.client.rules:
            self.client.rules[branch] = rest_rules(self.client, branch)
        return self.client.rules[branch]

    def requests_made(self) -> str:
        """Return how many requests the API was asked."""
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.client.counts.items()))
        return f"github: {self.client.counts.total()} requests ({kinds or 'none'})"

    def _still_open(self, pull: Pull, written: PullDraft | None = None) -> Pull:
        """Return a pull as it is now; what a person has merged or closed is written to no more.

        Where a text is there that was `written` and never answered, it is taken back.
        """
        now = self.read(pull.number)
        if now.state is PullState.OPEN:
            return now
        if written is not None and _says(now, written):
            self._edit(pull, {"title": pull.title, "body": pull.body})
        raise ended(now)

    def _edit(self, pull: Pull, changes: dict[str, str]) -> Pull:
        """Change a pull."""
        return rest_pull(self.client.ask("PATCH", f"/pulls/{pull.number}", input=changes))


def _says(pull: Pull, draft: PullDraft) -> bool:
    """Say whether a pull has the title and the body that a draft wants."""
    return (pull.title, pull.body) == (draft.title, draft.body)
