"""One line of `promoter.yaml` for each key, which a complaint about it shows."""

from __future__ import annotations

from collections.abc import Sequence

EXAMPLES = {
    "environments": 'environments: {prod: {path: "clusters/prod/apps/{app}"}}',
    "apps": "apps: {aurora: {images: [ghcr.io/owner/app]}}",
    "groups": "groups: {storefront: {apps: [web, api]}}",
    "default-environment": "default-environment: prod",
    "repository": "repository: https://github.com/owner/gitops",
    "base": "base: main",
    "forge": "forge: github",
    "api-url": "api-url: https://github.example.com/api/v3",
    "transport": "transport: api",
    "author": "author: Release Bot <bot@example.com>",
    "templates": 'templates: {title: "[{environment}] {title}"}',
    "path": 'path: "apps/{app}/overlays/prod"',
    "deliver": "deliver: pull-request",
    "render": "render: warn",
    "pin": "pin: both",
    "checks": "checks: {exists: warn}",
    "checks.mutable": "checks: {mutable: warn}",
    "checks.signature": "checks: {signature: refuse, cosign-key: cosign.pub}",
    "checks.cosign-key": "checks: {signature: refuse, cosign-key: cosign.pub}",
    "checks.cosign-identity": "checks: {signature: refuse, cosign-identity: '^https://github.com/acme/', "
    "cosign-issuer: https://token.actions.githubusercontent.com}",
    "checks.cosign-log": "checks: {signature: refuse, cosign-key: cosign.pub, cosign-log: off}",
    "checks.cosign-issuer": "checks: {signature: refuse, cosign-identity: '^https://github.com/acme/', "
    "cosign-issuer: https://token.actions.githubusercontent.com}",
    "freeze.exceptions": 'freeze: [{weekly: "Sat - Sun", exceptions: ["2026-12-24"]}]',
    "freeze.cron": 'freeze: [{cron: "0 22 * * 1-5", duration: 8h}]',
    "freeze.duration": 'freeze: [{cron: "0 22 * * 1-5", duration: 8h}]',
    "freeze.dates": 'freeze: [{dates: "2026-12-20 - 2027-01-03"}]',
    "freeze.timezone": 'freeze: [{weekly: "Fri 16:00 - Mon 08:00", timezone: Europe/Berlin}]',
    "templates.body": 'templates: {body: "{body} See our handbook."}',
    "templates.branch": 'templates: {branch: "promote/{environment}/{app}"}',
    "templates.commit": 'templates: {commit: "{title}"}',
    "policy.newest": "policy: {newest: 10}",
    "policy.regex": "policy: {regex: '^main-(?P<order>[0-9]+)$'}",
    "policy.timestamp": "policy: {timestamp: '%Y%m%d'}",
    "policy.digest": "policy: {digest: main}",
    "policy.numeric": "policy: {numeric: asc}",
    "policy.alphabetical": "policy: {alphabetical: asc}",
    "policy.prereleases": 'policy: {semver: "^1.4", prereleases: true}',
    "policy.include": "policy: {semver: \"*\", include: ['^v']}",
    "policy.exclude": "policy: {semver: \"*\", exclude: ['-rc']}",
    "checks.platforms": "checks: {platforms: [linux/amd64, linux/arm64]}",
    "labels": "labels: [promotion]",
    "reviewers": 'reviewers: [alice, "team:platform"]',
    "assignees": "assignees: [alice]",
    "milestone": "milestone: Release 1.5",
    "draft": "draft: true",
    "merge-method": "merge-method: squash",
    "argocd-url": 'argocd-url: "https://argocd.example.com/applications/argocd/{app}"',
    "policy": 'policy: {semver: "^1.4"}',
    "batch": "batch: true",
    "promotes-from": "promotes-from: dev",
    "soak": "soak: 24h",
    "freeze": 'freeze: [{weekly: "Fri 16:00 - Mon 08:00", timezone: Europe/Berlin}]',
    "tags": "tags: '^[0-9]+[.][0-9]+[.][0-9]+$'",
    "max-age": "max-age: 30d",
    "when-unknown": "when-unknown: warn",
    "allow": "allow: [downgrade, soak]",
    "images": "images: [ghcr.io/owner/app]",
    "source": "source: https://github.com/owner/app",
    "source-tag": 'source-tag: "v{tag}"',
    "targets": "targets: [{kind: yaml-path, file: values.yaml, tag: image.tag}]",
    "reason": "reason: order migration",
    "until": "until: 2026-12-01T08:00:00Z",
    "linked.path": "linked: [{path: commonLabels.version}]",
    "linked": "linked: [{path: commonLabels.version}]",
}


_WITHIN = {
    ("apps", "environments"): "environments: {prod: {pin: digest}}",
    ("groups", "apps"): EXAMPLES["groups"],
}
"""The lines for keys that are called as keys of the file's top are, below an app or a group."""


def example_for(place: Sequence[object], default: str = EXAMPLES["environments"]) -> str:
    """Return the line for a key of the file, or for the nearest key around it that has one."""
    names = [str(one) for one in place if not isinstance(one, int)]
    for at in range(len(names) - 1, -1, -1):
        around = names[at - 1] if at else ""
        if at == 2 and (names[0], names[2]) in _WITHIN:
            return _WITHIN[names[0], names[2]]
        line = EXAMPLES.get(f"{around}.{names[at]}") or EXAMPLES.get(names[at])
        # What stands there may be the name of an app or an environment.
        if line and around not in ("apps", "environments", "groups"):
            return line
    return default
