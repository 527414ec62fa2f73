"""Protected branches: what a push, a merge and an update of a ref must fulfil."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.servers.github.server import GitHub

SIGNED = "Commits must have verified signatures."
THROUGH_PULL = "Changes must be made through a pull request."
NO_FORCE = "Cannot force-push to this branch"
NO_DELETION = "Cannot delete this branch"
_ZERO = "0" * 40

# The update hook: git runs it with the ref, the old and the new commit of each pushed ref.
HOOK = """#!/bin/sh
refuse() {
  case "$GH_RULESET" in *" $1 "*)
    printf '%s\\n' "error: GH013: Repository rule violations found for $1." "" "- $2" "" >&2
    exit 1;; esac
  printf '%s\\n' "error: GH006: Protected branch update failed for $1." "error: $2" >&2
  exit 1
}
zero=0000000000000000000000000000000000000000
printf '%s\\n' "$GH_PROTECTED" | while IFS='|' read -r ref force deletions signed message; do
  [ "$ref" = "$1" ] || continue
  if [ "$3" = $zero ]; then
    [ "$deletions" = yes ] || refuse "$1" "Cannot delete this branch"
    continue
  fi
  if [ "$2" != $zero ] && [ "$force" = no ] && ! git merge-base --is-ancestor "$2" "$3"; then
    refuse "$1" "Cannot force-push to this branch"
  fi
  [ -z "$message" ] || refuse "$1" "$message"
  [ "$signed" = yes ] || continue
  [ "$2" = $zero ] && range="$3 --not --all" || range="$2..$3"
  for commit in $(git rev-list $range); do
    case "$GH_VERIFIED" in *" $commit "*) continue;; esac
    git verify-commit "$commit" 2>/dev/null || refuse "$1" "Commits must have verified signatures."
  done
done
"""


@dataclass
class Protection:
    """The rules of a branch; `ruleset` tells them as a ruleset does, else as classic protection."""

    reviews: int = 0
    code_owners: bool = False
    checks: tuple[str, ...] = ()
    strict: bool = False
    signatures: bool = False
    force: bool = False
    deletions: bool = False
    queue: bool = False
    ruleset: bool = False

    def pushing(self) -> str:
        """Return why nothing may be pushed, or nothing."""
        if self.queue:
            return "Changes must be made through the merge queue"
        if self.reviews or self.code_owners:
            return THROUGH_PULL
        if len(self.checks) == 1:
            return f'Required status check "{self.checks[0]}" is expected.'
        return f"{len(self.checks)} of {len(self.checks)} required status checks are expected." * (
            len(self.checks) > 1
        )


def protection(github: GitHub, branch: str) -> Protection | None:
    """Return the rules of a branch."""
    for pattern, found in github.protection.items():
        if fnmatchcase(branch, pattern):
            return found
    return None


def refused(github: GitHub, ref: str, before: str | None, after: str | None) -> str | None:
    """Say why the API may not move a ref, or None."""
    branch = ref.removeprefix("refs/heads/")
    rules = protection(github, branch)
    if rules is None or before is None:
        return None
    store = github.store
    reason: str | None = None
    if after is None:
        reason = None if rules.deletions else NO_DELETION
    elif not rules.force and not store.is_ancestor(before, after):
        reason = NO_FORCE
    elif rules.pushing():
        reason = rules.pushing()
    elif rules.signatures and not all(
        github.verification(one)["verified"] for one in store.read(store.between(before, after))
    ):
        reason = SIGNED
    return told(rules, reason) if reason else None


def told(rules: Protection, reason: str) -> str:
    """Return a broken rule in the words of its kind of protection."""
    return f"Repository rule violations found\n\n{reason}\n\n" if rules.ruleset else reason


def hook_environment(github: GitHub) -> dict[str, str]:
    """Return what the update hook must know of the rules."""
    lines, rulesets = [], []
    for ref in github.store.refs() | {f"refs/heads/{name}": "" for name in github.protection}:
        rules = protection(github, ref.removeprefix("refs/heads/"))
        if rules is None:
            continue
        allowed = (rules.force, rules.deletions, rules.signatures)
        force, deletions, signed = ("yes" if yes else "no" for yes in allowed)
        lines.append(f"{ref}|{force}|{deletions}|{signed}|{rules.pushing()}")
        rulesets += [ref] if rules.ruleset else []
    found = {
        "GH_PROTECTED": "\n".join(lines),
        "GH_RULESET": f" {' '.join(rulesets)} ",
        "GH_VERIFIED": f" {' '.join(sorted(github.verified))} ",
    }
    if github.allowed_signers:
        found |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "gpg.ssh.allowedSignersFile",
            "GIT_CONFIG_VALUE_0": str(github.allowed_signers),
        }
    return found


def as_rules(rules: Protection | None) -> list[dict[str, Any]]:
    """Return the rules of a ruleset as REST shows them; classic protection is not among them."""
    if rules is None or not rules.ruleset:
        return []
    found: list[dict[str, Any]] = []
    if rules.reviews or rules.code_owners:
        parameters = {
            "dismiss_stale_reviews_on_push": False,
            "require_code_owner_review": rules.code_owners,
            "require_last_push_approval": False,
            "required_approving_review_count": rules.reviews,
            "required_review_thread_resolution": False,
        }
        found.append({"type": "pull_request", "parameters": parameters})
    if rules.checks:
        contexts = [{"context": name} for name in rules.checks]
        strict = {
            "required_status_checks": contexts,
            "strict_required_status_checks_policy": rules.strict,
        }
        found.append({"type": "required_status_checks", "parameters": strict})
    found += [{"type": "required_signatures"}] if rules.signatures else []
    found += [{"type": "non_fast_forward"}] if not rules.force else []
    found += [{"type": "deletion"}] if not rules.deletions else []
    source = {"ruleset_source_type": "Repository", "ruleset_source": "o/r", "ruleset_id": 1}
    return [{**one, **source} for one in found]
