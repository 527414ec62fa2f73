"""One repository behind GitHub's API: reads that are repeated, writes that are found again."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

from tenacity import (
    Retrying,
    retry_if_exception,
    stop_any,
    stop_before_delay,
)

from promoter.domain.errors import PromoteError
from promoter.domain.pull import BranchRules, Pull
from promoter.domain.redaction import one_line
from promoter.forges.github.api.failures import (
    FAILURES,
    UNLIKE,
    GitHubError,
    github_error,
    is_limit,
    is_passing,
)
from promoter.forges.github.api.graphql_answers import data_but_for_rules
from promoter.forges.github.api.http import GitHubHttp, NoAnswerError
from promoter.forges.github.api.retry import (
    AsGitHubSays,
    Settled,
    is_unknown,
    until_answered,
    until_done,
    until_known,
)
from promoter.forges.github.api.transport import Api
from promoter.system.budget import FORGE_REPEATS, FORGE_SETTLING

if TYPE_CHECKING:
    from pydantic import SecretStr

    from promoter.forges.github.first_look.first_query import FirstQuery
    from promoter.forges.github.pulls.node_ids import NodeIds

T = TypeVar("T")

_LOG = logging.getLogger(__name__)


class Client:
    """A repository's API with its deadline, its errors in plain words, and a count of its requests."""

    def __init__(
        self,
        api_url: str,
        repository: tuple[str, str],
        token: SecretStr | None,
        http: GitHubHttp,
        first: FirstQuery | None = None,
    ) -> None:
        self.owner, self.name = repository
        self._host = urlsplit(api_url).netloc
        self.deadline = http.deadline
        self.node = ""
        """GitHub's own id of the repository, as soon as an answer has shown it."""
        self.rules: dict[str, BranchRules] = {}
        """The rules of branches, as far as they came with something else."""
        self.pulls: dict[tuple[str, str], tuple[Pull, ...]] = {}
        """The pulls from a branch to a base that came with something else; each is taken at once."""
        self.histories: dict[tuple[str, PurePosixPath], list[dict[str, Any]]] = {}
        """The newest versions of files, by commit and path, as far as they came."""
        self.expected: tuple[PurePosixPath, ...] = ()
        """The files whose histories will be asked for."""
        self.opened: dict[tuple[str, str], Pull] = {}
        """The pulls that were opened with their commit, by branch and base."""
        self.renewed: dict[int, Pull] = {}
        """The pulls that were renewed with their branch, by number; each is taken at once."""
        self.ids: dict[str, NodeIds] = {}
        """The ids of what a pull that was just opened is to get, by the pull's own."""
        self.has_token = token is not None
        """Whether the API is asked with a token."""
        self.first = first
        """The query that is on its way already."""
        self.api = Api(api_url, token, http, first)

    @property
    def _path(self) -> str:
        """Where the repository is below the API's URL."""
        return f"/repos/{quote(self.owner)}/{quote(self.name)}"

    def read(self, work: str, ask: Callable[[], T], *, new: bool = False) -> T:
        """Return an answer, asked again while GitHub fails, or (`new`) does not know it yet."""
        seconds = FORGE_SETTLING.of(self.deadline.remaining()) if new else 0.0
        try:
            return until_known(ask, seconds)
        except FAILURES as error:
            raise self.failure(work, error) from error

    def attempt(self, work: str, ask: Callable[[], T], *, is_needed: bool = False) -> T | None:
        """Return an answer; None where there is none, and another way is to be taken.

        Raises `RemoteError` where no other way helps, and at GitHub's limit where it `is_needed`.
        """
        try:
            return ask()
        except UNLIKE as error:
            raise self.failure(work, error) from error
        except FAILURES as error:
            is_final = isinstance(error, NoAnswerError) and not error.may_pass
            if is_final or (is_needed and is_limit(error)):
                raise self.failure(work, error) from error
            return None

    def write(
        self,
        work: str,
        do: Callable[[], T],
        find: Callable[[], T | None],
        *,
        new: bool = False,
        within: float = math.inf,
    ) -> T:
        """Do it once: after a failure look whether it was done, and only else do it again.

        `new`: GraphQL may not know yet what it is done to. `within` is how long it may take.
        """

        def attempt() -> T:
            try:
                return do()
            except FAILURES:
                done = find()
                if done is None:
                    raise
                return done

        def may_pass(error: BaseException) -> bool:
            return is_passing(error) or (new and is_unknown(error))

        attempts = Retrying(
            retry=retry_if_exception(may_pass),
            stop=stop_any(stop_before_delay(min(within, self.deadline.remaining())), Settled()),
            wait=AsGitHubSays(),
            reraise=True,
        )
        try:
            return attempts(attempt)
        except FAILURES as error:
            raise self.failure(work, error) from error

    def repeat(self, do: Callable[[], T]) -> T:
        """Do what may well be done twice, again while it fails in a way that passes by itself."""
        return until_done(do, FORGE_REPEATS.of(self.deadline.remaining()))

    def ask(self, method: str, path: str, **how: Any) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return the JSON that a path below the repository answers; raises what is in `FAILURES`.

        The answer is read as it came: PyGithub's objects would ask again for each key it lacks.
        """
        path = f"{self._path}{path}"

        def asked() -> Any:  # noqa: ANN401 - as above
            return self.api.rest(method, path, **how)

        # What breaks before it is whole is not repeated by PyGithub.
        return until_answered(asked, self.deadline.remaining()) if method == "GET" else asked()

    def change(
        self, method: str, path: str, wanted: dict[str, Any], is_done: Callable[[Any], bool]
    ) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return the JSON that a write answers; raises `TypeError` where it does not show the write.

        A proxy may answer 200 to what GitHub never saw.
        """
        answer = self.ask(method, path, input=wanted)
        if not is_done(answer):
            msg = "the answer does not show what was written"
            raise TypeError(msg)
        return answer

    def query(self, document: str) -> Any:  # noqa: ANN401 - JSON of any shape
        """Return what the fields of a query about the repository show; raises what is in `FAILURES`.

        It is asked again where the failure may pass: by REST, the same costs many requests.
        """
        names = {"owner": self.owner, "name": self.name}
        seconds = self.deadline.remaining()
        try:
            data = until_answered(lambda: self.api.graphql(document, names), seconds)
        except GitHubError as error:
            data = data_but_for_rules(error)
        shown = data["repository"]
        self._follow(str((shown or {}).get("nameWithOwner", "")))
        return shown

    def _follow(self, named: str) -> None:
        """Go on under the name that GitHub has for the repository, and warn where it is another."""
        known, (owner, _, name) = f"{self.owner}/{self.name}", named.partition("/")
        if name and named.casefold() != known.casefold():
            _LOG.warning("%s is called %s now: give that as --repo", known, one_line(named))
            self.owner, self.name = owner, name

    def failure(self, work: str, error: Exception) -> PromoteError:
        """Return what went wrong, in the user's words."""
        where = f"{self.owner}/{self.name} at {self._host}"
        return github_error(f"could not {work} of {where}", error, is_known=bool(self.node))


def shows(key: str) -> Callable[[Any], bool]:
    """Return what says whether an answer is an object with a key."""
    return lambda answer: isinstance(answer, dict) and key in answer
