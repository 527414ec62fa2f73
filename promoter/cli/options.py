"""The options and the commands: one table each, from which flags, variables and help come.

Only argparse is imported, so that help answers at once. Each option is the initial value of the
variable of its name (`promoter.settings.Settings`); a test holds the two to each other.
"""

from __future__ import annotations

import argparse
import os

from promoter import __version__
from promoter.domain.errors import UsageError

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn


class Option:
    """A flag of the command line, and the variable that stands behind it.

    `many`: it may be given several times. `switch`: it takes no value. `choices`: the values there
    are. `short`: its one-letter form.
    """

    def __init__(
        self,
        metavar: str = "",
        *,
        help: str,  # noqa: A002 - argparse's own word
        many: bool = False,
        choices: tuple[str, ...] | None = None,
        short: str = "",
    ) -> None:
        self.metavar, self.help = metavar, help
        self.many, self.choices, self.short = many, choices, short

    @property
    def switch(self) -> bool:
        """Whether it takes no value."""
        return not (self.metavar or self.choices)


OPTIONS = {
    "app": Option("APP", many=True, help="the application; several are promoted one by one"),
    "tag": Option("TAG", help="the tag of the app's images"),
    "image": Option(
        "IMAGE", many=True, help="one image: NAME=TAG, NAME@DIGEST or NAME=TAG@DIGEST"
    ),
    "env": Option("ENV", help="the environment (default: prod, where there is one)"),
    "source-revision": Option("SHA", help="the source commit that the image was built from"),
    "wait-for-image": Option(
        "DURATION", help="wait for an image whose push is still under way, e.g. 5m"
    ),
    "allow": Option(
        "RULE", many=True,
        help="go on in spite of a rule: downgrade, dead-edit, placeholder, mutable-tag",
    ),
    "take-over": Option(help="replace a branch that holds commits of others"),
    "shard": Option("I/N", help="only the I-th part of N of the apps, e.g. 2/4"),
    "repo": Option("REPO", help="the GitOps repository: a URL or a path"),
    "base": Option("BRANCH", help="the branch to promote to (default: the repository's)"),
    "forge": Option("KIND", help="what keeps the pull requests: github, local"),
    "api-url": Option("URL", help="the forge's API"),
    "config": Option("FILE", help="a promoter.yaml of your own, for what the repository's has not"),
    "transport": Option(choices=("git", "api"), help="through git or the forge's API"),
    "signing-key": Option(
        "KEY", help="sign commits: the path of an SSH key, or the id of a GPG key"
    ),
    "timeout": Option("DURATION", help="the end of the whole run, e.g. 90s or 5m (default: 2m)"),
    "dry-run": Option(help="print the diff and the pull request, write nothing"),
    "check": Option(help="like --dry-run; exit 10 where something would be written"),
    "output": Option(choices=("text", "json"), help="the form of stdout"),
    "verbose": Option(short="-v", help="say more"),
    "quiet": Option(short="-q", help="say less"),
}  # fmt: skip
WHERE = ("repo", "base", "forge", "api-url", "config", "transport", "signing-key", "timeout")
HOW = ("dry-run", "check", "output", "verbose", "quiet")


def variable_of(option: str) -> str:
    """Return the environment variable of an option, e.g. `PROMOTER_API_URL`."""
    return f"PROMOTER_{option.replace('-', '_').upper()}"


class Command:
    """A command: what it does, its arguments, and its options by the headings of its help.

    It is carried out by `run` of `promoter.cli.commands.MODULE`. An option's help may be replaced:
    `options` and `helps` go by the option's name.
    """

    def __init__(  # noqa: PLR0913 - a row of the table
        self,
        text: str,
        module: str,
        options: dict[str, tuple[str, ...]],
        *,
        arguments: Sequence[tuple[str, dict[str, Any]]] = (),
        helps: dict[str, str] | None = None,
        many: tuple[str, ...] = (),
    ) -> None:
        self.text, self.module, self.options = text, module, options
        self.arguments, self.helps, self.many = arguments, helps or {}, many

    def parser(self, name: str) -> Parser:
        """Return the grammar of `promote NAME`."""
        is_main = name == "promote"
        parser = Parser(
            prog=name if is_main else f"promote {name}",
            description=self.text,
            epilog=_epilog() if is_main else None,
            formatter_class=Formatter,
            allow_abbrev=False,
        )
        for argument, form in self.arguments:
            parser.add_argument(argument, **form)
        for heading, names in self.options.items():
            group = parser.add_argument_group(heading)
            for one in names:
                self._add(group, one)
        if is_main:
            parser.add_argument("--version", action="version", version=f"promote {__version__}")
        return parser

    def _add(self, group: argparse._ArgumentGroup, name: str) -> None:
        option = OPTIONS[name]
        form: dict[str, Any] = {"help": self.helps.get(name, option.help), "default": None}
        if option.switch:
            form |= {"action": "store_true"}
        else:
            many = option.many or name in self.many
            form |= {"action": "append" if many else Once, "choices": option.choices}
            form |= {"metavar": option.metavar} if option.metavar else {}
        group.add_argument(*filter(None, (option.short, f"--{name}")), **form)


COMMANDS = {
    "promote": Command(
        "move a container image tag into a GitOps repository by one pull request",
        "promote",
        {
            "what to promote": (
                "app", "tag", "image", "env", "source-revision", "wait-for-image", "allow",
                "take-over",
            ),
            "where": WHERE,
            "how": HOW,
        },
    ),
    "auto": Command(
        "promote the newest images that the policies choose",
        "auto",
        {"what to promote": ("app", "env", "shard", "allow"), "where": WHERE, "how": HOW},
        helps={
            "app": "an application (default: all)",
            "env": "an environment (default: all that have a policy)",
            "allow": "go on in spite of a rule, as above",
        },
        many=("env",),
    ),
    "demo": Command(
        "make the Aurora GitOps repository and promote through it, without token or network",
        "demo",
        {"how": ("output",)},
        arguments=(
            ("directory", {
                "nargs": "?", "metavar": "DIR",
                "help": "the folder of the bare repository (default: a new temporary one)",
            }),
        ),
    ),
    "pulls": Command(
        "list the pull requests of a repository; end one of the local forge",
        "pulls",
        {"where": WHERE, "how": ("output",)},
        arguments=(
            ("verb", {
                "nargs": "?", "choices": ("list", "merge", "close"), "default": "list",
                "help": "what to do (default: list)",
            }),
            ("number", {"nargs": "?", "type": int, "metavar": "N", "help": "the pull request"}),
        ),
    ),
    "set-image": Command(
        "edit the images of kustomizations in place, without git",
        "set_image",
        {"how": ("dry-run", "allow", "output")},
        arguments=(
            ("arguments", {
                "nargs": "*", "metavar": "ARG",
                "help": "NAME=NEWNAME:TAG, NAME:TAG, NAME@DIGEST …; * keeps what is there",
            }),
            ("--dir", {
                "action": "append", "metavar": "DIR",
                "help": "a kustomization's folder (default: this one)",
            }),
            ("--file", {"action": "append", "metavar": "FILE", "help": "a kustomization file"}),
        ),
        helps={
            "allow": "go on in spite of a rule: dead-edit, placeholder",
            "dry-run": "print the diff, write nothing",
        },
    ),
}  # fmt: skip
WORDS = tuple(name for name in COMMANDS if name != "promote")
"""The commands that are named; without a name it is `promote --app`."""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, found without the import of shutil that argparse makes."""

    def __init__(self, prog: str) -> None:
        try:
            width = os.get_terminal_size().columns - 2
        except OSError:
            width = 98
        super().__init__(prog, width=max(40, min(width, 98)))


class Once(argparse.Action):
    """Stores a value; a second one is an error, as it is not known which was meant."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's own signature
        option_string: str | None = None,
    ) -> None:
        """Store the value, or raise `UsageError`."""
        del parser
        before = getattr(namespace, self.dest)
        if before is not None:
            raise UsageError(
                f"{option_string} is given twice: {before!r} and {values!r}",
                "Give it once; for several environments, run promote once for each.",
            )
        setattr(namespace, self.dest, values)


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors of ours, with the nearest flag that there is."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401
        """Return what was given, or raise `UsageError`."""
        for word in args or ():
            if word == "--":
                break
            # argparse itself would take the value out of `--flag=--`.
            if word.startswith("--") and word.endswith("=--"):
                self.error(f"argument {word[:-3]}: '--' is no value")
        found, extra = self.parse_known_args(args, namespace)
        if not extra:
            return found
        from promoter.domain.suggest import nearest

        flags = [flag for action in self._actions for flag in action.option_strings]
        unknown = next((one for one in extra if one.startswith("-") and one != "-"), None)
        if unknown is None:
            raise UsageError(
                f"{self.prog} takes no argument {extra[0]!r}",
                f"Name what it is for, as in --app aurora --tag 1.4.2; see {self.prog} --help.",
            )
        name = unknown.partition("=")[0]
        hint = nearest(name.replace("_", "-"), flags)
        raise UsageError(f"{self.prog} has no flag {name!r}", hint)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        raise UsageError(message, f"See {self.prog} --help.")


def _epilog() -> str:
    commands = "\n".join(f"  {name:<10} {COMMANDS[name].text}" for name in WORDS)
    return f"""\
commands (promote COMMAND --help):
{commands}

Every flag of promote and promote auto can be given as PROMOTER_ and its name, e.g.
PROMOTER_API_URL; PROMOTER_IMAGE takes one image a line. The token is read from PROMOTER_TOKEN,
GITHUB_TOKEN or GH_TOKEN, in this order; a GitHub App is given by PROMOTER_GITHUB_APP_ID and
PROMOTER_GITHUB_APP_PRIVATE_KEY (or _FILE).

exit codes: 0 done or already so, 1 an internal error, 2 bad arguments or configuration,
3 refused, 4 zero or several where one is needed, 5 git, forge or registry failed,
10 --check found a change
"""
