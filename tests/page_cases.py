"""The eight pull requests that are held to golden files, and looked at as pictures in CI."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from promoter import pull_request
from promoter.config.layout import Target
from promoter.config.sections import Environment, Templates
from promoter.domain.declaration import AppDeclaration
from promoter.domain.errors import PromoteError
from promoter.domain.evidence import (
    AppEvidence,
    BuiltImage,
    EnvironmentState,
    Evidence,
    SourceCommit,
    SourceRange,
)
from promoter.domain.image import Digest, Tag
from promoter.domain.model import ImageRequest, RunningImage
from promoter.domain.render import RenderDiff, RenderVerdict
from promoter.edits.targets import KustomizeTarget
from promoter.gates import Facts, ImageFacts, judge
from promoter.git.folder import DirectoryTree
from promoter.planning import propose
from promoter.policy.precedence import with_base
from promoter.render import NO_RENDERER, compare_renders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from promoter.domain.proposal import Proposal
    from promoter.domain.pull import PullDraft

NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
API, WORKER = "ghcr.io/acme/checkout-api", "ghcr.io/acme/checkout-worker"
GITOPS, SOURCE = "https://github.com/acme/gitops", "https://github.com/acme/checkout"
PLATFORMS = ("linux/amd64", "linux/arm64")
RUN = "https://github.com/acme/checkout/actions/runs/77"
# Title, author, days before now: newest first.
COMMITS = (
    ("fix(api): 504 when the PSP answers late (#232)", "Ravi Menon", 4),
    ("docs: how to replay a settlement (#231)", "Lena Vogt", 6),
    ("ci: cache the Go modules", "Kim Oh", 7),
    ("fix: do not log card BIN (#229)", "Lena Vogt", 8),
    ("chore(deps): update grpc to 1.76 (#228)", "renovate[bot]", 9),
    ("refactor: one client for the PSP (#226)", "Kim Oh", 10),
    ("perf(worker): batch settlement calls (#225)", "Kim Oh", 11),
    ("feat!: drop the v1 basket API (#224)", "Ravi Menon", 12),
    ("fix(checkout): round VAT per line (#223)", "Lena Vogt", 14),
    ("docs: the new basket API (#222)", "Ravi Menon", 15),
    ("feat(checkout): Apple Pay (#220)", "Ravi Menon", 15),
    ("ci: run the contract tests on pull requests", "Kim Oh", 16),
)
_OBJECT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: checkout
spec:
  selector:
    matchLabels:
      app: {name}{label}
  template:
    spec:
      containers:
        - name: main
          image: {image}
"""


def sha(text: str) -> str:
    """Return something that looks like a commit's id."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def digest(text: str) -> str:
    """Return something that looks like an image's digest."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def ago(days: float) -> int:
    """Return a moment before now, in seconds since the epoch."""
    return int((NOW - timedelta(days=days)).timestamp())


def commits(rows: tuple[tuple[str, str, int], ...] = COMMITS) -> tuple[SourceCommit, ...]:
    """Return source commits of the titles, authors and days."""
    return tuple(
        SourceCommit(sha(f"{number}{title}"), title, author, ago(days))
        for number, (title, author, days) in enumerate(rows)
    )


_AHEAD = SourceRange(SOURCE, sha("1.4.0"), sha("1.5.0"), "ahead", commits())


@dataclass(frozen=True, slots=True)
class Case:
    """A promotion of one app to prod, and what is known of it."""

    images: tuple[tuple[str, str | None, str], ...] = (
        (API, "1.4.0", "1.5.0"),
        (WORKER, "1.4.0", "1.5.0"),
    )
    """Name, tag now, tag wanted."""
    pin: str = "tag"
    allow: tuple[str, ...] = ()
    label: str = ""
    """A label that follows the tag into the selector."""
    source: SourceRange | None = _AHEAD
    environments: tuple[EnvironmentState, ...] = ()
    renders: bool = True
    registry: bool = True

    def draft(self, folder: Path) -> PullDraft:
        """Return what the pull request says."""
        return pull_request.draft(self.proposal(folder), Templates(), self.evidence(folder))

    def target(self) -> Target:
        """Return the environment that is promoted to."""
        settings = Environment.model_validate(
            {
                "path": "apps/{app}",
                "pin": self.pin,
                "argocd-url": "https://argocd.acme.example/applications/argocd/{app}-{environment}",
                "checks": {"platforms": PLATFORMS if self.registry else "off"},
            }
        )
        file = PurePosixPath("apps/checkout/overlays/prod/kustomization.yaml")
        return Target("checkout", "prod", settings, file, (KustomizeTarget(kind="kustomize"),))

    def proposal(self, folder: Path) -> Proposal:
        """Return the edits, made on a kustomization in a folder."""
        target = self.target()
        lines = []
        for name, old, _ in self.images:
            lines.append(f"  - name: {name}\n")
            lines += [f"    newTag: {old}\n"] if old else []
            lines += (
                [f"    digest: {digest(f'{name}:{old}')}\n"] if old and self.pin != "tag" else []
            )
        file = folder / target.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"resources: [../../base]\nimages:\n{''.join(lines)}")
        requests = tuple(
            ImageRequest(
                name,
                Tag(new) if self.pin != "digest" else None,
                Digest.parse(digest(f"{name}:{new}")) if self.pin != "tag" else None,
            )
            for name, _, new in self.images
        )
        asked = AppDeclaration("checkout", "prod", requests, "dana", RUN, allow=self.allow)
        return propose.propose_app(asked, target, DirectoryTree(folder))

    def evidence(self, folder: Path) -> Evidence:
        """Return what is known beside the edits, judged by the real gates."""
        proposal = self.proposal(folder)
        render = (
            RenderVerdict(diff=self._rendered())
            if self.renders
            else RenderVerdict(note=NO_RENDERER)
        )
        known = self._known() if self.registry else {}
        error = PromoteError("ghcr.io gave no answer in 3 s", "Running again is safe.")
        images = tuple(
            ImageFacts(one, one.name, known.get(one.name), None if known else error)
            for one in proposal.declaration.images
        )
        facts = Facts(
            target=self.target(),
            base="main",
            branch="promote/prod/checkout",
            now=ago(0),
            allow=frozenset(self.allow),
            proposal=proposal,
            makes_commit=True,
            tag_changes=tuple(with_base(proposal)),
            images=images,
            render=render,
        )
        gates = judge(facts).results
        app = AppEvidence(
            "checkout",
            render=render.diff,
            environments=self.environments,
            source=self.source,
            built=known,
            running={n: BuiltImage(digest(f"{n}:{old}"), NOW - timedelta(days=16)) for n, old, _ in self.images if old}
            if self.registry else {},
            gates=gates,
            argocd=self.target().argocd_url,
        )  # fmt: skip
        return Evidence((app,), gates, repository=GITOPS, base=sha("base"), moment=ago(0))

    def _known(self) -> dict[str, BuiltImage]:
        """Return what the registry says of the new images."""
        built = NOW - timedelta(days=4)
        return {
            name: BuiltImage(digest(f"{name}:{new}"), built, PLATFORMS)
            for name, _, new in self.images
        }

    def _rendered(self) -> RenderDiff:
        """Return the rendered difference: one Deployment an image."""
        sides = []
        for side in (1, 2):
            documents = []
            for image in self.images:
                name, tag = image[0], image[side] or "0"
                label = f"\n      version: {self.label}{tag}" if self.label else ""
                short = name.rpartition("/")[2]
                documents.append(_OBJECT.format(name=short, label=label, image=f"{name}:{tag}"))
            sides.append("---\n".join(documents))
        return compare_renders(*sides)


def state(
    name: str, tag: str | None, days: float, pull: int | None = None, **more: object
) -> EnvironmentState:
    """Return what an environment runs: both images at one tag."""
    images = tuple(RunningImage(one, tag, **more) for one in (API, WORKER))  # type: ignore[arg-type]
    return EnvironmentState(
        name, images, ago(days), age=ago(0) - ago(days), target=name == "prod", pull=pull
    )


def running(name: str, side: int, days: float, pull: int) -> EnvironmentState:
    """Return what an environment runs of three images: their tags before (1) or after (2)."""
    images = tuple(RunningImage(str(row[0]), row[side]) for row in _TAGS)
    return replace(state(name, None, days, pull), images=images)


_THREE = (
    state("dev", "1.5.0", 5, 412),
    state("staging", "1.5.0", 3, 418),
    state("prod", "1.4.0", 16, 401),
)
_MANY = tuple(
    (
        f"{('feat', 'fix', 'docs', 'chore(deps)')[n % 4]}: change number {n} (#{n + 1})",
        "Ravi Menon",
        n // 10,
    )
    for n in range(300)
)
_TAGS = (
    (API, "1.4.0", "1.5.0"),
    (WORKER, "0.9.1", "0.9.2"),
    ("ghcr.io/acme/checkout-web", "2.0.1", "2.1.0"),
)

CASES: dict[str, Callable[[], Case]] = {
    "normal": lambda: Case(environments=_THREE),
    "three-images-three-tags": lambda: Case(
        images=_TAGS,
        environments=(running("dev", 2, 5, 412), running("staging", 2, 3, 418), running("prod", 1, 16, 401)),
    ),
    "digests-in-prod-tags-in-dev": lambda: Case(
        pin="both",
        environments=(
            *_THREE[:2],
            replace(_THREE[2], images=tuple(
                RunningImage(name, "1.4.0", digest(f"{name}:1.4.0")) for name in (API, WORKER)
            )),
        ),
    ),
    "labels-change-a-selector": lambda: Case(label="v", environments=_THREE),
    "going-back": lambda: Case(
        images=((API, "1.5.0", "1.4.0"), (WORKER, "1.5.0", "1.4.0")),
        allow=("downgrade",),
        source=SourceRange(
            SOURCE, sha("1.5.0"), sha("1.4.0"), "behind", removed=commits()
        ),
        environments=(*_THREE[:2], state("prod", "1.5.0", 1, 420)),
    ),
    "first-promotion": lambda: Case(
        images=((API, None, "0.1.0"),),
        source=SourceRange(SOURCE, None, sha("0.1.0"), note="the source revision of what runs now is not known"),
        environments=(
            EnvironmentState("dev", (RunningImage(API, "0.1.0"),), ago(1), age=86_400),
            EnvironmentState("prod", (RunningImage(API),), None, target=True),
        ),
    ),
    "no-registry-no-renderer": lambda: Case(
        registry=False, renders=False, source=None, environments=_THREE
    ),
    "300-commits": lambda: Case(
        source=SourceRange(SOURCE, sha("1.4.0"), sha("1.5.0"), "ahead", commits(_MANY)),
        environments=_THREE,
    ),
}  # fmt: skip
