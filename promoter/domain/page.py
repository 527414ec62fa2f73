"""What a pull request says, in parts: Markdown and the terminal show them each in its own way."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from promoter.domain.dataclass import dataclass
from promoter.domain.evidence import GateResult
from promoter.domain.redaction import redacted


class Style(StrEnum):
    """How a piece of text is shown."""

    PLAIN = "plain"
    STRONG = "strong"
    CODE = "code"
    REFERENCE = "reference"
    """The number of a pull request of the same repository, e.g. `#12`."""


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text as it is, without markup, and where it links to."""

    text: str
    style: Style = Style.PLAIN
    url: str | None = None

    def __post_init__(self) -> None:
        """Hold no secret of the run."""
        object.__setattr__(self, "text", redacted(self.text))


Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells below a header."""

    header: tuple[Line, ...]
    rows: tuple[tuple[Line, ...], ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """Text that is shown as it is, in a language such as `diff`."""

    text: str
    language: str = ""
    heading: Line = ()
    is_said_by_heading: bool = False
    """Whether the heading says all that the text shows."""

    def __post_init__(self) -> None:
        """Hold no secret of the run."""
        object.__setattr__(self, "text", redacted(self.text))


class Level(StrEnum):
    """How grave an alert is, the gravest first."""

    CAUTION = "caution"
    IMPORTANT = "important"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to fear: each line by itself, or all of them below a title."""

    level: Level
    lines: tuple[Line, ...]
    title: Line = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines below a heading, the most important first, and the rest folded away."""

    heading: str
    lines: tuple[Line, ...] = ()
    rest_heading: str = ""
    rest: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Fold:
    """Details that are folded away below a heading."""

    heading: str
    blocks: tuple[Table | CodeBlock | Line, ...]
    weight: int = 0
    """The higher, the longer it stays where there is too much."""


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take a promotion back after its merge: first `before`, then the command."""

    command: str | None
    """None where no single command does."""
    before: str = ""
    """What has to be done before the command, in words."""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole, in the order in which a reviewer asks."""

    headline: Line
    """The app, the environment, from and to."""
    facts: tuple[Line, ...] = ()
    """What stands beside it: how many images, where they have run, links."""
    alerts: tuple[Alert, ...] = ()
    hold: Listing | None = None
    """A hold that begins or ends with it."""
    images: Table | None = None
    """From and to of each image, where they do not all move alike."""
    checks: tuple[GateResult, ...] = ()
    commits: tuple[Listing, ...] = ()
    environments: Table | None = None
    folds: tuple[Fold, ...] = ()
    edit: Fold | None = None
    """The edit itself, as a diff."""
    undo: Undo | None = None
    footer: Line = ()
    """What closing it and a newer tag do, who asked."""
    before: str = ""
    after: str = ""
    """What the repository's own template says around it."""
