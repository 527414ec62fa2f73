"""The ways to a commit that are compared: promote by git and by API, the shell recipe, gitopscli."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmarks.repositories import Size

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Job:
    """One tag to be set in a repository that is served somewhere."""

    size: Size
    tag: str
    host: str
    """The address of the server, without a scheme."""

    @property
    def url(self) -> str:
        """Where the repository is cloned from."""
        return f"https://{self.host}/aurora-cloud/gitops.git"


class Competitor(Protocol):
    """One way to set a tag."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    def command(self, job: Job) -> list[str]:
        """Return what is run."""

    def environment(self, job: Job, /) -> Mapping[str, str]:
        """Return the variables that it needs."""

    def branch(self, job: Job, /) -> str:
        """Return where its commit is to be."""

    @property
    def opens_pull(self) -> bool:
        """Whether a pull request is to be open afterwards."""


@dataclass(frozen=True)
class Promote:
    """`promote`, with a pull request; a renderer only where it is wanted."""

    name: str
    transport: str
    render: bool
    cache: Path | None = None
    opens_pull: bool = True

    def command(self, job: Job) -> list[str]:
        """Return what is run."""
        more = ("--env", "prod") if job.size.apps else ()
        return [
            sys.executable, "-m", "promoter", "--app", job.size.app, "--tag", job.tag,
            "--repo", job.url, "--transport", self.transport, *more,
        ]  # fmt: skip

    def environment(self, _: Job) -> Mapping[str, str]:
        """Return the variables that it needs."""
        known = {"GITHUB_TOKEN": "good-token", "PYTHONPATH": str(ROOT)}
        if self.cache:
            known["PROMOTER_CACHE"] = str(self.cache)
        if not self.render:
            # A folder without kustomize and kubectl.
            known["PATH"] = str(_plain_path())
        return known

    def branch(self, job: Job) -> str:
        """Return where its commit is to be."""
        return f"promote/prod/{job.size.app}"


@dataclass(frozen=True)
class Recipe:
    """The usual script: a shallow clone, kustomize, a commit, a push; no pull request."""

    name: str = "recipe"
    opens_pull: bool = False

    def command(self, job: Job) -> list[str]:
        """Return what is run."""
        folder = shlex.quote(str(Path(job.size.file).parent))
        script = f"""set -e
            directory=$(mktemp -d)
            git clone -q --depth 1 {shlex.quote(_with_token(job))} "$directory/r"
            cd "$directory/r/"{folder}
            kustomize edit set image {job.size.image}={job.size.image}:{job.tag}
            git -c user.name=bot -c user.email=bot@example.org commit -qam "Set {job.tag}"
            git push -q origin HEAD:refs/heads/{self.branch(job)}
            rm -rf "$directory"
        """
        return ["sh", "-c", script]

    def environment(self, _: Job) -> Mapping[str, str]:
        """Return the variables that it needs."""
        return {}

    def branch(self, _: Job) -> str:
        """Return where its commit is to be."""
        return "recipe"


@dataclass(frozen=True)
class GitOpsCli:
    """gitopscli, or a wrapper that has it know the server, given as a command; it pushes to main."""

    program: str
    name: str = "gitopscli"
    opens_pull: bool = False
    values: str = field(default="images[0].newTag")

    def command(self, job: Job) -> list[str]:
        """Return what is run."""
        return [
            *shlex.split(self.program), "deploy", "--git-provider", "github",
            "--git-provider-url", f"https://{job.host}", "--username", "x-access-token",
            "--password", "good-token", "--git-user", "bot", "--git-email", "bot@example.org",
            "--organisation", "aurora-cloud", "--repository-name", "gitops",
            "--file", job.size.file, "--values", f'{{"{self.values}": {job.tag}}}',
        ]  # fmt: skip

    def environment(self, job: Job) -> Mapping[str, str]:
        """Return the variables that it needs; `BENCHMARK_URL` is for a wrapper."""
        return {"BENCHMARK_URL": _with_token(job)}

    def branch(self, _: Job) -> str:
        """Return where its commit is to be."""
        return "main"


def _with_token(job: Job) -> str:
    return job.url.replace("https://", "https://x-access-token:good-token@")


def _plain_path() -> Path:
    """Return a folder with git and what it starts, and nothing that renders."""
    folder = Path(tempfile.gettempdir()) / f"promoter-benchmark-path-{os.getpid()}"
    if not folder.exists():
        folder.mkdir()
        for name in ("git", "sh", "ssh"):
            for place in os.environ["PATH"].split(":"):
                if (found := Path(place, name)).exists():
                    (folder / name).symlink_to(found)
                    break
    return folder
