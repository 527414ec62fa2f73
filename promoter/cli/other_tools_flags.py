"""Other tools' flags, and what to write instead.

In a text, `{rollback}` stands for the line of that command with what was given, and `{value:TAG}`
for the flag's value, or TAG where it has none.
"""

from __future__ import annotations

READ_FROM = (
    "The token is read from the variable GITHUB_TOKEN, so that no list of processes shows it."
)
"""How the forge's token is given."""
REGISTRY_LOGIN = (
    "A registry's login is docker login, or PROMOTER_REGISTRY_HOST, "
    "PROMOTER_REGISTRY_USERNAME and PROMOTER_REGISTRY_PASSWORD."
)
"""How a registry's login is given."""
FLAGS_MEANT = {
    "-a": "app", "-t": "tag", "-i": "image", "-e": "env", "-n": "env", "-r": "reason repo", "-R": "repo",
    "-b": "base", "-B": "base", "-o": "output", "-c": "config", "-d": "dry-run",
    "-s": "quiet", "-m": "reason", "-S": "signing-key", "-l": "number", "-L": "number",
    "-N": "number", "-T": "timeout", "-g": "group", "-D": "verbose", "-x": "verbose",
    "-f": "file", "-C": "dir", "-k": "dir",
}  # fmt: skip
"""The options that may be meant by a flag of one letter, the likeliest first."""

_BOTH_IN_REPO = "Both are in --repo, as in --repo https://github.com/OWNER/REPOSITORY"
_HTTP = "Registries without TLS are named by PROMOTER_HTTP_REGISTRIES, one a line."
_TEXTS = "The texts are templates.title, templates.body and templates.commit in promoter.yaml."
_EXPLAINED: tuple[tuple[str, str], ...] = (
    ("no-wait", "Nothing is waited for without --wait-for-image: leave it out."),
    (
        "keep-going, fail-fast, continue-on-error, no-fail-fast",
        "A failure of one app does not stop the others: leave it out.",
    ),
    ("config-dir, config-path", "The file itself is --config FILE"),
    (
        "token, github-token, gh-token, access-token, auth-token, pat, git-token, api-token",
        READ_FROM,
    ),
    (
        "username, password, user, git-username, git-password, git-user, auth, login, "
        "credentials, registry-username, registry-password, docker-username, docker-password",
        f"{READ_FROM} {REGISTRY_LOGIN}",
    ),
    (
        "yes, -y, assume-yes, interactive, no-input, non-interactive, confirm, no-prompt, "
        "prompt, fill, auto-approve, no-interactive, batch-mode, no-edit, web",
        "Nothing is asked: leave it out.",
    ),
    (
        "create-pr, pr, pull-request, create-pull-request, open-pr",
        "How a change arrives is a key of promoter.yaml, as in deliver: pull-request.",
    ),
    (
        "push, direct, commit-directly, no-pull-request",
        "How a change arrives is a key of promoter.yaml, as in deliver: push.",
    ),
    (
        "auto-merge, automerge, merge, merge-when-green, enable-auto-merge",
        "It is a key of an environment in promoter.yaml, as in deliver: auto-merge.",
    ),
    (
        "squash, rebase, merge-method, merge-strategy, merge-parameters",
        "It is a key of an environment in promoter.yaml, as in merge-method: squash, with "
        "deliver: auto-merge.",
    ),
    (
        "set, set-string, values, set-file, helm-set, parameter, -p, value, value-file, "
        "values-file, field, jsonpath, yaml-path, key-path, property, filter, file-path",
        "The tag is --tag {value:TAG}; the file and the field that hold it are targets in "
        "promoter.yaml.",
    ),
    (
        "head, head-branch, pr-branch, branch-name, branch-prefix, -H, new-branch, source-branch",
        "The branch of a pull request is templates.branch in promoter.yaml; the one to promote "
        "to is --base BRANCH.",
    ),
    (
        "watch, -w, follow, interval, daemon, loop, poll, schedule, every, cron",
        "A run ends when it is done: a schedule, or the program watch, repeats it.",
    ),
    (
        "no-verify, no-hooks",
        "No hooks of git are run before a commit: leave it out.",
    ),
    (
        "retry, retries, max-retries, retry-count, backoff, retry-limit, idempotent",
        "Requests that fail are repeated, and running again is safe: leave it out.",
    ),
    (
        "sync, prune, self-heal, sync-policy, refresh, hard-refresh, grpc-web, server-side, "
        "rollout",
        "Nothing is synced here: Argo CD or Flux does so once the change is on the base. Leave "
        "it out.",
    ),
    (
        "context, kube-context, kubeconfig, server, kube-token, as, kubectl, core, in-cluster",
        "No cluster is asked: leave it out. The environment is --env ENV",
    ),
    ("path, app-path, folder", "The folder of an app is path of an environment in promoter.yaml."),
    (
        "file, -f, filename, -k, manifest",
        "The files and fields that hold the tag are targets in promoter.yaml. "
        "A promoter.yaml to try, with --dry-run, is --config FILE",
    ),
    (
        "chart, helm, install, reuse-values, create-namespace, cleanup-on-fail, atomic",
        "Helm is not run: the file and the field that hold the tag are targets in promoter.yaml.",
    ),
    (
        "kustomize, renderer, kustomize-path",
        "The variable PROMOTER_RENDERER names the renderer.",
    ),
    (
        "delete-branch, clean, cleanup, prune-branches, keep-branch",
        "The branch of a pull request goes when the forge deletes it: leave it out.",
    ),
    (
        "admin, force-merge",
        "A pull request is merged on the forge, by its own rules: leave it out.",
    ),
    (
        "state, open, closed, all-states",
        "All are listed, each with its state: leave it out.",
    ),
    (
        "search, selector, labels-selector, jq, template, sort, columns, grep",
        "For a program to choose from: --output json",
    ),
    (
        "offline, no-fetch, no-clone, local-only",
        "What is on the base is always read anew; --cache DIR keeps what was fetched.",
    ),
    (
        "depth, shallow, single-branch, clone-depth",
        "Only what is needed is fetched: leave it out.",
    ),
    (
        "workdir, working-directory, work-dir, -C, chdir, cwd, git-dir, root, directory, "
        "clone-dir, repo-path, dir",
        "The repository is --repo {value:REPO}; one folder without git: promote set-image "
        "--dir DIR",
    ),
    (
        "parallel, concurrency, workers, jobs, -j, threads, parallelism",
        "Registries are asked at once by itself: leave it out.",
    ),
    (
        "log, log-file, logfile",
        "Messages are on stderr, to be sent on: 2> FILE",
    ),
    (
        "out-file, output-file",
        "The result is on stdout, to be sent on: > FILE",
    ),
    (
        "latest, newest, semver, policy, policy-type, range, constraint, update-strategy, "
        "select-semver, strategy, version-policy",
        "Which tag is taken is policy in promoter.yaml, and {auto} takes it.",
    ),
    (
        "filter-regex, tag-regex, regex, allow-tags, tag-filter, filter-tags, pattern",
        "Which tags may go on is tags in promoter.yaml, a regular expression.",
    ),
    (
        "approve, approver, approvers, approval",
        "A pull request is approved on the forge; who is asked is reviewers in promoter.yaml.",
    ),
    (
        "notify, slack, webhook, slack-webhook",
        "Nobody is notified but by the forge. --output json is for a program that does.",
    ),
    (
        "at, when, date, time",
        "A promotion is made now; when it may not be is freeze in promoter.yaml.",
    ),
    (
        "verify, verify-signature, cosign, check-signature",
        "It is a key of an environment in promoter.yaml, as in checks: {signature: refuse, "
        "cosign-key: cosign.pub}.",
    ),
    (
        "platform, arch, architecture, os",
        "It is a key of an environment in promoter.yaml, as in checks: {platforms: [linux/amd64]}.",
    ),
    (
        "no-checks, skip-checks, skip-check, skip-verify, no-registry-check, skip-registry, "
        "skip-exists, no-check",
        "It is a key of an environment in promoter.yaml, as in checks: {exists: off}.",
    ),
    (
        "no-render, skip-render",
        "It is a key of an environment in promoter.yaml, as in render: off.",
    ),
    (
        "email, git-email, git-author-email, author-email, git-author-name, git-name, "
        "committer, author-name, git-author, signoff",
        "Who commits is author in promoter.yaml, as in author: Release Bot <bot@example.com>.",
    ),
    (
        "-V",
        "Did you mean --version?",
    ),
    (
        "all, -A, all-apps, all-applications",
        "Name each app: --app A --app B; what the policies choose of all apps: {auto}",
    ),
    (
        "force, -F",
        "Where a rule refuses: --allow RULE; to replace a branch: --take-over.",
    ),
    (
        "json, format",
        "Write --output json",
    ),
    (
        "digest, image-digest, sha256",
        "A digest goes with its image: --image NAME@{value:DIGEST}",
    ),
    (
        "since, from-date, after, before, days",
        "How many entries are shown is --number N.",
    ),
    (
        "owner, organisation, organization, org, repository-owner, repository-name, "
        "repo-owner, repo-name",
        _BOTH_IN_REPO,
    ),
    (
        "no-color, no-colour, nocolor",
        "Set the variable NO_COLOR=1.",
    ),
    (
        "color, colour",
        "The terminal decides; NO_COLOR=1 drops colours.",
    ),
    (
        "registry, registry-url, docker-registry",
        "It is the beginning of an image's name: --image ghcr.io/owner/app=1.4.2",
    ),
    (
        "insecure, plain-http, http, insecure-registry, tls-verify, no-tls, skip-tls",
        _HTTP,
    ),
    (
        "commit-message, commit-msg, commit-template, message-template",
        "The text is templates.commit in promoter.yaml.",
    ),
    (
        "message, -m, ticket, jira, issue, body, description, note, pr-body, pr-description, comment",
        _TEXTS,
    ),
    (
        "title, pr-title",
        "The text is templates.title in promoter.yaml.",
    ),
    (
        "pr-labels, pr-label",
        "It is a key of an environment in promoter.yaml, as in labels: [promotion].",
    ),
    (
        "no-hold, without-hold, skip-hold",
        "A rollback holds the app; end it then: {unhold}",
    ),
    (
        "steps-back",
        "How many changes to go back is --steps {value:N}",
    ),
)
FLAGS_EXPLAINED = {
    name if name.startswith("-") else f"--{name}": text
    for names, text in _EXPLAINED
    for name in names.split(", ")
}
"""What to do where another tool's flag has no single counterpart."""
