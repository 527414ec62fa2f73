"""The pulls of one promotion and its files, as they most probably are: asked while git looks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from promoter.domain.dataclass import dataclass
from promoter.domain.first_answer import FirstAnswer
from promoter.domain.pull import BranchRules, Pull, PullState
from promoter.forges.github.api.client import Client
from promoter.forges.github.api.failures import FAILURES
from promoter.forges.github.api.queries import branch_field, pulls_field, repository_query
from promoter.forges.github.first_look.guess import Guess
from promoter.forges.github.first_look.overview import CONFIGURATION
from promoter.forges.github.git_data.file_histories import VERSION, history_field
from promoter.forges.github.git_data.folders import FOLDER, fields, texts
from promoter.forges.github.git_data.rules import RULES, graph_rules
from promoter.forges.github.pulls.shapes import PULL, graph_pulls

if TYPE_CHECKING:
    from promoter.forges.github.first_look.first_query import FirstQuery

# So many pulls of a branch: of a promotion's, an older no to a tag is forgotten.
_OF_PROMOTION, _OF_HOLD = 30, 5


@dataclass(frozen=True, slots=True)
class FirstPulls:
    """One answer, taken apart."""

    base: str
    pulls: dict[str, tuple[Pull, ...] | None]
    """Those to the base, by their branch; None where those of forks hide them."""
    rules: dict[str, BranchRules]
    """The rules of these branches and of the base."""
    histories: dict[tuple[str, PurePosixPath], list[dict[str, Any]]]
    """The newest versions of the files that the app probably has, by commit and path."""
    node: str
    """The repository's id."""
    texts: dict[str, bytes]
    """The files of the folders in which the app probably is, by git's ids, which prove them."""

    @property
    def merged(self) -> frozenset[str]:
        """The heads of merged pulls, but of those that another pull still proposes."""
        heads: dict[PullState, set[str]] = {state: set() for state in PullState}
        for one in chain.from_iterable(pulls or () for pulls in self.pulls.values()):
            heads[one.state].add(one.head)
        return frozenset(heads[PullState.MERGED] - heads[PullState.OPEN])


class FirstLook:
    """The answer to the first query of a run through git, which is read a single time."""

    def __init__(self, client: Client, first: FirstQuery, wanted: Guess) -> None:
        self._client, self._first, self._wanted = client, first, wanted
        self._answer: FirstPulls | Exception | None = None

    def has_asked_for(self, branches: Sequence[str]) -> bool:
        """Return whether the pulls of branches come with it."""
        return bool(branches) and set(branches) <= set(self._wanted.branches)

    def answer(self, seconds: float) -> FirstAnswer | None:
        """Return what has come of the repository within so many seconds; None for nothing."""
        if not self._first.is_there(seconds):
            return None
        with suppress(*FAILURES):  # reported where the pulls are asked for
            found = self.read()
            return FirstAnswer(found.base, found.texts, found.merged)
        return None

    def read(self) -> FirstPulls:
        """Return the answer taken apart; raises what is in `FAILURES`."""
        if self._answer is None:
            try:
                self._answer = _read(self._client.query(query(self._wanted)), self._wanted)
            except FAILURES as error:
                self._answer = error
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def query(wanted: Guess) -> str:
    """Return the query for the pulls of branches, the rules, the app's files and their history."""
    histories = " ".join(history_field(n, path) for n, path in enumerate(wanted.histories))
    shown = f"name ...Rules target {{ ... on Commit {{ oid {CONFIGURATION} {histories} }} }}"
    asked = [
        "id",
        branch_field("base", wanted.base, shown),
        *fields("f", wanted.head, wanted.folders),
        *fields("t", f"refs/heads/{wanted.branch}", wanted.own),
    ]
    for n, branch in enumerate(wanted.branches):
        most = _OF_HOLD if branch == wanted.hold_branch else _OF_PROMOTION
        asked += [branch_field(f"r{n}", branch, "...Rules"), pulls_field(f"p{n}", branch, most)]
    return repository_query("Pulls", asked, FOLDER, RULES, PULL, VERSION)


def _read(shown: Any, wanted: Guess) -> FirstPulls:  # noqa: ANN401 - JSON
    base, target = shown["base"], shown["base"]["target"]
    pulls = {
        branch: graph_pulls(shown[f"p{n}"], shown["id"], base["name"])
        for n, branch in enumerate(wanted.branches)
    }
    rules = {branch: graph_rules(shown[f"r{n}"]) for n, branch in enumerate(wanted.branches)}
    folders = [shown[f"f{n}"] for n, _ in enumerate(wanted.folders)]
    folders += [shown[f"t{n}"] for n, _ in enumerate(wanted.own)]
    files = [one for folder in folders for one in texts(folder)]
    return FirstPulls(
        base=base["name"],
        pulls=pulls,
        rules={base["name"]: graph_rules(base), **rules},
        histories={
            (target["oid"], path): target[f"h{n}"]["nodes"]
            for n, path in enumerate(wanted.histories)
        },
        node=shown["id"],
        texts=dict([*files, *texts({"entries": [target["configuration"] or {}]})]),
    )
