"""What to write for a flag of another command, and for a word that is no command.

In a text, `{rollback}` stands for the line of that command with what was given, and `{value:TAG}`
for the flag's value, or TAG where it has none.
"""

from __future__ import annotations

from promoter.cli.other_tools_flags import READ_FROM, REGISTRY_LOGIN

_CHOOSES = "It takes the tag that the policy wants; for one tag: {promote}"
_READS = "It only reads: leave it out."
_EDITS = "It edits files of this folder, as in {set-image}; for an app: {promote}"
_ALL_TAGS = "It shows all tags: leave it out."
_SCOPE = "For one app or environment: {status}"
_DEMO = "It makes a repository of its own, in a new or empty folder: promote demo DIR"

ELSEWHERE = {
    ("auto", "tag"): _CHOOSES,
    ("auto", "image"): _CHOOSES,
    ("auto", "from"): "It follows promotes-from by itself: leave it out.",
    ("auto", "group"): "It promotes each app by itself; a group: {promote}",
    ("auto", "together"): "With deliver: push, batch: true in promoter.yaml makes one commit.",
    ("auto", "reason"): "A reason is for {rollback}, or promote hold: leave it out.",
    ("auto", "source-revision"): "It finds each image's commit by itself: leave it out.",
    ("auto", "wait-for-image"): "It takes what the registry has now; a later run takes the rest.",
    ("auto", "take-over"): "For the one app whose branch it is: {promote}",
    ("rollback", "tag"): "The tag to go back to is --to {value:TAG}",
    ("rollback", "image"): "The tag to go back to is --to TAG; all images of the app go together.",
    ("rollback", "number"): "How many changes to go back is --steps {value:N}",
    ("rollback", "until"): "It holds the app until promote unhold: leave it out. "
    "For an end, then: promote hold --app APP --until {value:TIME} --reason TEXT",
    ("rollback", "from"): "The environment to roll back is --env ENV; to run what another runs: "
    "{promote}",
    ("rollback", "wait-for-image"): "What ran before is in the registry already: leave it out.",
    ("rollback", "source-revision"): "It is read from the history: leave it out.",
    ("promote", "to"): "The tag to promote is --tag {value:TAG}, the environment --env ENV; "
    "to go back: {rollback}",
    ("promote", "to env"): "The environment to promote to is --env {value:ENV}",
    ("promote", "steps"): "To go back: {rollback}",
    ("promote", "number"): "The history has it: {history}",
    ("promote", "reason"): "promote rollback, promote hold and promote unhold take one. "
    "The pull request's text is templates.body in promoter.yaml.",
    ("promote", "until"): "A hold has an end: {hold}",
    ("promote", "no-registry"): "To ask no registry, write checks: {exists: off} in promoter.yaml.",
    ("promote", "shard"): "It is a flag of promote auto, which takes all apps: leave it out here.",
    ("hold", "tag"): "A hold keeps what runs now; for a tag: {promote}",
    ("hold", "image"): "A hold is for all images of the app: leave it out.",
    ("hold", "to"): "A hold keeps what runs now; to go back: {rollback}",
    ("hold", "steps"): "A hold keeps what runs now; to go back: {rollback}",
    ("hold", "from"): "The environment to hold the app in is --env {value:ENV}",
    ("unhold", "until"): "It ends the hold now; another end: {hold}",
    ("unhold", "tag"): "It ends the hold only; then promote: {promote}",
    ("status", "tag"): _ALL_TAGS,
    ("history", "tag"): _ALL_TAGS,
    ("status", "number"): "The entries of the history are limited: {history}",
    ("history", "from"): "How many entries are shown is --number N.",
    ("history", "until"): "How many entries are shown is --number N.",
    ("history", "steps"): "How many entries are shown is --number {value:N}",
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
    ("pulls", "number"): "It lists all, each with its state: leave it out.",
    ("pulls", "reason"): "A comment is written on the pull request itself: leave it out.",
    ("pulls", ""): "It takes the repository alone: promote pulls --repo REPO",
    ("demo", ""): _DEMO,
    ("set-image", "repo"): "It edits files of a folder, without git: --dir DIR names it; "
    "for a repository: {promote}",
    ("set-image", "image"): "The image stands alone, without a flag: {set-image}",
    ("set-image", ""): _EDITS,
}
"""What to write where a flag is another command's, by command and option; '' is any option."""

_MEANT: tuple[tuple[str, str], ...] = (
    (
        "update, deploy, apply, bump, set, run, create, release, upgrade, ship, push, "
        "rollforward, promotion, start",
        "Promoting needs no command name: {promote}",
    ),
    (
        "list, ls, get, show, apps, images, tags, state, info, describe, outdated, versions, "
        "st, inspect, envs, environments, top",
        "What runs where: {status}",
    ),
    (
        "pause, lock, freeze, suspend, stop, disable, block, pin",
        "Did you mean {hold}",
    ),
    (
        "resume, unlock, unfreeze, unpause, continue, enable, release-hold, unblock, unpin",
        "Did you mean {unhold}",
    ),
    (
        "diff, plan, preview, check, test, dry-run, dryrun, template, render, build, whatif",
        "Write {promote} --dry-run",
    ),
    (
        "validate, lint, verify",
        "Write {promote} --dry-run; --config FILE tries a promoter.yaml that is not pushed",
    ),
    (
        "undo, revert, back, rollout, downgrade, rollout undo, restore, previous",
        "Did you mean {rollback}",
    ),
    (
        "log, logs, events, audit, changes, timeline, changelog",
        "Did you mean {history}",
    ),
    (
        "pr create, pr open, pull create",
        "A promotion opens it: {promote}",
    ),
    (
        "pr, prs, pull, pull-requests, mr, mrs, prs list, open",
        "Did you mean promote pulls?",
    ),
    (
        "set image, image set, edit set, kustomize edit, edit, setimage, set_image, kustomize, "
        "set images",
        "Did you mean {set-image}; for an app: {promote}",
    ),
    (
        "init, setup, install, config, configure, bootstrap, new",
        "The configuration is promoter.yaml, at the root of the GitOps repository; to see one: "
        "promote demo",
    ),
    (
        "login, logout, auth",
        f"{READ_FROM} {REGISTRY_LOGIN}",
    ),
    (
        "watch, serve, server, daemon, controller, agent",
        "There is no server: a schedule runs {auto}",
    ),
    (
        "sync, refresh, wait, rollout status, reconcile",
        "Argo CD or Flux syncs what is on the base. To change that: {promote}",
    ),
    (
        "delete, remove, rm, destroy, uninstall, prune, scale, restart",
        "An image's tag alone is changed here. To go back: {rollback}",
    ),
    (
        "approve, review, comment",
        "A pull request is approved on the forge. They are listed by promote pulls",
    ),
    (
        "completion, completions",
        "There is no completion; promote --help shows all flags.",
    ),
    (
        "version",
        "Write promote --version",
    ),
    (
        "example, examples, tutorial, quickstart, try",
        "To see it work: promote demo",
    ),
)
COMMANDS_MEANT = {name: text for names, text in _MEANT for name in names.split(", ")}
"""What is meant by a word that is no command."""
OTHER_TOOLS = (
    "kubectl", "helm", "argocd", "flux", "kargo", "docker", "gh", "git", "updatecli", "gitopscli",
    "skaffold", "oc",
)  # fmt: skip
"""Tools whose commands people write behind ours."""
KINDS_OF_OBJECTS = (
    "kustomization", "helmrelease", "deployment", "application", "statefulset", "rollout", "stage",
)  # fmt: skip
"""What other tools' commands say before a name."""
