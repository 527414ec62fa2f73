"""The pull request's title and body: its page as Markdown, with the state that promote reads back."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from promoter.domain.evidence import Evidence, GateResult, GateStatus
from promoter.domain.page import (
    Alert,
    CodeBlock,
    Fold,
    Line,
    Listing,
    Page,
    Span,
    Style,
    Table,
    Undo,
)
from promoter.domain.proposal import Proposal
from promoter.domain.pull import PullDraft
from promoter.pull_request.markdown import (
    BodySection,
    anchor,
    bounded_body,
    code,
    fenced,
    inert,
    is_page,
    table,
)
from promoter.pull_request.page import page
from promoter.pull_request.state import block
from promoter.pull_request.texts import filled_template, template_fields, title

if TYPE_CHECKING:
    from promoter.config.sections import Templates

_NUMBER = re.compile(r"#[0-9]{1,9}")
_NOTHING = Evidence()
# A longer command is folded away, to be copied whole.
_COMMAND = 240
_MARKS = {
    GateStatus.PASSED: "✅",
    GateStatus.ALLOWED: "⚠️",
    GateStatus.WARNED: "⚠️",
    GateStatus.FAILED: "❌",
    GateStatus.UNKNOWN: "❔",
    GateStatus.SKIPPED: "➖",
}


def draft(proposal: Proposal, templates: Templates, evidence: Evidence = _NOTHING) -> PullDraft:
    """Return title and body of the pull request for a branch that holds the proposal."""
    shown = page(proposal, evidence)
    known = {key: inert(value) for key, value in template_fields(proposal).items()}
    around = filled_template(templates.body, known | {"body": ""})
    text = markdown(shown, block(proposal, evidence), around)
    if templates.body != "{body}":
        text = filled_template(templates.body, known | {"body": text})
        before, _, after = (
            filled_template(one, template_fields(proposal))
            for one in templates.body.partition("{body}")
        )
        shown = replace(shown, before=before, after=after)
    return PullDraft(title(proposal, templates), text, shown)


def markdown(shown: Page, state: str, around: str = "") -> str:
    """Return a page as GitHub-flavoured Markdown, within the forge's bounds with what is around it."""
    headline = " · ".join(line(one) for one in (shown.headline, *shown.facts))
    head = [headline, *(_alert(one) for one in shown.alerts)]
    sections = []
    if shown.hold:
        sections.append(_listing(shown.hold, 9))
    if shown.images:
        sections.append(BodySection("Images", _table(shown.images), 8, titled=False))
    if shown.checks:
        sections.append(BodySection("Checks", _checks(shown.checks), 7, titled=False))
    sections += [_listing(one, 5) for one in shown.commits]
    if shown.environments:
        sections.append(BodySection("Environments", _table(shown.environments), 6))
    sections += [_fold(one) for one in (*shown.folds, *filter(None, [shown.edit]))]
    if shown.undo and shown.undo.command and not _is_short(shown.undo.command):
        command = CodeBlock(shown.undo.command, "sh")
        sections.append(_fold(Fold("How to undo it after the merge", (command,), 8)))
    undo = line(_undo(shown.undo)) if shown.undo else ""
    foot = f"<sub>{undo}{line(shown.footer)}</sub>\n\n{state}"
    return bounded_body("\n\n".join(head), sections, foot, around=around)


def line(spans: Line) -> str:
    """Return spans as Markdown that nothing in them can bend."""
    return "".join(_span(one) for one in spans)


def _span(one: Span) -> str:
    if one.style is Style.CODE:
        return anchor(code(one.text), one.url)
    # Within a link a number refers to nothing else; elsewhere to this repository alone.
    refers = one.style is Style.REFERENCE or is_page(one.url)
    number = refers and _NUMBER.fullmatch(one.text)
    text = one.text if number else inert(one.text)
    # `inert` strips the blanks by which words are kept apart.
    if one.text.strip():
        text = f"{' ' * one.text.startswith(' ')}{text}{' ' * one.text.endswith(' ')}"
    else:
        text = one.text and " "
    return anchor(f"**{text}**" if one.style is Style.STRONG else text, one.url)


def _undo(one: Undo) -> Line:
    before = f"{one.before} " if one.before else ""
    parts: list[Span] = [Span("Undo", Style.STRONG)]
    parts.append(Span(f" before the merge: close this pull request; after it: {before}"))
    if one.command is None:
        return (*parts, Span("revert the merge. "))
    if _is_short(one.command):
        return (*parts, Span(one.command, Style.CODE), Span(". "))
    return (*parts, Span("run the command above. "))


def _is_short(command: str) -> bool:
    """Return whether a command can be shown within a line, just as it is."""
    return len(command) <= _COMMAND and command.isprintable()


def _alert(one: Alert) -> str:
    several = len(one.lines) > 1 or one.title
    bullet = "- " if several else ""
    lines = [f"> {bullet}{line(each)}" for each in one.lines]
    title = [f"> {line(one.title)}"] if one.title else []
    return "\n".join([f"> [!{one.level.upper()}]", *title, *lines])


def _checks(checks: tuple[GateResult, ...]) -> str:
    rows = [[f"{_MARKS[one.verdict]} {inert(one.name)}", inert(one.detail)] for one in checks]
    return table(["check", ""], rows)


def _table(shown: Table) -> str:
    return table(
        [line(cell) for cell in shown.header],
        [[line(cell) for cell in row] for row in shown.rows],
    )


def _listing(one: Listing, weight: int) -> BodySection:
    rest = [f"- {line(each)}" for each in one.rest]
    lines = [line(each) for each in one.lines]
    text = "\n".join(f"- {each}" for each in lines) if one.rest or len(lines) > 1 else ""
    return BodySection(
        one.heading, text or "".join(lines), weight, more=tuple(rest), folded=one.rest_heading
    )


def _fold(one: Fold) -> BodySection:
    blocks = []
    for each in one.blocks:
        if isinstance(each, Table):
            blocks.append(_table(each))
        elif isinstance(each, CodeBlock):
            heading = f"{line(each.heading)}\n\n" if each.heading else ""
            blocks.append(f"{heading}{fenced(each.text, each.language)}")
        else:
            blocks.append(line(each))
    return BodySection(
        one.heading, "", one.weight, more=tuple(blocks), folded=one.heading, titled=False
    )
