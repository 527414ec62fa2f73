"""How other tools and other commands spell what a command line asks for."""

from __future__ import annotations

_CHOOSES = "It takes the tag that the policy wants; for one tag: promote --app APP --tag TAG"
_READS = "It only reads: leave it out."
_EDITS = (
    "It edits files of this folder, as in promote set-image NAME=*:TAG; "
    "for an app: promote --app APP --tag TAG"
)
_ALL_TAGS = "It shows all tags: leave it out."
_SCOPE = "For one app or environment: promote status --app APP --env ENV"
_DEMO = "It makes a repository of its own, in a new or empty folder: promote demo DIR"

ELSEWHERE = {
    ("auto", "tag"): _CHOOSES,
    ("auto", "image"): _CHOOSES,
    ("auto", "from"): "It follows promotes-from by itself: leave it out.",
    ("auto", "group"): "It promotes each app by itself; a group: promote --group GROUP --tag TAG",
    ("auto", "together"): "With deliver: push, batch: true in promoter.yaml makes one commit.",
    ("rollback", "tag"): "The tag to go back to is --to TAG.",
    ("rollback", "image"): "The tag to go back to is --to TAG.",
    ("rollback", "number"): "How many changes to go back is --steps N.",
    ("rollback", "until"): "It holds the app until promote unhold: leave it out.",
    ("rollback", "from"): "The environment to roll back is --env ENV.",
    ("promote", "to"): "The tag to promote is --tag TAG, the environment --env ENV; "
    "to go back: promote rollback --app APP --to TAG --reason TEXT",
    ("promote", "steps"): "To go back: promote rollback --app APP --steps N --reason TEXT",
    ("promote", "number"): "promote history has it: promote history --number N",
    ("promote", "reason"): "promote rollback, promote hold and promote unhold take one.",
    ("promote", "until"): "A hold has an end: promote hold --app APP --until TIME --reason TEXT",
    ("promote", "no-registry"): "To ask no registry, write checks: {exists: off} in promoter.yaml.",
    ("hold", "tag"): "A hold keeps what runs now; for a tag: promote --app APP --tag TAG",
    ("hold", "to"): "A hold keeps what runs now; to go back: "
    "promote rollback --app APP --to TAG --reason TEXT",
    ("unhold", "until"): "It ends the hold now; another end: "
    "promote hold --app APP --until TIME --reason TEXT",
    ("status", "tag"): _ALL_TAGS,
    ("history", "tag"): _ALL_TAGS,
    ("status", "number"): "The entries of the history are limited: promote history --number N",
    **dict.fromkeys(
        (
            (command, option)
            for command in ("hold", "unhold", "status", "history")
            for option in ("group", "together")
        ),
        "Name each app: --app A --app B",
    ),
    ("status", ""): _READS,
    ("history", ""): _READS,
    ("pulls", "app"): f"It lists all. {_SCOPE}",
    ("pulls", "env"): f"It lists all. {_SCOPE}",
    ("pulls", ""): "It takes the repository alone: promote pulls --repo REPO",
    ("demo", ""): _DEMO,
    ("set-image", ""): _EDITS,
}
"""What to write where a flag is another command's, by command and option; '' is any option."""

_READ_FROM = (
    "The token is read from the variable GITHUB_TOKEN, so that no list of processes shows it."
)
_REGISTRY = (
    "A registry's login is docker login, or PROMOTER_REGISTRY_HOST, "
    "PROMOTER_REGISTRY_USERNAME and PROMOTER_REGISTRY_PASSWORD."
)
_NOT_NEEDED = "Nothing is asked: leave it out."

FLAGS_MEANT = {
    **dict.fromkeys(("-a", "--application", "--apps", "--service", "--name", "--project"), "--app"),
    **dict.fromkeys(
        ("-t", "--tags", "--new-tag", "--image-tag", "--newtag", "--version-tag"), "--tag"
    ),
    **dict.fromkeys(("-i", "--images", "--kustomize-image", "--set-image"), "--image"),
    **dict.fromkeys(
        (
            "-e",
            "-n",
            "--environment",
            "--environments",
            "--envs",
            "--stage",
            "--target",
            "--cluster",
            "--namespace",
            "--overlay",
        ),
        "--env",
    ),
    **dict.fromkeys(
        (
            "-r",
            "-R",
            "--repository",
            "--repository-url",
            "--repo-url",
            "--git-repo",
            "--url",
            "--git-url",
            "--remote",
        ),
        "--repo",
    ),
    **dict.fromkeys(("-b", "--branch", "--base-branch", "--git-branch", "--ref"), "--base"),
    **dict.fromkeys(("-o", "--output-format"), "--output"),
    **dict.fromkeys(("-c", "--config-file", "--file", "--filename", "-f"), "--config"),
    **dict.fromkeys(
        ("--dryrun", "--dry", "--plan", "--preview", "--diff", "--noop", "-d"), "--dry-run"
    ),
    **dict.fromkeys(("--debug", "--trace", "--log-level", "--loglevel"), "--verbose"),
    **dict.fromkeys(("--silent", "-s"), "--quiet"),
    **dict.fromkeys(("--sha", "--commit", "--git-sha"), "--source-revision"),
    "--revision": "--source-revision --steps",
    **dict.fromkeys(("--source", "--source-env", "--from-env"), "--from"),
    **dict.fromkeys(("--git-provider", "--provider"), "--forge"),
    **dict.fromkeys(("--git-provider-url", "--api", "--github-url"), "--api-url"),
    **dict.fromkeys(("--limit", "--max", "--count", "--last", "--max-count"), "--number"),
    **dict.fromkeys(("--message", "-m", "--comment", "--why"), "--reason"),
    **dict.fromkeys(("--wait", "--wait-for"), "--wait-for-image"),
    **dict.fromkeys(("--ignore", "--skip", "--override"), "--allow"),
    **dict.fromkeys(("--to-tag", "--to-version", "--to-revision"), "--to"),
    **dict.fromkeys(("--for", "--duration", "--expires"), "--until"),
    **dict.fromkeys(("--cache-dir",), "--cache"),
    **dict.fromkeys(("--gpg-sign", "-S", "--sign"), "--signing-key"),
}
"""The flag that is meant by another tool's: the first of these that the command has."""

FLAGS_EXPLAINED = {
    **dict.fromkeys(
        ("--token", "--github-token", "--gh-token", "--access-token", "--pat", "--git-token"),
        _READ_FROM,
    ),
    **dict.fromkeys(("--username", "--password", "--user"), f"{_READ_FROM} {_REGISTRY}"),
    **dict.fromkeys(("--yes", "-y", "--assume-yes", "--interactive", "--no-input"), _NOT_NEEDED),
    **dict.fromkeys(
        (
            "--create-pr",
            "--pr",
            "--pull-request",
            "--create-pull-request",
            "--push",
        ),
        "How a change arrives is a key of promoter.yaml, as in deliver: pull-request.",
    ),
    **dict.fromkeys(
        ("--auto-merge", "--automerge", "--merge"),
        "It is a key of promoter.yaml, as in deliver: auto-merge.",
    ),
    **dict.fromkeys(
        ("--squash", "--rebase"),
        "It is a key of promoter.yaml, as in merge-method: squash, with deliver: auto-merge.",
    ),
    **dict.fromkeys(
        ("--set", "--set-string", "--values", "--filter", "--path"),
        "The tag is --tag TAG; the file and the field that hold it are targets in promoter.yaml.",
    ),
    **dict.fromkeys(
        ("--head", "--head-branch", "--pr-branch"),
        "The branch of a pull request is templates.branch in promoter.yaml; "
        "the one to promote to is --base BRANCH.",
    ),
    **dict.fromkeys(
        ("--watch", "-w", "--follow", "--interval", "--daemon"),
        "A run ends when it is done: a schedule, or the program watch, repeats it.",
    ),
    **dict.fromkeys(
        ("--no-verify", "--retry", "--retries"),
        "Requests that fail are repeated, and running again is safe: leave it out.",
    ),
    "-V": "Did you mean --version?",
    "--auto": "It is a command: promote auto --env ENV",
    "--rollback": "It is a command: promote rollback --app APP --reason TEXT",
    "--undo": "To go back: promote rollback --app APP --reason TEXT",
    "--all": "Name each app: --app A --app B; what the policies choose of all apps: promote auto",
    "--all-apps": "Name each app: --app A --app B; what the policies choose of all: promote auto",
    "--force": "Where a rule refuses: --allow RULE; to replace a branch: --take-over.",
    "--json": "Write --output json",
    "--format": "Write --output json",
    "--digest": "A digest goes with its image: --image NAME@DIGEST",
    "--since": "How many entries are shown is --number N.",
    "--owner": "Both are in --repo, as in --repo https://github.com/OWNER/REPOSITORY",
    "--organisation": "Both are in --repo, as in --repo https://github.com/OWNER/REPOSITORY",
    "--organization": "Both are in --repo, as in --repo https://github.com/OWNER/REPOSITORY",
    "--repository-name": "Both are in --repo, as in --repo https://github.com/OWNER/REPOSITORY",
    "--no-color": "Set the variable NO_COLOR=1.",
    "--color": "The terminal decides; NO_COLOR=1 drops colours.",
    "--registry": "It is the beginning of an image's name: --image ghcr.io/owner/app=1.4.2",
    "--insecure": "Registries without TLS are named by PROMOTER_HTTP_REGISTRIES, one a line.",
    "--plain-http": "Registries without TLS are named by PROMOTER_HTTP_REGISTRIES, one a line.",
    "--commit-message": "The text is templates.commit in promoter.yaml.",
    "--message": "The texts are templates.title and templates.commit in promoter.yaml.",
    "-m": "The texts are templates.title and templates.commit in promoter.yaml.",
    "--title": "The text is templates.title in promoter.yaml.",
    "--body": "The text is templates.body in promoter.yaml.",
    "--dir": "The repository is --repo; one folder without git: promote set-image --dir DIR",
}
"""What to do where another tool's flag has no single counterpart."""

_PROMOTE = "It is the command without a word: promote --app APP --tag TAG"
_STATUS = "What runs where: promote status"
_HOLD = "Did you mean promote hold --app APP --reason TEXT"
_UNHOLD = "Did you mean promote unhold --app APP --reason TEXT"
_DRY_RUN = "Write promote --app APP --tag TAG --dry-run"
_ROLLBACK = "Did you mean promote rollback --app APP --reason TEXT"
_SET_IMAGE = "Did you mean promote set-image NAME=*:TAG"

COMMANDS_OWN = {
    "rollback": _ROLLBACK,
    "hold": _HOLD,
    "unhold": _UNHOLD,
    "set-image": _SET_IMAGE,
    "pulls": "Did you mean promote pulls?",
    "demo": _DEMO,
}
"""What is meant by a command of ours behind another word; else it is for one app."""

COMMANDS_MEANT = {
    **dict.fromkeys(
        ("update", "deploy", "apply", "bump", "set", "run", "create", "release", "sync", "upgrade"),
        _PROMOTE,
    ),
    **dict.fromkeys(
        ("list", "ls", "get", "show", "apps", "images", "tags", "state", "info"), _STATUS
    ),
    **dict.fromkeys(("pause", "lock", "freeze", "suspend", "stop", "disable"), _HOLD),
    **dict.fromkeys(("resume", "unlock", "unfreeze", "unpause", "continue", "enable"), _UNHOLD),
    **dict.fromkeys(
        ("diff", "plan", "preview", "check", "validate", "lint", "test", "dry-run", "dryrun"),
        _DRY_RUN,
    ),
    **dict.fromkeys(("undo", "revert", "back", "rollout", "downgrade"), _ROLLBACK),
    **dict.fromkeys(("log", "logs", "events", "audit"), "Did you mean promote history?"),
    **dict.fromkeys(
        ("pr create", "pr open", "pull create"), "A promotion opens it: promote --app APP --tag TAG"
    ),
    **dict.fromkeys(("pr", "prs", "pull", "pull-requests", "mr"), "Did you mean promote pulls?"),
    **dict.fromkeys(
        ("set image", "image set", "edit set", "kustomize edit", "edit", "setimage", "set_image"),
        f"{_SET_IMAGE}; for an app: promote --app APP --tag TAG",
    ),
    **dict.fromkeys(
        ("init", "setup", "install", "config", "configure"),
        "Nothing has to be set up but promoter.yaml on the base branch; to see one: promote demo",
    ),
    "version": "Write promote --version",
}
"""What is meant by a first word that is no command."""
