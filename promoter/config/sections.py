"""The parts of `promoter.yaml` as frozen models: templates, checks, environments, apps."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from promoter.config.gate_settings import GateSettings
from promoter.config.values import (
    AppName,
    Images,
    Label,
    PageUrl,
    Person,
    Platform,
    Reference,
    Source,
)
from promoter.domain.redaction import shown
from promoter.domain.section import Section, held_to, must
from promoter.edits.targets import EditTarget, Linked
from promoter.edits.targets.model import check_placeholders
from promoter.policy.model import Policy

_AUTHOR = re.compile(
    r"(?P<name>[^<>\s](?:[^<>\r\n]*[^<>\s])?) {0,9}<(?P<email>[^<>\s@]+@[^<>\s]+)>"
)
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BRANCH = re.compile(
    r"(?=[A-Za-z0-9{])(?:[A-Za-z0-9._/-]|\{environment\}|\{app\})+(?<=[A-Za-z0-9}])", re.ASCII
)
# What a template may hold; each is replaced by its text, made safe for the place it goes to.
FIELDS = frozenset(
    {
        "app", "environment", "from", "to", "images", "actor", "run", "source-revision", "title",
        "body",
    }
)  # fmt: skip


def _check_path(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: name a folder; '.' is the repository's root")
    path = PurePosixPath(text)
    if path.is_absolute() and text.strip("/") and ".." not in path.parts:
        msg = f"begins with '/', and is relative to the repository's root\nWrite {text.strip('/')}"
        raise ValueError(msg)
    if quotes := re.findall("[\u201c\u201d\u2018\u2019]", text):
        plain = re.sub("[\u201c\u201d\u2018\u2019]", "", text)
        raise ValueError(f"holds the quote {quotes[0]}, which YAML takes for text\nWrite {plain}")
    if "\\" in text:
        msg = f"holds '\\', and folders are parted by '/'\nWrite {text.replace(chr(92), '/')}"
        raise ValueError(msg)
    if variable := re.search(r"\$(?:\w+|\{\w+\})", text, re.ASCII):
        name = variable[0].strip("${}").lower()
        if name not in ("app", "environment", "env"):
            msg = f"holds {variable[0]}, and variables are not filled in here"
            raise ValueError(f"{msg}\nWrite the folder that it stands for.")
    if path.is_absolute() or ".." in path.parts or not text.isprintable():
        msg = "must be a folder inside the repository, relative to its root, without '..'"
        raise ValueError(msg)
    if path.name.startswith("kustomization."):
        raise ValueError(f"must be the folder, and not its {path.name}\nWrite {path.parent}")
    return check_placeholders(text)


def _check_branch(text: str) -> str:
    if "{environment}" not in text or "{app}" not in text:
        msg = "must hold {environment} and {app}: each app has one branch an environment"
        raise ValueError(msg)
    if not _BRANCH.fullmatch(text) or ".." in text or "//" in text or ".lock" in text:
        raise ValueError("must be letters, digits, '.', '_', '-' and '/' between the two fields")
    return text


def _unswitched(on: str | bool) -> BeforeValidator:
    """Return what reads YAML 1.1's booleans as the words they were written for: `off` is no false."""
    return BeforeValidator(lambda it: (on if it else "off") if isinstance(it, bool) else it)


Author = Annotated[
    str, must(_AUTHOR.fullmatch, "must be of the form 'Name <address@host>', not {}")
]
Severity = Annotated[Literal["off", "warn", "refuse"], _unswitched("refuse")]


def _check_source_tag(text: str) -> None:
    rest = text.replace("{tag}", "")
    if rest == text or set(rest) & set("{}$<>"):
        meant = re.sub(r"\$?\{+[^{}]*\}+|<[^<>]*>|\$\w+", "{tag}", text)
        hint = f"\nDid you mean {meant}?" if meant != text else "\nWrite it as in v{tag}"
        raise ValueError(f"must hold {{tag}}, and no other placeholder{hint}")


class Templates(Section):
    """Texts of the pull request and the commit; `{field}` is replaced, nothing is evaluated."""

    title: str = "{title}"
    """The pull request's title and the commit's first line; `{title}` is promote's own, such as
    `Promote aurora to prod: 1.4.1 → 1.4.2`."""
    body: str = "{body}"
    """The pull request's body; `{body}` is promote's own, and must be in it."""
    commit: str = "{title}\n\n{images}"
    """The commit's message, before the trailers; `{images}` is one line an image."""
    branch: Annotated[str, AfterValidator(_check_branch)] = "promote/{environment}/{app}"
    """The branch of an app in an environment; must hold both `{environment}` and `{app}`."""

    @model_validator(mode="after")
    def _check_fields(self) -> Self:
        """Refuse fields that are not known, and a body without promote's own."""
        for name in type(self).model_fields:
            unknown = [f for f in _PLACEHOLDER.findall(getattr(self, name)) if f not in FIELDS]
            if unknown:
                msg = (
                    f"{name} knows the fields {', '.join(sorted(FIELDS))}, not {shown(unknown[0])}"
                )
                other = {"tag": "to", "version": "to", "env": "environment", "user": "actor"}
                plain = re.sub(r"[^a-z-]", "", unknown[0].lower())
                meant = plain if plain in FIELDS else other.get(plain)
                raise ValueError(f"{msg}\nDid you mean {{{meant}}}?" if meant else msg)
        if "{body}" not in self.body:
            raise ValueError("body must hold {body}, by which promote knows its own pull requests")
        return self


class Checks(Section):
    """What is asked of the registry before an image may be promoted."""

    exists: Severity = "refuse"
    """The tag (or digest) is in the registry: `refuse` ends the run where it is not, `warn` goes on,
    `off` does not ask. A registry that cannot be read is a warning."""
    platforms: Severity | tuple[Platform, ...] = "off"
    """Platforms that the image must have, e.g. `[linux/amd64]`; or `warn` or `refuse`, which want
    every platform of the image that it replaces."""
    mutable: Severity = "refuse"
    """A tag that moves (`latest`, a branch's name) needs a digest beside it (`pin: both`)."""
    signature: Severity = "off"
    """The image is signed, as cosign verifies with `cosign-key` or `cosign-identity`. cosign has to be
    on `PATH`; the container image of promoter does not have it."""
    cosign_key: str | None = None
    """The public key: a file's path, or a key management service's URL that cosign knows."""
    cosign_identity: str | None = None
    """A regular expression that the signer's identity must match (keyless signatures)."""
    cosign_issuer: str | None = None
    """The signer's OIDC issuer, e.g. `https://token.actions.githubusercontent.com`."""
    cosign_log: Annotated[Literal["on", "off"], _unswitched("on")] = "on"
    """Whether the signature must be in the transparency log. `off` is for images that `cosign-key`
    signs without a log, and for verifying where no network is."""

    @model_validator(mode="after")
    def _check_signer(self) -> Self:
        """Refuse a signature check that does not say whose signature it wants."""
        keyless = self.cosign_identity and self.cosign_issuer
        if self.cosign_identity and not (self.cosign_issuer or self.cosign_key):
            msg = "cosign-identity needs cosign-issuer, which says who vouches for it"
            raise ValueError(
                f"{msg}\nAdd it, as in cosign-issuer: https://token.actions.githubusercontent.com"
            )
        if self.signature != "off" and not (self.cosign_key or keyless):
            raise ValueError("signature needs cosign-key, or cosign-identity with cosign-issuer")
        if self.cosign_log == "off" and not self.cosign_key:
            msg = "cosign-log: off needs cosign-key: keyless signatures are proved by the log alone"
            raise ValueError(msg)
        return self


class Environment(GateSettings):
    """One environment: where its kustomizations are and how a promotion reaches it."""

    path: Annotated[str, AfterValidator(_check_path)]
    """The folder of an app's kustomization; may hold `{app}` and `{environment}`."""
    deliver: Literal["push", "pull-request", "auto-merge"] = "pull-request"
    """How a change arrives: `push` commits to the base branch, `pull-request` opens a pull request,
    `auto-merge` opens one that merges itself once it may."""
    transport: Literal["git", "api"] = "git"
    """How promotions are written: through git, or through GitHub's API, which then signs the commit.
    `--transport api` also reads through the API, without a clone."""
    render: Annotated[Literal["off", "warn", "strict"], _unswitched(on=True)] = "warn"
    """The kustomizations are rendered before and after. `warn` shows the difference and refuses what
    does not build; `strict` also refuses a change of anything but images, and what cannot be
    rendered; `off` renders nothing."""
    pin: Literal["tag", "digest", "both"] = "tag"
    """What is written: the tag, the digest it stands for, or both. Where it is the digest alone, the
    pull request and the commit tell the tag."""
    checks: Checks = Checks()
    """What is asked of the registry first."""
    labels: tuple[Label, ...] = ()
    """Labels of the pull request; made where they are missing."""
    reviewers: tuple[Person, ...] = ()
    """Who is asked to review: users, or `team:NAME`."""
    assignees: tuple[Person, ...] = ()
    """Who the pull request is assigned to."""
    milestone: Label | None = None
    """The title of the pull request's milestone, which must exist."""
    draft: bool = False
    """Whether the pull request is opened as a draft."""
    merge_method: Literal["merge", "squash", "rebase"] = "merge"
    """With `deliver: auto-merge`: how the pull request is merged."""
    argocd_url: PageUrl | None = None
    """The page of the Argo CD application, which the pull request links; may hold `{app}` and
    `{environment}`, e.g. `https://argocd.example.com/applications/argocd/{app}-{environment}`."""
    policy: Policy | None = None
    """Which tags `promote auto` chooses, e.g. `{semver: "^1.4"}`; without one, `promote auto` skips
    the environment, unless it has a `promotes-from`."""
    targets: tuple[EditTarget, ...] = ()
    """Where the tags are, for apps that do not say so themselves."""
    linked: tuple[Linked, ...] = ()
    """Other strings that hold the tag, for apps that name none themselves."""
    batch: bool = False
    """With `deliver: push`: one commit for all apps that `promote auto` changes, not one for each."""

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        """Refuse keys that contradict each other, or that need another one."""
        if self.soak is not None and self.promotes_from is None:
            msg = "soak needs promotes-from, the environment in which the time is spent"
            raise ValueError(f"{msg}\nAdd it, as in promotes-from: dev")
        if self.draft and self.deliver == "auto-merge":
            msg = "draft cannot be true with deliver: auto-merge\nLeave one of them out."
            raise ValueError(msg)
        return self


class CheckOverride(Checks):
    """What is asked of the registry, as far as one app differs."""

    @model_validator(mode="after")
    def _check_signer(self) -> Self:
        """Take it as it is: whose signature is wanted may stand in the environment."""
        return self


class Override(Environment):
    """What one app does differently in one environment: any of the environment's keys.

    A key that is absent stays as it is there; so does each key of `checks`. A list, and a `policy`,
    replaces the environment's whole.
    """

    path: Annotated[str, AfterValidator(_check_path)] = ""
    """Another folder."""
    checks: CheckOverride = CheckOverride()
    """What is asked of the registry instead, key by key."""

    @model_validator(mode="after")
    def _check_whole(self) -> Self:
        """Take it as it is: it is checked together with what the environment says."""
        return self

    def over(self, environment: Environment) -> Environment:
        """Return the environment as the app sees it, or raise `ValidationError`."""
        wanted = environment.given() | self.given()
        if "checks" in self.given():
            wanted["checks"] = environment.checks.given() | self.checks.given()
        return Environment.model_validate(wanted)


class Group(Section):
    """Apps that are promoted together: by one commit and one pull request."""

    apps: Annotated[tuple[Reference, ...], Field(min_length=1)]
    """The apps by name."""


class App(Section):
    """One application: its images, and where they are built."""

    images: Images = ()
    """The images that one `--tag` sets, without tags. Without this list: the images that `targets`
    name, else all of the kustomization, which must share one tag."""
    source: Source | None = None
    """The address of the source repository, for the commits that a promotion brings."""
    source_tag: Annotated[str, held_to(_check_source_tag)] | None = None
    """The source's git tag of an image tag, e.g. `v{tag}`, where no label or flag says the commit."""
    targets: tuple[EditTarget, ...] = ()
    """Where the tags are. Of the lists under the app's environment, the app, the environment and at
    the top, the first that is there counts; without any, it is the `images` of the environment's
    kustomization."""
    linked: tuple[Linked, ...] = ()
    """Other strings that hold the tag and change with it, e.g. `{path: commonLabels.version}`; looked
    for as `targets` are."""
    environments: dict[AppName, Override] = Field(default_factory=dict)
    """What differs in one environment."""
