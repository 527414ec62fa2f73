"""The commands: one table, from which the grammar of each and its help come.

Only argparse is imported, so that help answers at once.
"""

from __future__ import annotations

from promoter import __version__
from promoter.cli.options import HOW, OPTIONS, WHERE, WHERE_READ, prog_of, setting_of
from promoter.cli.parser import Formatter, Parser, StoreSingle, one_of, parse_pull_number

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any


class Command:
    """A command: what it does, an example, its arguments, and its options by the headings of its help.

    It is carried out by `run` of the module of `promoter.cli.commands` that is called like it.
    `needed` is what its usage names beside `[options]`, each with a blank behind it.
    `helps`, `many` and `choices` go by the option's name; they replace what `OPTIONS` says.
    """

    def __init__(  # noqa: PLR0913 - a row of the table
        self,
        text: str,
        example: str,
        options: dict[str, tuple[str, ...]],
        *,
        needed: str = "",
        arguments: Sequence[tuple[str, dict[str, Any]]] = (),
        helps: dict[str, str] | None = None,
        many: tuple[str, ...] = (),
        choices: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.text, self.example, self.needed = text, example, needed
        self.options, self.arguments = options, arguments
        self.helps, self.many = helps or {}, many
        self._choices = choices or {}

    def choices(self, option: str) -> tuple[str, ...] | None:
        """Return the values that an option may have here; None where it may have any."""
        return self._choices.get(option, OPTIONS[option].choices)

    def parser(self, name: str) -> Parser:
        """Return the grammar of `promote NAME`."""
        is_main = name == "promote"
        parser = Parser(
            prog=prog_of(name),
            usage=f"{prog_of(name)} {self.needed}[options]",
            description=f"{self.text}\n\n  {self.example}{_commands() if is_main else ''}",
            epilog=_epilog() if is_main else None,
            formatter_class=Formatter,
            allow_abbrev=False,
            add_help=False,
        )
        parser.add_argument("-h", "--help", action="help", help="show this help")
        parser.commands = OPTIONS_OF
        for argument, form in self.arguments:
            heading = "where" if argument.startswith("-") else "arguments"
            groups = (one for one in parser._action_groups if one.title == heading)  # noqa: SLF001
            group = next(groups, None) or parser.add_argument_group(heading)
            group.add_argument(argument, **form)
        for heading, names in self.options.items():
            group = parser.add_argument_group(heading)
            for one in names:
                self._add(group, one)
        if is_main:
            parser.add_argument(
                "--version",
                action="version",
                version=f"promote {__version__}",
                help="print the version",
            )
        return parser

    def _add(self, group: argparse._ArgumentGroup, name: str) -> None:
        option = OPTIONS[name]
        form: dict[str, Any] = {"help": self.helps.get(name, option.help), "default": None}
        form |= {"dest": setting_of(name)}
        if option.switch:
            form |= {"action": "store_true"}
        else:
            many = option.many or name in self.many
            form |= {"action": "append" if many else StoreSingle, "choices": self.choices(name)}
            form |= {"metavar": option.metavar} if option.metavar else {}
            if choices := self.choices(name):
                form |= {"type": one_of(choices, f"--{name} cannot be")}
            form |= {"nargs": "?", "const": ""} if option.bare else {}
        group.add_argument(*filter(None, (option.short, f"--{name}")), **form)


_CONFIG = {"config": "a promoter.yaml for a repository that has none"}
# Where and how the commands run that write, and those that only read.
_WRITING = {"where": WHERE, "how": HOW}
_READING = {"where": WHERE_READ, "how": ("output", "log-format", "verbose")}
_VERBS = ("list", "merge", "close")

COMMANDS = {
    "promote": Command(
        "move a container image tag into a GitOps repository by one pull request",
        "promote --app aurora --tag 1.4.2",
        {
            "what to promote": (
                "app", "together", "group", "tag", "image", "from", "env", "source-revision",
                "wait-for-image", "allow", "take-over",
            ),
            **_WRITING,
        },
        needed="--app APP --tag TAG [--env ENV] ",
        helps={"timeout": f"{OPTIONS['timeout'].help[:-1]}, plus --wait-for-image)"},
    ),
    "auto": Command(
        "promote the newest images that the policies choose",
        "promote auto --env dev",
        {"what to promote": ("app", "env", "shard", "allow"), **_WRITING},
        helps={
            "app": "an app (default: all)",
            "env": "an environment (default: all that have a policy or a promotes-from)",
        },
        many=("env",),
    ),
    "rollback": Command(
        "go back to what an environment ran before, and hold the app there until unhold",
        'promote rollback --app aurora --env prod --reason "1.4.3 loses orders"',
        {
            "what to roll back": (
                "app", "together", "group", "env", "to", "steps", "reason", "allow", "take-over",
            ),
            **_WRITING,
        },
        needed="--app APP [--env ENV] --reason TEXT ",
        helps={
            "app": "an app; repeat it for several (required, unless --group)",
            "together": "roll several apps back in one commit and one pull request",
        },
    ),
    "hold": Command(
        "keep an app at its current tag until unhold or --until",
        'promote hold --app aurora --env prod --reason "order migration"',
        {"what to hold": ("app", "env", "reason", "until", "take-over"), **_WRITING},
        needed="--app APP [--env ENV] --reason TEXT ",
        helps={
            "app": "an app (required); repeat it for several",
            "take-over": "replace the hold's branch even if others committed to it, dropping their "
            "commits",
        },
    ),
    "unhold": Command(
        "end a hold",
        'promote unhold --app aurora --env prod --reason "1.4.4 is fixed"',
        {"whose hold to end": ("app", "env", "reason", "take-over"), **_WRITING},
        needed="--app APP [--env ENV] --reason TEXT ",
        helps={
            "app": "an app (required); repeat it for several",
            "take-over": "replace the hold's branch even if others committed to it, dropping their "
            "commits",
        },
    ),
    "status": Command(
        "show what runs where and since when, newer tags, open pull requests, what blocks them",
        "promote status --app aurora",
        {"what to show": ("app", "env", "no-registry"), **_READING},
        helps={
            **_CONFIG,
            "app": "an app (default: all)",
            "env": "an environment (default: all)",
        },
        many=("env",),
        choices={"output": ("text", "json", "markdown")},
    ),
    "history": Command(
        "show what happened to apps in their environments, newest first",
        "promote history --app aurora --env prod",
        {"what to show": ("app", "env", "number"), **_READING},
        helps={
            **_CONFIG,
            "app": "an app (default: all)",
            "env": "an environment (default: all)",
            "number": "how many entries to show (default: 20)",
        },
        many=("env",),
        choices={"output": ("text", "json", "markdown")},
    ),
    "demo": Command(
        "try promote in a sample repository, without token or network",
        "promote demo",
        {"how": ("output",)},
        needed="[DIR] ",
        arguments=(
            ("directory", {
                "nargs": "?", "metavar": "DIR",
                "help": "a new or empty folder for the repository (default: a temporary one)",
            }),
        ),
    ),
    "pulls": Command(
        "list the pull requests of a repository; merge or close one (local forge only)",
        "promote pulls merge 1 --repo gitops.git",
        {
            "where": ("repo", "forge", "api-url", "config", "timeout"),
            "how": ("output", "log-format", "verbose", "quiet"),
        },
        needed="[list|merge|close] [N] ",
        helps=_CONFIG,
        arguments=(
            ("verb", {
                "nargs": "?", "choices": _VERBS, "default": "list",
                "type": one_of(_VERBS, "promote pulls has no command"),
                "help": "what to do (default: list)",
            }),
            ("number", {
                "nargs": "?",
                "type": parse_pull_number,
                "metavar": "N",
                "help": "the pull request's number",
            }),
        ),
    ),
    "set-image": Command(
        "edit the images of a kustomization file, without git",
        "promote set-image nginx:1.27.4 --dir clusters/prod/apps/web",
        {"how": ("dry-run", "allow", "output", "log-format", "verbose", "quiet")},
        needed="IMAGE... ",
        arguments=(
            ("arguments", {
                "nargs": "*", "metavar": "IMAGE",
                "help": "NAME:TAG, NAME@DIGEST or NAME:TAG@DIGEST; NAME=NEWNAME:TAG renames; "
                "'NAME=*:TAG' (quoted) sets the tag alone",
            }),
            ("--dir", {
                "action": "append", "metavar": "DIR",
                "help": "a kustomization's folder (default: this one)",
            }),
            ("--file", {"action": "append", "metavar": "FILE", "help": "a kustomization file"}),
        ),
        helps={
            "allow": "override a rule: dead-edit, placeholder",
            "dry-run": "print the diff, write nothing",
            "verbose": "say what changes in each file",
            "quiet": "print errors only",
        },
    ),
}  # fmt: skip
# The commands whose first options say what is to be done, and not where or how.
_REQUESTS = ("promote", "auto", "rollback", "hold", "unhold")
OPTIONS_OF = {
    name: tuple(option for names in command.options.values() for option in names)
    for name, command in COMMANDS.items()
}
"""The options of each command."""
WORDS = tuple(name for name in COMMANDS if name != "promote")
"""The commands that are named; without a name it is `promote --app`."""


def unused_options(name: str) -> frozenset[str]:
    """Return the options that say what a promotion is, and that this command does not heed."""
    if name not in _REQUESTS:
        return frozenset()
    asked = {one for other in _REQUESTS for one in next(iter(COMMANDS[other].options.values()))}
    return frozenset(asked - {one for names in COMMANDS[name].options.values() for one in names})


def _commands() -> str:
    commands = "\n".join(f"  {name:<10} {COMMANDS[name].text}" for name in WORDS)
    return f"\n\ncommands (promote COMMAND --help):\n{commands}"


def _epilog() -> str:
    return """\
Every flag but --dir and --file can be given as PROMOTER_ and its name, e.g. PROMOTER_API_URL;
PROMOTER_IMAGE takes one image a line. The token is read from PROMOTER_TOKEN,
GITHUB_TOKEN or GH_TOKEN, in this order; a GitHub App is given by PROMOTER_GITHUB_APP_ID and
PROMOTER_GITHUB_APP_PRIVATE_KEY (or _FILE).

exit codes: 0 done or nothing to do, 1 an internal error, 2 bad arguments or configuration,
3 refused, 4 not found or ambiguous, 5 git, forge or registry failed,
10 --check found a change, 130 or 143 interrupted or terminated
"""
