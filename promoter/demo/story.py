"""`promote demo`: the whole way of a tag through Aurora, by the very code of the real command."""

from __future__ import annotations

import shlex
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from promoter.demo import repository
from promoter.domain.deadline import Deadline
from promoter.domain.image import Tag
from promoter.engine import wiring
from promoter.engine.run import promote
from promoter.engine.world import opened
from promoter.forges.local import LocalForge
from promoter.output.envelope import Envelope, envelope
from promoter.output.result import Result, of_promotions
from promoter.output.text import Kind, PagePiece, Piece, pieces_of, plain_text
from promoter.planning.plan import Request
from promoter.settings import Settings

if TYPE_CHECKING:
    from promoter.git.program import Git

APP = "aurora"
TAG = "1.4.2"
NEXT_TAG = "1.5.0"


def run(settings: Settings, directory: str | None, progress: list[str]) -> Result:
    """Make the repository, promote a tag to dev and to prod, merge, and tell it as a story."""
    deadline = Deadline(settings.timeout)
    home = Path(directory) if directory else Path(tempfile.mkdtemp(prefix="promoter-demo-"))
    git = repository.make(home.absolute(), deadline)
    progress.append(f"the demo's repository is {git.directory}")
    results: list[Envelope] = []
    before = git("rev-parse", "refs/heads/main")
    parts: list[Piece | PagePiece] = [Piece(Kind.PLAIN, _beginning(git) + "\n")]
    for environment in ("dev", "prod"):
        result = _promote(settings, git, environment, deadline)
        results.append(result)
        parts += _told(result)
        if result.exit_code:
            return of_promotions(results, parts)
    proposed = results[-1].pull_request
    assert proposed is not None
    assert proposed.number is not None
    number = proposed.number
    who = f"{repository.AUTHOR} {int(time.time())} +0000"
    merged = LocalForge(git, who).merge(number)
    shown = replace(proposed, state=merged.state.value)
    results[-1] = replace(results[-1], pull_request=shown)
    ending = "\n".join([_merged(number), _synced(git, before), _next(git)])
    parts.append(Piece(Kind.PLAIN, f"\n{ending}"))
    return of_promotions(results, parts)


def _promote(settings: Settings, git: Git, environment: str, deadline: Deadline) -> Envelope:
    """Promote the tag to one environment as `promote --app aurora --tag …` does."""
    own = Settings(repo=str(git.directory), forge="local", timeout=settings.timeout)
    wired = wiring.wire(own, deadline)
    request = Request(app=APP, environment=environment, tag=Tag.parse(TAG), actor=settings.actor)
    with opened(wired, []) as world:
        return envelope(promote([request], world)[0])


def _beginning(git: Git) -> str:
    """Tell where the repository is and what it holds."""
    return (
        f"The Aurora GitOps repository is in {git.directory}\n"
        f"({len(repository.paths())} files, bare; three services, built by one CI run).\n"
    )


def _told(result: Envelope) -> list[Piece | PagePiece]:
    """Tell one promotion: the command, the diff, the pull request."""
    command = f"promote --app {APP} --tag {TAG} --env {result.environment}"
    found: list[Piece | PagePiece] = [
        Piece(Kind.PLAIN, f"$ {command}\n{plain_text(pieces_of(result))}\n"),
        Piece(Kind.DIFF, result.diff + "\n"),
    ]
    if result.page and (pull := result.pull_request):
        found.append(PagePiece(f"The pull request: {pull.title}", result.page))
    return found


def _merged(number: int) -> str:
    """Tell the merge."""
    return f"$ promote pulls merge {number}\nmerged: a human said yes.\n"


def _synced(git: Git, before: str) -> str:
    """Tell what Argo CD would now bring to each cluster, from git alone."""
    after = git("rev-parse", "refs/heads/main")
    lines = [f"Argo CD sees main move from {before[:9]} to {after[:9]} and would sync:"]
    for cluster in ("dev-kind", "prod"):
        changed = git("diff", "--unified=0", before, after, "--", f"clusters/{cluster}")
        moves = [line for line in changed.splitlines() if line.startswith(("+ ", "- "))]
        lines += [f"  clusters/{cluster}: {len(moves) // 2} images", *(f"    {m}" for m in moves)]
    return "\n".join(lines) + "\n"


def _next(git: Git) -> str:
    """Say which commands to try next on the same repository."""
    repo = shlex.quote(str(git.directory))
    commands_ = (
        f"promote --app {APP} --tag {NEXT_TAG} --repo {repo} --dry-run",
        f"promote --app {APP} --tag {NEXT_TAG} --repo {repo}",
        f"promote pulls --repo {repo}",
        f"promote pulls merge 2 --repo {repo}",
        f"promote --app {APP} --tag 1.3.0 --repo {repo}",
    )
    return "\n".join(["Try next:", *(f"  {command}" for command in commands_)]) + "\n"
