"""`promote demo`: a tag's way from dev to prod and back, by the very code of the real commands."""

from __future__ import annotations

import shlex
import time
from dataclasses import field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.demo import repository
from promoter.domain.dataclass import dataclass
from promoter.domain.errors import Exit
from promoter.domain.image import Tag
from promoter.domain.moment import rfc3339
from promoter.engine import wiring
from promoter.engine.history import read_history
from promoter.engine.run import Run, promote
from promoter.engine.run_context import RunContext, open_run
from promoter.engine.selection.auto import Policies
from promoter.engine.selection.places import Scope
from promoter.forges.local import LocalForge
from promoter.git.program import Git
from promoter.output.envelope import SCHEMA, Envelope, envelope
from promoter.output.history import of_history
from promoter.output.result import CommandResult, of_promotions
from promoter.output.text import (
    AnyPiece,
    PagePiece,
    Piece,
    PieceKind,
    complaints_of,
    complaints_text,
    pieces_of,
    plain_text,
)
from promoter.planning.plan import Request, Rollback
from promoter.settings import Settings
from promoter.system.deadline import Deadline
from promoter.system.temporary import new_folder

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


APP = "aurora"
TAG = "1.4.2"
_HOUR = 3_600
_REASON = f"{TAG} loses orders"
_DELIVERS = "    deliver: pull-request\n"
_RULES = f"    promotes-from: dev\n    soak: 24h\n{_DELIVERS}"


class _EndedError(Exception):
    """A step did not end as the story goes."""


def run(settings: Settings, directory: str | None, progress: list[str]) -> CommandResult:
    """Make the repository, bring a tag to dev and prod and back, and tell it as a story."""
    deadline = Deadline(settings.timeout)
    home = Path(directory) if directory else new_folder("promoter-demo-")
    git = repository.make(home.absolute(), deadline)
    progress.append(f"the demo's repository is {git.directory}")
    now = int(settings.now.timestamp() if settings.now else time.time())
    story = _Story(settings, git, deadline, now)
    try:
        story.tell()
    except _EndedError:
        return of_promotions(story.results, story.parts)
    # One of the steps is refused, as it has to be.
    document = {
        "schema": SCHEMA,
        "results": [one.as_json() for one in story.results],
        "exit_code": 0,
    }
    done = of_promotions(story.results, story.parts)
    return replace(done, exit_code=Exit.DONE, document=document, complaints=())


@dataclass(slots=True)
class _Story:
    """The demo as it is told, step by step."""

    settings: Settings
    git: Git
    deadline: Deadline
    now: int
    """When it is told, in seconds since the epoch; it begins a day earlier."""
    results: list[Envelope] = field(default_factory=list)
    parts: list[AnyPiece] = field(default_factory=list)

    def tell(self) -> None:
        """Carry out each step as its command does, and tell it; raises `_EndedError`."""
        self._say(_beginning(self.git))
        self._set_rules()
        dev, refused = self.now - 25 * _HOUR, self.now - 24 * _HOUR
        follows = f"promote --app {APP} --from dev --env prod"
        self._say("Yesterday, CI built a tag, and dev had it at once:\n")
        self._promote(f"promote --app {APP} --tag {TAG} --env dev", self._request("dev"), at=dev)
        self._say("An hour later, it was too early for prod:\n")
        self._promote(follows, self._request("prod"), at=refused, code=Exit.REFUSED)
        self._say("Today it has been in dev for long enough:\n")
        before = self.git("rev-parse", "refs/heads/main")
        done = self._promote(follows, self._request("prod"))
        self._merge(done)
        self._say(_synced(self.git, before))
        self._say("Then it turns out to be bad. What ran before comes back, and stays:\n")
        back = self._request("prod", Rollback(_REASON))
        command = f'promote rollback --app {APP} --env prod --reason "{_REASON}"'
        self._merge(self._promote(command, back, page=False))
        self._say("The schedule that follows dev leaves it alone, until somebody ends the hold:\n")
        self._auto()
        self._history()
        self._say(_next(self.git))

    def _say(self, text: str) -> None:
        self.parts.append(Piece(PieceKind.PLAIN, f"{text}\n"))

    def _set_rules(self) -> None:
        """Commit the rules of the way to prod, as its owner would."""
        self._say("promoter.yaml says that prod takes what dev has had for a day:\n")
        before = self.git("rev-parse", "refs/heads/main")
        message = "prod takes what has soaked in dev for a day\n"
        began = self.now - 26 * _HOUR
        file = "promoter.yaml"
        repository.amend(self.git, file, (_DELIVERS, _RULES), message=message, time=began)
        changed = self.git("diff", "--unified=1", before, "refs/heads/main")
        self.parts.append(Piece(PieceKind.DIFF, f"{changed}\n\n"))

    def _request(self, environment: str, rollback: Rollback | None = None) -> Request:
        """Return what is asked for: the tag in dev, what dev runs in prod, or a rollback."""
        tag = Tag.parse(TAG) if environment == "dev" else None
        source = "dev" if environment == "prod" and rollback is None else None
        return Request(
            APP,
            environment,
            tag,
            actor=self.settings.actor,
            from_environment=source,
            rollback=rollback,
        )

    def _promote(
        self,
        command: str,
        request: Request,
        *,
        at: int | None = None,
        code: Exit = Exit.DONE,
        page: bool = True,
    ) -> Envelope:
        """Carry a request out at a time and tell it: the command, the diff, the pull request."""
        with self._opened(at) as context:
            result = envelope(promote([request], context)[0])
        shown = f"PROMOTER_NOW={rfc3339(at)} {command}" if at else command
        self._tell(shown, result)
        if result.diff and result.changed:
            self.parts.append(Piece(PieceKind.DIFF, f"{result.diff}\n"))
        if page and result.page and (pull := result.pull_request):
            self.parts.append(PagePiece(f"The pull request: {pull.title}", result.page))
        self._check(result, code)
        return result

    def _auto(self) -> None:
        with self._opened() as context:
            asked = Request("", actor=self.settings.actor, scheduled=True)
            outcomes = Run(context, Policies(context, Scope((), ("prod",)), asked)).results()
        for result in map(envelope, outcomes):
            self._tell("promote auto --env prod", result)
            self._check(result, Exit.DONE)

    def _history(self) -> None:
        with self._opened() as context:
            found = read_history(context, [APP], ["prod"], 10)
            now = max(context.now, *(one.time for one in found.entries))
        shown = of_history(found.entries, base=found.base, now=now, is_whole=True, warnings=())
        self._say(f"$ promote history --app {APP} --env prod")
        self.parts += shown.pieces
        self._say("")

    def _opened(self, at: int | None = None) -> AbstractContextManager[RunContext]:
        clock = datetime.fromtimestamp(at, UTC) if at else self.settings.now
        own = Settings(
            repo=str(self.git.directory), forge="local", timeout=self.settings.timeout, now=clock
        )
        return open_run(wiring.wire(own, self.deadline), [])

    def _merge(self, result: Envelope) -> None:
        pull = result.pull_request
        assert pull is not None
        assert pull.number is not None
        who = f"{repository.AUTHOR} {self.now} +0000"
        merged = LocalForge(self.git, who).merge(pull.number)
        shown = replace(pull, state=merged.state.value)
        self.results[-1] = replace(result, pull_request=shown)
        self._say(f"\n$ promote pulls merge {pull.number}\nmerged by a person\n")

    def _tell(self, command: str, result: Envelope) -> None:
        said = plain_text(pieces_of(result)) or complaints_text(complaints_of(result))
        self._say(f"$ {command}\n{said}")

    def _check(self, result: Envelope, code: Exit) -> None:
        """Keep a step's result; raises `_EndedError` where it is not what the story is about."""
        self.results.append(result)
        if result.exit_code != code:
            raise _EndedError


def _beginning(git: Git) -> str:
    return (
        f"The Aurora GitOps repository is in {git.directory}\n"
        f"({len(repository.paths())} files, bare; three services, built by one CI run).\n"
        f"The commands below are run with --repo {shlex.quote(str(git.directory))}\n"
    )


def _synced(git: Git, before: str) -> str:
    """Tell what Argo CD would now bring to each cluster, from git alone."""
    after = git("rev-parse", "refs/heads/main")
    lines = [f"Argo CD sees main move from {before[:9]} to {after[:9]} and would sync:"]
    changed = git("diff", "--unified=0", before, after, "--", "clusters/prod")
    moves = [line for line in changed.splitlines() if line.startswith(("+ ", "- "))]
    lines += [f"  clusters/prod: {len(moves) // 2} images", *(f"    {m}" for m in moves)]
    return "\n".join(lines) + "\n"


def _next(git: Git) -> str:
    repo = shlex.quote(str(git.directory))
    commands_ = (
        f"promote status --repo {repo}",
        f'promote unhold --app {APP} --env prod --reason "orders are safe" --repo {repo}',
        f"promote pulls merge 3 --repo {repo}",
        f"promote auto --env prod --repo {repo}",
        f"promote pulls --repo {repo}",
    )
    return "\n".join(["Try next:", *(f"  {command}" for command in commands_)])
