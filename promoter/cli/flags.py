"""The command line's grammar; only argparse is imported, so that help answers at once."""

from __future__ import annotations

import argparse
import os
import sys

from promoter import __version__
from promoter.domain.errors import UsageError

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

_EPILOG = """\
commands (promote COMMAND --help):
{commands}

Every flag of promote and promote auto can be given as PROMOTER_ and its name, e.g.
PROMOTER_API_URL; PROMOTER_IMAGE takes one image a line. The token is read from PROMOTER_TOKEN,
GITHUB_TOKEN or GH_TOKEN, in this order; a GitHub App is given by PROMOTER_GITHUB_APP_ID and
PROMOTER_GITHUB_APP_PRIVATE_KEY (or _FILE).

exit codes: 0 done or already so, 1 a bug, 2 bad arguments or configuration, 3 refused,
4 zero or several where one is needed, 5 git, forge or registry failed, 10 --check found a change
"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, found without the import of shutil that argparse makes."""

    def __init__(self, prog: str) -> None:
        try:
            width = os.get_terminal_size().columns - 2
        except OSError:
            width = 98
        super().__init__(prog, width=max(40, min(width, 98)))


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaints are errors of ours, with the same exit code."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:  # noqa: ANN401 - as argparse has it
        """Parse arguments; argparse itself would take the value out of `--flag=--`."""
        for word in sys.argv[1:] if args is None else args:
            if word == "--":
                break
            if word.startswith("--") and word.endswith("=--"):
                self.error(f"argument {word[:-3]}: '--' is no value")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError`."""
        raise UsageError(message, f"See {self.prog} --help.")


def main_parser() -> Parser:
    """Return the grammar of `promote --app A --tag T`."""
    commands = "\n".join(f"  {name:<10} {COMMANDS[name].text}" for name in WORDS)
    parser = Parser(
        prog="promote",
        description=COMMANDS["promote"].text,
        epilog=_EPILOG.format(commands=commands),
        formatter_class=Formatter,
        allow_abbrev=False,
        argument_default=None,
    )
    asked = parser.add_argument_group("what to promote")
    asked.add_argument("--app", action="append", metavar="APP", help="the application")
    asked.add_argument("--tag", metavar="TAG", help="the tag of the app's images")
    asked.add_argument(
        "--image", action="append", metavar="IMAGE",
        help="one image: NAME=TAG, NAME@DIGEST or NAME=TAG@DIGEST",
    )  # fmt: skip
    asked.add_argument("--env", metavar="ENV", help="the environment; prod where there is one")
    asked.add_argument(
        "--source-revision", metavar="SHA", help="the source commit that the image was built from"
    )
    asked.add_argument(
        "--wait-for-image", metavar="DURATION",
        help="wait for an image whose push is still under way, e.g. 5m",
    )  # fmt: skip
    asked.add_argument(
        "--allow",
        action="append",
        metavar="RULE",
        help="go on in spite of a rule: downgrade, dead-edit, placeholder, mutable-tag",
    )
    asked.add_argument(
        "--take-over", action="store_true", default=None,
        help="replace a branch that holds commits of others",
    )  # fmt: skip
    _where(parser)
    _how(parser)
    parser.add_argument("--version", action="version", version=f"promote {__version__}")
    return parser


def auto_parser() -> Parser:
    """Return the grammar of `promote auto`."""
    parser = Parser(
        prog="promote auto",
        description=COMMANDS["auto"].text,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    asked = parser.add_argument_group("what to promote")
    asked.add_argument("--app", action="append", metavar="APP", help="an application; all without")
    asked.add_argument(
        "--env", action="append", metavar="ENV", help="an environment; all with a policy without"
    )
    asked.add_argument(
        "--shard", metavar="I/N", help="only the I-th part of N of the apps, e.g. 2/4"
    )
    asked.add_argument(
        "--allow", action="append", metavar="RULE", help="go on in spite of a rule, as above"
    )
    _where(parser)
    _how(parser)
    return parser


def demo_parser() -> Parser:
    """Return the grammar of `promote demo`."""
    parser = Parser(
        prog="promote demo",
        description=COMMANDS["demo"].text,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "directory", nargs="?", metavar="DIR",
        help="the folder of the bare repository; a new temporary one without it",
    )  # fmt: skip
    _output(parser)
    return parser


def pulls_parser() -> Parser:
    """Return the grammar of `promote pulls`."""
    parser = Parser(
        prog="promote pulls",
        description=COMMANDS["pulls"].text,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "verb", nargs="?", choices=("list", "merge", "close"), default="list",
        help="what to do (default: list)",
    )  # fmt: skip
    parser.add_argument("number", nargs="?", type=int, metavar="N", help="the pull")
    _where(parser)
    _output(parser)
    return parser


def set_image_parser() -> Parser:
    """Return the grammar of `promote set-image`, whose arguments are those of kustomize."""
    parser = Parser(
        prog="promote set-image",
        description=COMMANDS["set-image"].text,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "arguments", nargs="*", metavar="ARG",
        help="NAME=NEWNAME:TAG, NAME:TAG, NAME@DIGEST …; * keeps what is there",
    )  # fmt: skip
    parser.add_argument(
        "--dir", action="append", metavar="DIR", help="a kustomization's folder (default: this one)"
    )
    parser.add_argument("--file", action="append", metavar="FILE", help="a kustomization file")
    parser.add_argument(
        "--dry-run", action="store_true", default=None, help="print the diff, write nothing"
    )
    parser.add_argument(
        "--allow", action="append", metavar="RULE",
        help="go on in spite of a rule: dead-edit, placeholder",
    )  # fmt: skip
    _output(parser)
    return parser


def _where(parser: Parser) -> None:
    """Add the flags that say which repository and which forge."""
    group = parser.add_argument_group("where")
    group.add_argument("--repo", metavar="REPO", help="the GitOps repository: a URL or a path")
    group.add_argument("--base", metavar="BRANCH", help="the branch to promote to")
    group.add_argument("--forge", metavar="KIND", help="what keeps the pulls: github, local")
    group.add_argument("--api-url", metavar="URL", help="the forge's API")
    group.add_argument("--config", metavar="FILE", help="a promoter.yaml of the caller's")
    group.add_argument("--transport", choices=("git", "api"), help="through git or the API")
    group.add_argument(
        "--signing-key", metavar="KEY",
        help="sign commits: the path of an SSH key, or the id of a GPG key",
    )  # fmt: skip
    group.add_argument(
        "--timeout", metavar="DURATION", help="end of the whole run: 90s, 2m (default: 120)"
    )


def _how(parser: Parser) -> None:
    """Add the flags that say how far to go."""
    group = parser.add_argument_group("how")
    group.add_argument(
        "--dry-run", action="store_true", default=None,
        help="print the diff and the pull, write nothing",
    )  # fmt: skip
    group.add_argument(
        "--check", action="store_true", default=None,
        help="like --dry-run; exit 10 where something would be written",
    )  # fmt: skip
    _output(group)
    group.add_argument("-v", "--verbose", action="store_true", default=None, help="say more")
    group.add_argument("-q", "--quiet", action="store_true", default=None, help="say less")


def _output(group: argparse._ActionsContainer) -> None:
    """Add the flag that chooses the form of stdout."""
    group.add_argument("--output", choices=("text", "json"), help="the form of stdout")


class Command:
    """A command: what it does, and its grammar. It is carried out by its namesake in `commands`."""

    def __init__(self, text: str, parser: Callable[[], Parser]) -> None:
        self.text = text
        self.parser = parser


COMMANDS = {
    "promote": Command(
        "move a container image tag into a GitOps repository by one pull request", main_parser
    ),
    "auto": Command("promote the newest images that the policies choose", auto_parser),
    "demo": Command(
        "make the Aurora GitOps repository and promote through it, without token or network",
        demo_parser,
    ),
    "pulls": Command("list the pulls of a repository; end one of the local forge", pulls_parser),
    "set-image": Command(
        "edit the images of kustomizations in place, without git", set_image_parser
    ),
}
WORDS = tuple(name for name in COMMANDS if name != "promote")
"""The commands that are named; without a name it is `promote --app`."""
