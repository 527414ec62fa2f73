"""The options: one table, from which flags, variables and help come.

Each option is the initial value of the variable of its name (`promoter.settings.Settings`); a test
holds the two to each other. Hardly anything is imported, so that help answers at once.
"""

from __future__ import annotations

from promoter.domain.rules import ALLOWABLE


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

    def takes(self, value: str) -> bool:
        """Return whether a value, or none (''), may be given; of a switch it is left out."""
        if self.choices is not None:
            return value in self.choices
        return self.switch or self.bare or bool(value)


OPTIONS = {
    "app": Option("APP", many=True, help="an app; repeat it for several, each with its own pull request"),
    "tag": Option("TAG", help="the tag of the app's images"),
    "image": Option(
        "IMAGE", many=True,
        help="one image: NAME=TAG, NAME@DIGEST or NAME=TAG@DIGEST; --tag then sets the app's other "
        "images"
    ),
    "env": Option(
        "ENV", help="the environment (default: default-environment in promoter.yaml, else prod)"
    ),
    "source-revision": Option(
        "SHA", help="the source commit (full or short id) that the image was built from"
    ),
    "wait-for-image": Option(
        "DURATION", help="wait up to this long until the registry has the image, e.g. 5m"
    ),
    "allow": Option(
        "RULE", many=True,
        help=f"override a rule: {', '.join(ALLOWABLE)}",
    ),
    "take-over": Option(
        help="replace the promotion's branch even if others committed to it, dropping their commits"
    ),
    "from": Option(
        "ENV", bare=True,
        help="promote what runs in ENV (default: the promotes-from of --env)",
    ),
    "together": Option(help="promote several apps in one commit and one pull request"),
    "group": Option("GROUP", help="all apps of a group in promoter.yaml, in one pull request"),
    "reason": Option("TEXT", help="why, in a sentence (required)"),
    "until": Option("TIME", help="when it ends by itself, e.g. 2026-12-01T08:00:00Z or 24h"),
    "to": Option("TAG", help="the tag to go back to"),
    "steps": Option("N", help="how many changes to go back (default: 1)"),
    "number": Option("N", short="-n", help="how many entries to show"),
    "no-registry": Option(help="do not ask registries what is newer"),
    "shard": Option("I/N", help="only the I-th part of N of the apps, e.g. 2/4"),
    "repo": Option(
        "REPO", help="the GitOps repository: a URL, or the path of one that is changed itself (default: "
        "origin of this clone)"
    ),
    "base": Option(
        "BRANCH", help="the branch that is deployed (default: the repository's default branch)"
    ),
    "forge": Option(
        "KIND", help="where pull requests are: github, or local, inside a repository on this machine "
        "(default: local where REPO is a path)"
    ),
    "api-url": Option("URL", help="the forge's API"),
    "config": Option(
        "FILE", help="use FILE as promoter.yaml where the repository has none; with --dry-run, in "
        "place of its own"
    ),
    "transport": Option(
        choices=("git", "api"), help="read and write by git, or by the forge's API (default: git)"
    ),
    "signing-key": Option("KEY", help="sign commits: the path of an SSH key, or the id of a GPG key"),
    "cache": Option("DIR", help="keep what was fetched in this folder, for the next run"),
    "timeout": Option(
        "DURATION", help="end the run after this long, e.g. 90s (default: 2m)"
    ),
    "dry-run": Option(help="print the diff and the pull request, write nothing"),
    "check": Option(help="like --dry-run; exit 10 where something would be written"),
    "output": Option(choices=("text", "json"), help="the format of the result on stdout"),
    "log-format": Option(choices=("text", "json"), help="the format of the messages on stderr"),
    "verbose": Option(
        short="-v", help="explain each choice; list git commands and requests (+) with their time"
    ),
    "quiet": Option(
        short="-q", help="print one line if something was done or an older tag was not taken, and errors"
    ),
}  # fmt: skip
WHERE = (
    "repo", "base", "forge", "api-url", "config", "transport", "signing-key", "cache", "timeout",
)  # fmt: skip
WHERE_READ = tuple(one for one in WHERE if one != "signing-key")
HOW = ("dry-run", "check", "output", "log-format", "verbose", "quiet")


def prog_of(command: str) -> str:
    """Return how a command is called, e.g. `promote rollback`; without a name it is `promote`."""
    return command if command == "promote" else f"promote {command}"


def variable_of(option: str) -> str:
    """Return the environment variable of an option, e.g. `PROMOTER_API_URL`."""
    return f"PROMOTER_{option.replace('-', '_').upper()}"


def setting_of(option: str) -> str:
    """Return the name of an option's setting, e.g. `api_url`; a word of Python's gets a `_`."""
    return "from_" if option == "from" else option.replace("-", "_")


def long_name(flag: str) -> str:
    """Return an option's name by its flag, long or short, with or without a value; '' for none."""
    if flag.startswith("--"):
        name = flag[2:].partition("=")[0]
        return name if name in OPTIONS else ""
    return next((name for name, one in OPTIONS.items() if one.short and one.short == flag), "")
