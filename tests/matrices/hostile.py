"""Hostile repositories, servers, flags and variables: nothing runs, nothing leaks, exit 1 never."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.many_apps import kustomization
from tests.matrices import answers, secrets
from tests.matrices.deliveries import PULLS, PUSHES, Delivery, World
from tests.matrices.fault import LARGEST, judged
from tests.matrices.hostile_repository import ASKED, BRANCHES, COMMITS, FILES
from tests.matrices.table import AT_ONCE, Row, some

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.command import Run
    from tests.matrices.process import Started

# CANARY becomes the path of a file that must not come into being.
TEXTS = (
    "$(touch CANARY)", "`touch CANARY`", "; touch CANARY;", "| touch CANARY", "&& touch CANARY",
    "--upload-pack=touch CANARY", "--receive-pack=touch CANARY", "-oProxyCommand=touch CANARY",
    "--exec=touch CANARY", "-c core.sshCommand=touch CANARY", "ext::sh -c touch% CANARY",
    "ssh://-oProxyCommand=touch CANARY/x/y", "git@-oProxyCommand=touch:x/y.git",
    "file:///proc/self/environ", "http://[::1", "https://[", "http://user:secret@/x", "git://x/y/z",
    "\n::error::INJECTED", "x\r\n::set-output name=a::INJECTED", "%0A::error::INJECTED",
    "##[error]INJECTED", "\x1b[2J\x1b]0;INJECTED\x07", "\x9b31m", "\x00"[:0] + "\x08\x08\x7f",
    "../../../../etc/passwd", "/etc/passwd", "..", ".", "./.git/config", "refs/heads/main", "HEAD",
    "@{-1}", "main^{/x}", ":(glob)**", "*?[a-", "\\", "'", '"', "-", "--", "--help", "-h", "",
    " ", "\t", "a b", "{app}", "{0.__class__}", "${TAG}", "%s%n%x", "<script>alert(1)</script>",
    "![x](https://x.example/p.png)", "[x](javascript:alert(1))", "</details><!-- -->", "@everyone",
    "\u202e\u2066abc", "\ufeffx", "e\u0301" * 40, "\U0001d518", "a" * 100_000, "1" * 5_000,
    "0x41", "1e309", "NaN", "null", "true", "~", "!!python/object/apply:os.system ['touch CANARY']",
    "&a *a", "a: b", "sha256:" + "0" * 64, "x@sha256:" + "0" * 63, "x@sha256:" + "G" * 64,
    "(a+)+$" + "a" * 40, "(?P<x>a){1000000000}", "9" * 20, "-1", "\udcff\udcfe", "/dev/full",
)  # fmt: skip
# Characters that a run may print, whatever it was told.
LONGEST = 400_000
ACTIONS = {"GITHUB_ACTIONS": "true"}
# Where such a text stands: words of the command line, or a variable.
WORDS = (
    ("--app", "a", "--tag", "TEXT"), ("--app", "TEXT", "--tag", "1.4.2"),
    ("--app", "a", "--tag", "1.4.2", "--env", "TEXT"), ("--app", "a", "--image", "TEXT"),
    ("--app", "a", "--image", "x=TEXT"), ("--app", "a", "--tag", "1.4.2", "--base", "TEXT"),
    ("--app", "a", "--tag", "1.4.2", "--config", "TEXT"), ("TEXT",),
    ("--app", "a", "--tag", "1.4.2", "--api-url", "TEXT"),
    ("--app", "a", "--tag", "1.4.2", "--source-revision", "TEXT"),
    ("--app", "a", "--tag", "1.4.2", "--timeout", "TEXT"), ("auto", "--shard", "TEXT"),
    ("--app", "a", "--tag", "1.4.2", "--repo", "TEXT"),
    ("hold", "--app", "a", "--env", "dev", "--reason", "TEXT"),
    ("hold", "--app", "a", "--env", "dev", "--reason", "x", "--until", "TEXT"),
    ("unhold", "--app", "TEXT", "--env", "dev", "--reason", "x"),
    ("rollback", "--app", "a", "--reason", "x", "--to", "TEXT"),
    ("rollback", "--app", "a", "--reason", "TEXT", "--steps", "1"),
    ("rollback", "--app", "a", "--reason", "x", "--steps", "TEXT"),
    ("history", "--app", "a", "--number", "TEXT"), ("history", "--env", "TEXT"),
    ("status", "--app", "TEXT"), ("--group", "TEXT", "--tag", "1.4.2"),
    ("--app", "a", "--from", "TEXT"), ("--app", "a", "--tag", "1.4.2", "--allow", "TEXT"),
    ("--app", "a", "--app", "TEXT", "--together", "--tag", "1.4.2"),
    ("--app", "a", "--tag", "1.4.2", "--wait-for-image", "TEXT"),
    ("--app", "a", "--tag", "1.4.2", "--signing-key", "TEXT"),
)  # fmt: skip
VARIABLES = (
    "PROMOTER_TAG", "PROMOTER_IMAGE", "PROMOTER_REPO", "PROMOTER_TIMEOUT", "PROMOTER_RENDERER",
    "GITHUB_ACTOR", "GITHUB_SERVER_URL", "GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_RUN_ID",
    "GIT_SSH_COMMAND", "GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF", "DOCKER_CONFIG", "https_proxy",
    "SSL_CERT_FILE", "TZ", "COLUMNS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_SHA",
    "PROMOTER_NOW", "PROMOTER_GROUP", "PROMOTER_SHARDS", "PROMOTER_HTTP_REGISTRIES", "USER", "HOME",
)  # fmt: skip


def rows(home: Path, *, short: bool) -> Iterator[Row]:
    """Yield the rows of secrets, of answers, of words and variables, of repositories and commits."""
    yield from secrets.rows(home, short=short)
    yield from answers.rows(home, short=short)
    flags = [(words, text) for words in WORDS for text in TEXTS]
    variables = [((name,), text) for name in VARIABLES for text in TEXTS]
    for name, cases in (("flags", flags), ("variables", variables)):
        chosen = some(cases, 6 if short else 600, len(name))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            parts = pool.map(
                _texts,
                (home / f"{name}-{n}" for n in range(AT_ONCE)),
                ([cases[one] for one in chosen[n::AT_ONCE]] for n in range(AT_ONCE)),
            )
            yield _joined(Row("hostile", f"texts as {name}"), parts)
    chosen = some(FILES, 5 if short else None, 5)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        parts = pool.map(
            _repositories,
            (home / f"repositories-{n}" for n in range(AT_ONCE)),
            ([FILES[one] for one in chosen[n::AT_ONCE]] for n in range(AT_ONCE)),
        )
        yield _joined(Row("hostile", "files of the repository"), parts)
    yield _commits(home / "commits", short=short)


def _joined(row: Row, parts: Iterator[Row]) -> Row:
    for one in parts:
        row.points, row.runs = row.points + one.points, row.runs + one.runs
        row.failures += one.failures
    return row


def _texts(home: Path, cases: list[tuple[tuple[str, ...], str]]) -> Row:
    row = Row("hostile", "texts")
    with World(home, Delivery("texts", PULLS, folder=True)) as world:
        canary = world.home / "canary"
        for words, text in cases:
            world.restore()
            text = text.replace("CANARY", str(canary))  # noqa: PLW2901 - each world has its own
            env = dict(ACTIONS)
            if len(words) == 1 and words != ("TEXT",):
                env[words[0]] = text.replace("\x00", "")
                told: tuple[str, ...] = ("--app", "a", "--tag", "1.4.2")
            else:
                told = tuple(text if one == "TEXT" else one for one in words)
            tip = world.repository.refs()["refs/heads/main"]
            started = world.start_plain(*told, "--timeout", "20", env=env)
            row.runs += 1
            done = started.end()
            wrong = _inert(done, started, canary)
            if "hold" not in words and world.repository.refs()["refs/heads/main"] != tip:
                wrong.append("the base has moved")
            row.check(f"{text[:40]!r} at {words}", *wrong)
    return row


def _repositories(home: Path, cases: list[tuple[str, str, str]]) -> Row:
    row = Row("hostile", "repositories")
    with World(home, Delivery("files", PUSHES)) as world:
        canary = world.home / "canary"
        for name, path, text in cases:
            for words in (("--app", "a", "--tag", "1.4.2"), ("auto",)):
                world.restore()
                file = path.replace("KUSTOMIZATION", kustomization("a"))
                content = text.replace("CANARY", str(canary))
                for key in ("PUSHES", "OVERLAY"):
                    old = PUSHES if key == "PUSHES" else world.repository.read(kustomization("a"))
                    content = content.replace(key, old)
                content = content.replace("ELSEWHERE", world.elsewhere.url)
                world.repository.commit("main", file, content)
                started = world.start_plain(*words, "--timeout", "30", env=ACTIONS)
                row.runs += 1
                done = started.end()
                wrong = _inert(done, started, canary)
                if world.elsewhere.seen:
                    wrong.append(f"another host was asked: {world.elsewhere.seen}")
                    world.elsewhere.seen.clear()
                row.check(f"{name}, {words[0]}", *wrong)
    return row


def _commits(home: Path, *, short: bool) -> Row:
    """Have a hostile commit on the base, or on a branch that promote looks at."""
    row = Row("hostile", "messages and authors of commits")
    cases = [(one, branch) for one in COMMITS for branch in BRANCHES]
    with World(home, Delivery("commits", PULLS, folder=True)) as world:
        file, canary = kustomization("a"), world.home / "canary"
        for number in some(cases, 2 if short else None, 3):
            (name, author, message), branch = cases[number]
            for words in ASKED[:2] if short else ASKED:
                world.restore()
                if branch != "main":
                    world.repository.git("branch", branch, "main")
                text = world.repository.read(file).replace("1.4.1", "1.4.0")
                made = world.repository.commit(branch, file, text)
                data = world.repository.git("cat-file", "commit", made).partition("\n\n")[0]
                data = re.sub(r"(?m)^author .*(?= <)", f"author {author}", data)
                hostile = world.repository.git(
                    "hash-object", "-w", "-t", "commit", "--literally", "--stdin",
                    stdin=f"{data}\n\n{message}\n",
                )  # fmt: skip
                world.repository.git("update-ref", f"refs/heads/{branch}", hostile)
                started = world.start_plain(*words, "--timeout", "20", env=ACTIONS)
                row.runs += 1
                done = started.end()
                wrong = _inert(done, started, canary)
                if len(done.stdout + done.stderr) > LONGEST:
                    wrong.append(f"prints {len(done.stdout + done.stderr):,} characters")
                row.check(f"{name} on {branch}, {words[0]}", *wrong)
    return row


def _inert(done: Run, started: Started, canary: Path) -> list[str]:
    """Return what is wrong with the end of a run that was told something hostile."""
    wrong = judged(done)
    if canary.exists():
        canary.unlink()
        wrong.append("something of it was executed")
    printed = done.stdout + done.stderr
    if control := re.findall(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", printed):
        wrong.append(f"prints {set(control)!r}")
    if injected := re.findall(r"(?m)^\s*(?:::[a-z-]+[^:]*::INJECTED|##\[).*", printed):
        wrong.append(f"speaks to the runner: {injected}")
    if started.memory > LARGEST:
        wrong.append(f"took {started.memory} MiB")
    return wrong
