"""Files of a GitOps repository that is hostile: (what, path, text), each committed to the base.

KUSTOMIZATION and OVERLAY are the app's kustomization and its text, PUSHES the promoter.yaml; CANARY
is a file that must not come into being, ELSEWHERE a server that must not be asked.
"""

from __future__ import annotations

_RUN = "touch CANARY"
_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)
_KIND = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"


def _policy(text: str) -> str:
    return f"environments:\n  dev:\n    path: apps/{{app}}/overlays/dev\n    deliver: push\n{text}"


def _pattern(pattern: str) -> str:
    return _policy(f"    policy: {{regex: '{pattern}'}}\n")


FILES: tuple[tuple[str, str, str], ...] = (
    ("a filter in .gitattributes", ".gitattributes", "* filter=x diff=x merge=x text=auto ident\n"),
    ("an export of .gitattributes", "apps/.gitattributes", "* export-subst working-tree-encoding=x\n"),
    ("a submodule", ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = ext::sh -c {_RUN}\n\tupdate = !{_RUN}\n'),
    ("a submodule with an option", ".gitmodules", f'[submodule "x"]\n\tpath = x\n\turl = --upload-pack={_RUN}\n'),
    ("a hook in the tree", "hooks/post-checkout", f"#!/bin/sh\n{_RUN}\n"),
    ("a configuration in the tree", ".gitconfig", f"[core]\n\tfsmonitor = {_RUN}\n\thooksPath = hooks\n"),
    ("an lfs configuration", ".lfsconfig", "[lfs]\n\turl = ELSEWHERE\n"),
    ("a module beside", "promoter.py", f'import os; os.system("{_RUN}")\n'),
    ("a module of a name that is used", "sitecustomize.py", f'import os; os.system("{_RUN}")\n'),
    ("a bomb as promoter.yaml", "promoter.yaml", _BOMB),
    ("a bomb as kustomization", "KUSTOMIZATION", _KIND + _BOMB),
    ("deep nesting as promoter.yaml", "promoter.yaml", "[" * 50_000),
    ("deep nesting as kustomization", "KUSTOMIZATION", _KIND + "x: " + "{a: " * 20_000),
    ("a tag of Python's", "promoter.yaml", f"!!python/object/apply:os.system ['{_RUN}']\n"),
    ("a tag of Python's in the kustomization", "KUSTOMIZATION", f"{_KIND}images: !!python/object/apply:os.system ['{_RUN}']\n"),
    ("binary as promoter.yaml", "promoter.yaml", "\x01\x02\x7f\ufffd\ufffe" * 99),
    ("control characters as keys", "promoter.yaml", '"\\e[2J\\a": 1\n'),
    ("control characters as names", "promoter.yaml", 'environments:\n  "\\e]0;INJECTED\\a": {path: x}\n'),
    ("a command of the runner", "promoter.yaml", 'environments:\n  "\\n::error::INJECTED": {path: x}\n'),
    ("an endless key", "promoter.yaml", "a" * 3_000_000 + ": 1\n"),
    ("ten million spaces", "promoter.yaml", " " * 10_000_000),
    ("many documents", "promoter.yaml", "---\n" * 200_000),
    ("a merge of itself", "promoter.yaml", "a: &a\n  <<: *a\n"),
    ("keys twice", "promoter.yaml", "environments: {}\nenvironments: {}\n"),
    ("a path out of the repository", "promoter.yaml", "environments:\n  dev: {path: ../../../etc}\n"),
    ("an absolute path", "promoter.yaml", "environments:\n  dev: {path: /etc}\n"),
    ("another template's path", "promoter.yaml", "environments:\n  dev: {path: '{app.__class__}/{0}'}\n"),
    ("a repository elsewhere", "promoter.yaml", "repository: ELSEWHERE/x/y.git\napi-url: ELSEWHERE\nPUSHES"),
    ("a repository by a program", "promoter.yaml", f"repository: 'ext::sh -c {_RUN}'\nPUSHES"),
    ("an author with an option", "promoter.yaml", "author: '--exec=x <a@b>\\n'\nPUSHES"),
    ("an author of blanks", "promoter.yaml", f"author: 'x{' ' * 200_000}<'\nPUSHES"),
    ("a branch with an option", "promoter.yaml", f"templates: {{branch: '--upload-pack={_RUN}/{{app}}'}}\nPUSHES"),
    ("a branch that is the base", "promoter.yaml", "templates: {branch: main}\nPUSHES"),
    ("a branch out of its place", "promoter.yaml", "templates: {branch: '../../{app}'}\nPUSHES"),
    ("a source at this machine", "promoter.yaml", "PUSHESapps:\n  a: {source: 'ELSEWHERE/x/y'}\n"),
    ("a source by a program", "promoter.yaml", f"PUSHESapps:\n  a: {{source: 'ext::sh -c {_RUN}'}}\n"),
    ("an image elsewhere", "promoter.yaml", "PUSHESapps:\n  a: {images: ['-x', '../..', 'a b']}\n"),
    ("a key by a program", "promoter.yaml", _policy(f"    checks: {{signature: warn, cosign-key: '|{_RUN}'}}\n")),
    ("a key with an option", "promoter.yaml", _policy("    checks: {signature: warn, cosign-key: '--output-file=CANARY'}\n")),
    ("an identity of a bomb", "promoter.yaml", _policy("    checks: {signature: warn, cosign-identity: '(a+)+$', cosign-issuer: x}\n")),
    ("a pattern without end", "promoter.yaml", _pattern("(?P<x>(a+)+)$")),
    ("a pattern of all memory", "promoter.yaml", _pattern("(?P<x>a){1000000000}")),
    ("a pattern of patterns", "promoter.yaml", _pattern("(?P<x>" + "(" * 60 + "a" + ")*" * 60 + ")")),
    ("a recursive pattern", "promoter.yaml", _pattern("(?P<x>a(?R)?b)")),
    ("a range of ranges", "promoter.yaml", _policy("    policy: {semver: '" + "|| ^1 " * 20_000 + "'}\n")),
    ("a time of all fields", "promoter.yaml", _policy("    policy: {timestamp: '" + "%Y" * 400 + "'}\n")),
    ("a numeric without end", "promoter.yaml", _policy("    policy: {numeric: asc, include: ['(\\d+)+x']}\n")),
    ("a freeze without end", "promoter.yaml", _policy("    freeze: ['" + "* " * 9_000 + "']\n")),
    ("resources elsewhere", "KUSTOMIZATION", "OVERLAY" + "components:\n  - ELSEWHERE/x?ref=main\n"),
    ("resources of git", "KUSTOMIZATION", f"OVERLAYcomponents:\n  - 'git::ext::sh -c {_RUN}'\n"),
    ("a generator that runs", "KUSTOMIZATION", "OVERLAYgenerators:\n  - |\n    apiVersion: x/v1\n    kind: X\n    metadata:\n      name: x\n      annotations:\n        config.kubernetes.io/function: |\n          exec: {path: /bin/touch, args: [CANARY]}\n"),
    ("a chart", "KUSTOMIZATION", "OVERLAYhelmCharts:\n  - {name: x, repo: ELSEWHERE, version: '1'}\n"),
    ("a resource of itself", "KUSTOMIZATION", "OVERLAY  - ../dev\ncomponents: [../dev, .]\n"),
    ("a patch of a bomb", "KUSTOMIZATION", "OVERLAYpatches:\n  - patch: |\n" + "".join(f"      {one}\n" for one in _BOMB.splitlines())),
    ("a name with a command", "KUSTOMIZATION", _KIND + 'images:\n  - name: "\\n::error::INJECTED"\n    newTag: "\\e[2J"\n'),
    ("a file of the same name as an option", "--upload-pack=x/kustomization.yaml", _KIND),
    ("a hold of a bomb", ".promoter/holds/dev/a.yaml", _BOMB),
    ("a hold of a lying tag", ".promoter/holds/dev/a.yaml", "reason: !!bool maybe\n"),
    ("a hold with a reason without end", ".promoter/holds/dev/a.yaml", f"reason: {'long ' * 600_000}\n"),
    ("a hold without an end", ".promoter/holds/dev/a.yaml", "reason: x\nuntil: 0001-01-01T00:00:00+14:00\n"),
    ("a hold of another case", ".promoter/holds/DEV/A.YML", "reason: x\n"),
    ("a freeze of all minutes", "promoter.yaml", _policy("    freeze:\n" + "".join(f"      - {{cron: '{n}/2 * * * *', duration: 1m}}\n" for n in range(50)))),
    ("a zone out of its place", "promoter.yaml", _policy("    freeze: [{weekly: Fri, timezone: ../../../etc/passwd}]\n")),
    ("a soak of digits", "promoter.yaml", _policy(f"    promotes-from: dev\n    soak: {'9' * 5_000}\n")),
    ("tags of a bomb", "promoter.yaml", _policy("    tags: '(a+)+$'\n")),
    ("a group of itself", "promoter.yaml", "PUSHESgroups:\n  a: {apps: [a, a, '../x']}\n"),
    ("markers without end", "KUSTOMIZATION", "OVERLAYx: y" + " #{" * 300_000 + "\n"),
    ("blanks without end", "KUSTOMIZATION", "OVERLAYx: y" + " " * 1_000_000 + "z\n"),
    ("a hold with a command", ".promoter/holds/dev/a.yaml", 'reason: "\\n::error::INJECTED\\e[2J"\n'),
)  # fmt: skip


def _declared(*more: str) -> str:
    """Return a commit's message with trailers as promote writes them, and some of its own."""
    known = ("App: a", "Environment: dev", "Image: x=1.4.2")
    return "T\n\n" + "\n".join(f"Promoter-{one}" for one in (*known, *more))


# (what, author, message), each with a change of the app's images.
COMMITS: tuple[tuple[str, str, str], ...] = (
    ("a pull of digits", "A", _declared(f"Previous-Pull: {'9' * 5_000}")),
    ("an undone pull of digits", "A", _declared("Hold: begin", "Reason: x", f"Undone-Pull: {'9' * 5_000}")),
    ("a rollback of a rollback", "A", _declared("Hold: begin", "Reason: x", "Rollback: --exec=touch CANARY")),
    ("times of no calendar", "A", _declared("Hold: begin", "Reason: x", "Hold-Until: 9999-99-99", "Clock: 1e99")),
    ("a run at a bad address", "A", _declared("Run: http://[::1", "Actor: \x1b[2J##[error]INJECTED")),
    ("a replaced tag with markup", "A", _declared("Supersedes: `x` <script>alert(1)</script>")),
    ("images of nothing", "A", _declared("Image: " + "=@" * 5_000, "Image: [::1:x=1", "Image: -x=1")),
    ("an app out of its place", "A", _declared().replace("App: a", "App: ../../x")),
    ("an app five thousand times", "A", _declared() + "\n" + "Promoter-App: a\n" * 5_000),
    ("members of nobody", "A", _declared().replace("Promoter-App", "Promoter-Together: a+b\nPromoter-App")),
    ("a title of a megabyte", "A", "x" * 1_000_000),
    ("a title that commands", "A", "\x1b[2J::error::INJECTED ##[error]INJECTED\n::stop-commands::x"),
    ("a pull in the title", "A", f"x (#{'9' * 5_000})"),
    ("an author that commands", "\x1b[2J::error::INJECTED ##[error]INJECTED\u202e", "T"),
    ("an author of a hundred thousand", "x" * 100_000, "T"),
)  # fmt: skip
BRANCHES = ("main", "promote/dev/a", "promote/dev/a+b", "promote-hold/dev/a")
ASKED = (
    ("history",), ("--app", "a", "--tag", "1.4.2"), ("status",), ("auto",),
    ("rollback", "--app", "a", "--env", "dev", "--reason", "x"),
    ("history", "--output", "markdown"),
)  # fmt: skip
