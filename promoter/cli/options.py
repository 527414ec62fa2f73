"""The options and the commands: one table each, from which flags, variables and help come.

Only argparse is imported, so that help answers at once. Each option is the initial value of the
variable of its name (`promoter.settings.Settings`); a test holds the two to each other.
"""

from __future__ import annotations

from promoter import __version__
from promoter.cli.parser import Formatter, Parser, StoreSingle

TYPE_CHECKING = False  # importing typing would cost a tenth of what --help may take
if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from typing import Any


class Option:
    """A flag of the command line, and the variable that stands behind it.

    `many`: it may be given several times. `switch`: it takes no value. `choices`: the values there
    are. `short`: its one-letter form.
    `bare`: its value may be left out, and is empty then.
    """

    def __init__(  # noqa: PLR0913 - a row of the table
        self,
        metavar: str = "",
        *,
        help: str,  # noqa: A002 - argparse's own word
        many: bool = False,
        choices: tuple[str, ...] | None = None,
        short: str = "",
        bare: bool = False,
    ) -> None:
        self.metavar, self.help, self.bare = metavar, help, bare
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
        help="go on in spite of a rule: downgrade, previous-environment, soak, freeze, hold, "
        "tags, max-age, dead-edit, placeholder, mutable-tag",
    ),
    "take-over": Option(help="replace a branch that holds commits of others"),
    "from": Option(
        "ENV", bare=True,
        help="promote what runs in this environment (default: the one that promotes-from names)",
    ),
    "together": Option(help="promote several apps by one commit and one pull request"),
    "group": Option("GROUP", help="a group of promoter.yaml: its apps, by one pull request"),
    "reason": Option("TEXT", help="why, in a sentence, for those who read it later"),
    "until": Option("TIME", help="when it ends by itself, e.g. 2026-12-01T08:00:00Z"),
    "to": Option("TAG", help="the tag to go back to"),
    "steps": Option("N", help="how many changes to go back (default: 1)"),
    "number": Option("N", short="-n", help="how many entries to show"),
    "no-registry": Option(help="do not ask registries what is newer"),
    "shard": Option("I/N", help="only the I-th part of N of the apps, e.g. 2/4"),
    "repo": Option("REPO", help="the GitOps repository: a URL or a path"),
    "base": Option("BRANCH", help="the branch to promote to (default: the repository's)"),
    "forge": Option("KIND", help="what keeps the pull requests: github, local"),
    "api-url": Option("URL", help="the forge's API"),
    "config": Option("FILE", help="a promoter.yaml of your own, for what the repository's has not"),
    "transport": Option(choices=("git", "api"), help="through git or the forge's API"),
    "signing-key": Option("KEY", help="sign commits: the path of an SSH key, or the id of a GPG key"),
    "cache": Option("DIR", help="keep what was fetched here, so that the next run fetches less"),
    "timeout": Option("DURATION", help="the end of the whole run, e.g. 90s or 5m (default: 2m)"),
    "dry-run": Option(help="print the diff and the pull request, write nothing"),
    "check": Option(help="like --dry-run; exit 10 where something would be written"),
    "output": Option(choices=("text", "json"), help="the form of stdout"),
    "log-format": Option(choices=("text", "json"), help="the form of stderr"),
    "verbose": Option(short="-v", help="explain each choice, and show each request and its time"),
    "quiet": Option(short="-q", help="say what was done in one line, or nothing"),
}  # fmt: skip
WHERE = (
    "repo", "base", "forge", "api-url", "config", "transport", "signing-key", "cache", "timeout",
)  # fmt: skip
HOW = ("dry-run", "check", "output", "log-format", "verbose", "quiet")


def variable_of(option: str) -> str:
    """Return the environment variable of an option, e.g. `PROMOTER_API_URL`."""
    return f"PROMOTER_{option.replace('-', '_').upper()}"


def setting_of(option: str) -> str:
    """Return the name of an option's setting, e.g. `api_url`; a word of Python's gets a `_`."""
    return "from_" if option == "from" else option.replace("-", "_")


class Command:
    """A command: what it does, its arguments, and its options by the headings of its help.

    It is carried out by `run` of `promoter.cli.commands.MODULE`.
    `helps`, `many` and `choices` go by the option's name; they replace what `OPTIONS` says.
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
        choices: dict[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.text, self.module, self.options = text, module, options
        self.arguments, self.helps, self.many = arguments, helps or {}, many
        self._choices = choices or {}

    def choices(self, option: str) -> tuple[str, ...] | None:
        """Return the values that an option may have here; None where it may have any."""
        return self._choices.get(option, OPTIONS[option].choices)

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
        form |= {"dest": setting_of(name)}
        if option.switch:
            form |= {"action": "store_true"}
        else:
            many = option.many or name in self.many
            form |= {"action": "append" if many else StoreSingle, "choices": self.choices(name)}
            form |= {"metavar": option.metavar} if option.metavar else {}
            form |= {"nargs": "?", "const": ""} if option.bare else {}
        group.add_argument(*filter(None, (option.short, f"--{name}")), **form)


COMMANDS = {
    "promote": Command(
        "move a container image tag into a GitOps repository by one pull request",
        "promote",
        {
            "what to promote": (
                "app", "together", "group", "tag", "image", "from", "env", "source-revision",
                "wait-for-image", "allow", "take-over",
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
    "rollback": Command(
        "go back to what an environment ran before, and hold the app there",
        "rollback",
        {
            "what to roll back": (
                "app", "together", "group", "env", "to", "steps", "reason", "allow", "take-over",
            ),
            "where": WHERE,
            "how": HOW,
        },
        helps={"allow": "go on in spite of a rule, as above"},
    ),
    "hold": Command(
        "keep an app at what an environment runs, until unhold or a time",
        "hold",
        {
            "what to hold": ("app", "env", "reason", "until", "take-over"),
            "where": WHERE,
            "how": HOW,
        },
    ),
    "unhold": Command(
        "end a hold",
        "unhold",
        {
            "whose hold to end": ("app", "env", "reason", "take-over"),
            "where": WHERE,
            "how": HOW,
        },
    ),
    "status": Command(
        "show what runs where, since when, and what is newer, proposed or refused",
        "status",
        {
            "what to show": ("app", "env", "no-registry"),
            "where": WHERE,
            "how": ("output", "log-format", "verbose"),
        },
        helps={
            "app": "an application (default: all)",
            "env": "an environment (default: all)",
        },
        many=("env",),
        choices={"output": ("text", "json", "markdown")},
    ),
    "history": Command(
        "show what happened to apps in their environments, newest first",
        "history",
        {
            "what to show": ("app", "env", "number"),
            "where": WHERE,
            "how": ("output", "log-format", "verbose"),
        },
        helps={
            "app": "an application (default: all)",
            "env": "an environment (default: all)",
            "number": "how many entries to show (default: 20)",
        },
        many=("env",),
        choices={"output": ("text", "json", "markdown")},
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
