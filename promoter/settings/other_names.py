"""What other tools call our options, for the hint about a flag or a variable that there is not."""

from __future__ import annotations

from promoter.domain.suggest import named_by_others

OTHER_NAMES = {
    "app": "application apps applications app-name application-name service services name project "
    "component workload deployment release release-name product module a",
    "tag": "tags new-tag image-tag newtag version-tag app-version new-version image-version "
    "docker-tag release-tag target-revision target-version version t",
    "image": "images kustomize-image set-image image-name image-repository docker-image container "
    "artifact i",
    "env": "environment environments envs env-name stage stages target cluster namespace overlay "
    "dest destination to-env target-env dest-env target-environment dest-namespace dest-server tier "
    "e n",
    "reason": "message comment why description note because ticket m r",
    "repo": "repository repositories repository-url repo-url git-repo git-repo-url url git-url "
    "remote gitops-repo git-repository clone-url git workdir working-directory work-dir chdir cwd "
    "git-dir root clone-dir repo-path R r C",
    "base": "branch base-branch git-branch ref target-branch dest-branch destination-branch trunk "
    "main checkout-branch push-branch base-ref b B",
    "output": "output-format out print o format",
    "config": "config-file configuration conf config-path config-dir c",
    "dry-run": "dryrun dry plan preview diff noop what-if simulate show-diff no-push no-pr no-write d n",
    "verbose": "debug trace log-level loglevel verbosity explain D x",
    "quiet": "silent no-output s",
    "source-revision": "sha commit git-sha commit-sha git-commit source-sha source-commit "
    "build-revision revision",
    "steps": "back count steps-back",
    "from": "source source-env from-env source-environment from-stage promote-from",
    "forge": "git-provider provider platform-kind vcs scm",
    "api-url": "git-provider-url api github-url endpoint api-endpoint base-url github-api-url "
    "github-api",
    "number": "limit max count last max-count lines entries tail history-max l L N",
    "wait-for-image": "wait wait-for wait-image wait-timeout",
    "allow": "ignore skip override skip-rule bypass disable-rule skip-rules",
    "to": "to-tag to-version revision version",
    "file": "filename manifest kustomization kustomization-file f",
    "dir": "directory folder path chdir working-directory workdir overlay C k",
    "until": "for days hours duration expires expiry ttl end expire",
    "cache": "cache-dir cachedir mirror",
    "signing-key": "gpg-sign sign gpg-key gpg-key-id ssh-key gpg-private-key key S",
    "timeout": "time-limit deadline max-time request-timeout T",
    "shard": "shards partition part",
    "take-over": "force-with-lease overwrite force-push force-conflicts replace takeover",
    "together": "single-commit batch one-pr combine group-apps",
    "group": "app-group app-set applicationset g",
}
"""By option, the names that others have for it, those of one letter last; blanks part them."""


def options_meant(name: str) -> list[str]:
    """Return the options that another tool's name may stand for, the likeliest first; none for ours.

    `name` is as a flag has it, without the dashes before it: `base-branch`.
    """
    return named_by_others(name, OTHER_NAMES)
