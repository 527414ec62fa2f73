"""What people write who know other tools, and what to write instead: tables of words alone.

Each row has the names that it answers, parted by commas, and the hint. In a hint, `{rollback}`
stands for the line of that command with what was given, and `{value}` for the flag's value.
"""

from __future__ import annotations

_READ_FROM = (
    "The token is read from the variable GITHUB_TOKEN, so that no list of processes shows it."
)
_REGISTRY_LOGIN = (
    "A registry's login is docker login, or PROMOTER_REGISTRY_HOST, "
    "PROMOTER_REGISTRY_USERNAME and PROMOTER_REGISTRY_PASSWORD."
)
_EACH_APP = "Name each app: --app A --app B"
_NEWEST = "It shows the newest 20 of all, or as many as --number N says."


def _by_name(rows: dict[str, str]) -> dict[str, str]:
    return {name: hint for names, hint in rows.items() for name in names.split(", ")}


FLAGS = _by_name({
    "no-wait": "Nothing is waited for without --wait-for-image: leave it out.",
    "keep-going, fail-fast, continue-on-error, no-fail-fast":
        "A failure of one app does not stop the others: leave it out.",
    "token, github-token, gh-token, access-token, auth-token, pat, git-token, api-token":
        _READ_FROM,
    "username, password, user, git-username, git-password, git-user, auth, login, credentials, "
    "registry-username, registry-password, docker-username, docker-password":
        f"{_READ_FROM} {_REGISTRY_LOGIN}",
    "yes, y, assume-yes, interactive, no-input, non-interactive, confirm, no-prompt, prompt, fill, "
    "auto-approve, no-interactive, batch-mode, no-edit": "Nothing is asked: leave it out.",
    "web, browse": "Open the address that is printed: leave it out.",
    "set, set-string, values, set-file, helm-set, parameter, p, value, value-file, values-file, "
    "field, jsonpath, yaml-path, key-path, property, filter, file-path":
        "The tag is --tag {value}; the file and the field are targets in promoter.yaml.",
    "head, head-branch, pr-branch, write-branch, branch-name, branch-prefix, H, new-branch, "
    "source-branch":
        "The branch of a pull request is templates.branch in promoter.yaml; the one to promote to "
        "is --base BRANCH.",
    "once": "It runs once: leave it out.",
    "watch, w, follow, interval, daemon, loop, poll, schedule, every, cron":
        "A run ends when it is done: a schedule, or the program watch, repeats it.",
    "no-verify, no-hooks": "No hooks of git are run before a commit: leave it out.",
    "retry, retries, max-retries, retry-count, backoff, retry-limit, idempotent":
        "Requests that fail are repeated, and running again is safe: leave it out.",
    "sync, prune, self-heal, sync-policy, refresh, hard-refresh, grpc-web, server-side, rollout":
        "Nothing is synced here: Argo CD or Flux does so once the change is on the base. Leave it "
        "out.",
    "context, kube-context, kubeconfig, server, kube-token, as, kubectl, core, in-cluster":
        "No cluster is asked: leave it out. The environment is --env ENV",
    "file, f, filename, k, manifest":
        "The promoter.yaml of the repository is read, and names the files that hold the tag: leave "
        "it out. To try another: --dry-run --config FILE",
    "chart, helm, install, reuse-values, create-namespace, cleanup-on-fail, atomic":
        "Helm is not run: the file and the field that hold the tag are targets in promoter.yaml.",
    "delete-branch, clean, cleanup, prune-branches, keep-branch":
        "The branch of a pull request goes when the forge deletes it: leave it out.",
    "admin, force-merge": "A pull request is merged on the forge, by its own rules: leave it out.",
    "state, open, closed, merged, all-states": "All are listed, each with its state: leave it out.",
    "search, selector, label-selector, field-selector, l, jq, template, sort, sort-by, columns, grep":
        "For a program to choose from: --output json",
    "offline, no-fetch, no-clone, local-only, depth, shallow, single-branch, clone-depth":
        "Only what is needed is fetched, each time anew; --cache DIR keeps it for the next run.",
    "dir, directory":
        "The repository is --repo REPO; one folder without git: promote set-image --dir DIR",
    "parallel, concurrency, workers, jobs, j, threads, parallelism":
        "Registries are asked in parallel already: leave it out.",
    "log, log-file, logfile, out-file, output-file":
        "Messages are on stderr, the result is on stdout: send them on by 2> LOG and > FILE",
    "latest, newest, semver, policy, policy-type, range, constraint, update-strategy, "
    "select-semver, strategy, version-policy":
        "Which tag is taken is policy in promoter.yaml; to take it: {auto}",
    "approve, approver, approvers, approval":
        "A pull request is approved on the forge; who is asked is reviewers in promoter.yaml.",
    "notify, slack, webhook, slack-webhook":
        "Nobody is notified but by the forge. --output json is for a program that does.",
    "at, now, when, date, time":
        "A promotion is made now; when it may not be is freeze in promoter.yaml.",
    "all, A, all-apps, all-applications, all-namespaces, all-environments":
        f"{_EACH_APP}; what the policies choose of all apps: {{auto}}",
    "write, in-place, inplace, save, commit, apply": "It writes unless --dry-run is given: leave it out.",
    "force, F": "Where a rule refuses: --allow RULE; to replace a branch: --take-over.",
    "V, version": "Did you mean promote --version?",
    "json": "Write --output json",
    "digest, image-digest, sha256": "A digest goes with its image: --image NAME@DIGEST",
    "since, from-date, after, before, days, page, offset, skip": _NEWEST,
    "oneline, short, compact, wide, show-labels, no-headers, no-pager, full, reverse":
        "One form is shown: leave it out.",
    "owner, organisation, organization, org, repository-owner, repository-name, repo-owner, repo-name":
        "Both are in --repo, as in --repo https://github.com/OWNER/REPOSITORY",
    "no-color, no-colour, nocolor, color, colour":
        "The terminal decides; the variable NO_COLOR=1 drops colours.",
    "registry, registry-url, docker-registry":
        "It is the beginning of an image's name: --image ghcr.io/owner/app=1.4.2",
    "insecure, plain-http, http, insecure-registry, tls-verify, no-tls, skip-tls":
        "Registries without TLS are named by PROMOTER_HTTP_REGISTRIES, one a line.",
})  # fmt: skip
"""By a flag of other tools for which there is no single one of ours; without its dashes."""

OF_OTHER_COMMANDS = _by_name({
    "auto tag, auto image": "It takes the tag that the policy wants; for one tag: {promote}",
    "auto from": "It follows promotes-from by itself: leave it out.",
    "auto group": "It promotes each app by itself; a group: {promote}",
    "auto together": "With deliver: push, batch: true in promoter.yaml makes one commit.",
    "auto number": "It takes all: leave it out. A part of the apps: promote auto --shard 1/4",
    "auto reason": "A reason is for {rollback}, or for a hold: leave it out.",
    "auto source-revision": "It finds each image's commit by itself: leave it out.",
    "auto wait-for-image": "It takes what the registry has now; a later run takes the rest.",
    "auto take-over": "For the one app whose branch it is: {promote}",
    "rollback image": "The tag to go back to is --to TAG; all images of the app go together.",
    "rollback until":
        "It holds the app until it is unheld: leave it out. For an end, then: {hold}",
    "rollback revision, rollback to-revision, rollback revisions, rollback count":
        "Revisions have no numbers here. For the state before: {rollback}; for another: --to TAG, "
        "as listed by {history}",
    "rollback hold": "It holds the app by itself: leave it out.",
    "rollback no-hold": "It always holds the app; afterwards, to end that: {unhold}",
    "rollback pr, rollback pull, rollback pull-request, rollback commit, rollback sha":
        "The state to go back to is --to TAG; which one brought it says {history}",
    "promote pr, promote pull-request, promote create-pr, promote open-pr, auto pr, rollback create-pr":
        "It is opened by itself, unless promoter.yaml has deliver: push. Leave it out.",
    "promote wait":
        "A run ends once the pull request is open: leave it out. To wait for the image: "
        "--wait-for-image 5m",
    "rollback last, rollback previous, rollback prev, rollback undo":
        "It goes back by one without a flag: leave it out.",
    "rollback from": "The environment to roll back is --env ENV; to run what another runs: {promote}",
    "rollback wait-for-image": "Nothing is waited for: leave it out.",
    "rollback source-revision": "What ran before is known from the history: leave it out.",
    "promote to": "To promote it: {promote}; to go back: {rollback}",
    "promote reason":
        "A reason is for promote rollback, hold and unhold; the texts of commits and pull requests "
        "are templates in promoter.yaml.",
    "promote no-registry": "To ask no registry, write checks: {exists: off} in promoter.yaml.",
    "promote shard": "It is a flag of promote auto, which takes all apps: leave it out here.",
    "hold forever, hold indefinitely, hold permanent, hold pin":
        "It holds what runs now until it is unheld: leave it out.",
    "hold tag": "A hold keeps what runs now; for a tag: {promote}",
    "hold image": "A hold is for all images of the app: leave it out.",
    "hold to, hold steps": "A hold keeps what runs now; to go back: {rollback}",
    "unhold tag": "It ends the hold only; then promote: {promote}",
    "status tag, history tag": "It shows all tags: leave it out.",
    "history from, history until, history all": _NEWEST,
    "history author, history user, history committer, history actor":
        "It shows all; who asked for each is in --output json",
    "status outdated, status newer, status updates, status since":
        "The table says it without a flag: leave it out.",
    "status diff, history diff": "To see what would change: {promote} --dry-run",
    "rollback all, hold all, unhold all, hold group, unhold group, status group, history group, "
    "hold together, unhold together, status together, history together": _EACH_APP,
    "status all, pulls all": "It shows all: leave it out.",
    "auto all": "It takes all: leave it out.",
    "auto exclude, auto except": _EACH_APP,
    "status number": "It shows all: leave it out. The last changes: {history}",
    "status quiet, history quiet": "It prints what is asked for: leave it out.",
    "status, history": "It only reads: leave it out.",
    "pulls app, pulls env": "It lists all. For one app or environment: {status}",
    "pulls auto, pulls squash, pulls rebase, pulls merge, pulls auto-merge, pulls merge-method":
        "How it is merged is in promoter.yaml, as in deliver: auto-merge, with merge-method: squash",
    "pulls reason": "A comment is written on the pull request itself: leave it out.",
    "pulls": "It lists all, each with its state, and takes no choice of them: leave it out.",
    "demo": "It makes a repository of its own, in a new or empty folder: promote demo DIR",
    "set-image repo":
        "It edits files of a folder, without git: --dir DIR names it; for a repository: {promote}",
    "set-image check": "To see what would change: --dry-run",
    "set-image image": "The image stands alone, without a flag: {set-image}",
    "set-image record, set-image local": "It edits files alone: leave it out.",
    "set-image recursive": "Name each folder: --dir A --dir B",
    "set-image, set-image set, set-image set-string":
        "It edits files of this folder, as in {set-image}; for an app: {promote}",
})  # fmt: skip
"""By a command and a flag that it does not take, or by the command for all flags of others."""
RENAMED = {
    "promote to": "tag", "promote count": "tag", "rollback tag": "to", "rollback number": "steps",
    "history steps": "number", "history count": "number",
    "hold from": "env", "unhold from": "env",
}  # fmt: skip
"""By a command and another's flag, or the kind of a bare word, the option that it has for that."""

OTHER_COMMANDS = _by_name({
    "update, image update, images update":
        "To promote a tag: {promote}; what the policies choose: {auto}",
    "renovate, dependabot, updatecli, image-updater, newest, latest":
        "What the policies choose: {auto}",
    "deploy, rollout, apply, bump, set, run, create, release, upgrade, ship, push, rollforward, "
    "promotion, start": "Promoting needs no command name: {promote}",
    "list, ls, get, show, apps, images, tags, state, info, describe, outdated, versions, st, "
    "inspect, envs, environments, top, view, graph, tree": "What runs where: {status}",
    "holds, held, hold list, hold ls, hold show, hold status, unhold list":
        "What is held stands under 'blocked by': {status}",
    "pause, lock, freeze, suspend, stop, disable, block, pin": "Did you mean {hold}",
    "resume, unlock, unfreeze, unpause, continue, enable, release-hold, unblock, unpin":
        "Did you mean {unhold}",
    "diff, plan, preview, check, test, dry-run, dryrun, template, render, build, whatif":
        "Write {promote} --dry-run",
    "validate, lint, verify":
        "Write {promote} --dry-run; --config FILE tries a promoter.yaml that is not pushed",
    "undo, revert, back, downgrade, restore, previous":
        "Did you mean {rollback}",
    "retag, copy, cp, mirror, annotate, attest, sign":
        "No registry is written to: an image gets its tags where it is built. To promote one: {promote}",
    "exec, doctor, cleanup, clean, gc, debug": "promote --help lists the commands.",
    "rollback list, rollback ls, rollback show, rollback get, history list, history ls, "
    "history show, history get": "Did you mean {history}",
    "log, logs, events, audit, changes, timeline, changelog, revisions": "Did you mean {history}",
    "pr create, pr open, pr new, pr reopen, pull create": "A promotion opens it: {promote}",
    "pr checkout, pr switch": "Write git fetch origin BRANCH. Branches are listed by promote pulls",
    "pr diff, pr files": "To see what would change: {promote} --dry-run",
    "pr rebase, pr update, pr update-branch, pr sync, pr refresh":
        "To start from the newest base, promote it again: {promote}",
    "pr, prs, pull, pull-requests, mr, mrs, prs list, open": "Did you mean promote pulls?",
    "set image, image set, edit set, kustomize edit, edit, setimage, set_image, kustomize, set images":
        "Did you mean {set-image}; for an app: {promote}",
    "init, setup, install, config, config view, config show, config get, configure, bootstrap, new":
        "The configuration is promoter.yaml, at the root of the GitOps repository; to see one: "
        "promote demo",
    "login, logout, auth": f"{_READ_FROM} {_REGISTRY_LOGIN}",
    "watch, serve, server, daemon, controller, agent": "There is no server: a schedule runs {auto}",
    "sync, refresh, wait, reconcile":
        "Argo CD or Flux syncs what is on the base. To change that: {promote}",
    "delete, remove, rm, destroy, uninstall, prune, scale, restart":
        "An image's tag alone is changed here. To go back: {rollback}",
    "approve, review, comment":
        "Reviews and comments are written on the forge. What is open: promote pulls",
    "completion, completions": "There is no completion; promote --help shows all flags.",
    "version": "Write promote --version",
    "example, examples, tutorial, quickstart, try": "To see it work: promote demo",
})  # fmt: skip
"""By a word that is no command of ours."""
TOOLS = (
    "kubectl", "helm", "argocd", "flux", "kargo", "docker", "gh", "git", "updatecli", "gitopscli",
    "skaffold", "oc", "rollout",
)  # fmt: skip
"""Tools whose commands people write behind ours, and `kubectl rollout`."""
OBJECTS = (
    "kustomization", "helmrelease", "deployment", "application", "statefulset", "rollout", "stage",
    "pod", "pods", "deployments", "deploy", "svc", "service", "services", "applications", "hr", "ks",
)  # fmt: skip
"""What other tools' commands say before a name."""
