"""Git over HTTP where the server is out for a moment: asked again, and a no is taken as one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from promoter.domain.errors import RaceLostError, RemoteError
from promoter.git.clone import Clone
from promoter.git.failures import git_error
from promoter.git.isolation import Credential
from promoter.git.program import GitResult
from promoter.git.push import Update, is_about
from promoter.git.retry import is_doubtful, is_passing
from promoter.system.deadline import Deadline
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from tests.servers.github import GitHub

_URL = "fatal: unable to access 'https://host/o/r.git/': "
_HUNG_UP = "fatal: the remote end hung up unexpectedly"


@pytest.mark.parametrize(
    "stderr",
    [
        f"{_URL}The requested URL returned error: 500",
        f"{_URL}The requested URL returned error: 503",
        f"{_URL}The requested URL returned error: 429",
        f"remote: You have exceeded a secondary rate limit.\n{_URL}The requested URL returned error: 403",
        f"error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502\n{_HUNG_UP}",
        "error: RPC failed; curl 56 Recv failure: Connection reset by peer\n"
        "error: 5 bytes of body are still expected\nfetch-pack: unexpected disconnect",
        "error: RPC failed; HTTP 504 curl 22\nfatal: expected flush after ref listing",
        "error: RPC failed; curl 92 HTTP/2 stream 5 was not closed cleanly: CANCEL (err 8)",
        f"{_URL}Empty reply from server",
        f"{_URL}Failed to connect to host port 443 after 3 ms: Connection timed out",
        f"{_URL}Failed to connect to host port 443 after 75003 ms: Couldn't connect to server",
        f"{_URL}Operation too slow. Less than 1 bytes/sec transferred the last 30 seconds",
        f"{_URL}GnuTLS recv error (-110): The TLS connection was non-properly terminated.",
        f"fatal: early EOF\n{_HUNG_UP}",
    ],
)
def test_outages_limits_and_broken_connections_pass(stderr: str) -> None:
    assert is_passing(GitResult(128, b"", stderr))


@pytest.mark.parametrize(
    "stderr",
    [
        f"remote: Write access to repository not granted.\n{_URL}The requested URL returned error: 403",
        f"remote: This repository was archived so it is read-only.\n{_URL}The requested URL returned error: 403",
        f"{_URL}The requested URL returned error: 401",
        f"error: RPC failed; HTTP 413 curl 22 The requested URL returned error: 413\n{_HUNG_UP}",
        "remote: Repository not found.\nfatal: repository 'https://host/o/r.git/' not found",
        "fatal: could not read Username for 'https://host': terminal prompts disabled",
        f"{_URL}Failed to connect to host port 1 after 0 ms: Connection refused",
        f"{_URL}Failed to connect to host port 1 after 3 ms: Couldn't connect to server",
        f"{_URL}SSL certificate problem: unable to get local issuer certificate",
        f"{_URL}Could not resolve host: host",
        f"{_URL}CONNECT tunnel failed, response 407",
        f"{_URL}Received HTTP code 407 from proxy after CONNECT",
        "fatal: unable to update url base from redirection:",
        "fatal: https://host/o/r.git/info/refs not valid: is this a git repository?",
        "fatal: dumb http transport does not support shallow capabilities",
        "fatal: couldn't find remote ref refs/heads/gone",
        "fatal: remote error: upload-pack: not our ref 1234",
        "fatal: Out of memory, malloc failed (tried to allocate 2147483648 bytes)",
        "fatal: write error: No space left on device",
        "git@host: Permission denied (publickey).\nfatal: Could not read from remote repository.",
    ],
)
def test_an_answer_is_no_outage(stderr: str) -> None:
    result = GitResult(128, b"", stderr)
    assert not is_passing(result)
    assert not is_doubtful(result)


def test_a_refusal_of_a_push_is_no_outage_whatever_its_hook_says() -> None:
    line = b"!\trefs/heads/a:refs/heads/a\t[remote rejected] (declined)"
    said = "remote: the check timed out\nerror: failed to push some refs to 'https://host/o/r.git'"
    assert not is_passing(GitResult(1, line, said))
    assert not is_doubtful(GitResult(1, line, said))


def test_a_failure_in_words_that_nobody_knows_yet_may_pass() -> None:
    words = f"{_URL}QUIC stream 7 was closed by a middle box (err 3)"
    assert is_passing(GitResult(128, b"", words))
    assert not is_passing(GitResult(0, b"", words))
    assert not is_passing(GitResult(-9, b"", ""))


def test_what_a_server_broke_off_is_an_outage_though_it_answered() -> None:
    line = b"!\trefs/heads/a:refs/heads/a\t[remote rejected] (fatal error in commit_refs)"
    assert is_passing(
        GitResult(1, line, "error: failed to push some refs to 'https://host/o/r.git'")
    )


def test_a_bare_403_is_doubted() -> None:
    result = GitResult(128, b"", f"{_URL}The requested URL returned error: 403")
    assert is_doubtful(result)
    assert not is_passing(result)


@pytest.mark.parametrize(
    ("stderr", "authorized", "words"),
    [
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", True,
         "the token was not accepted"),
        ("fatal: could not read Username for 'https://h': terminal prompts disabled", False,
         "none was given"),
        ("fatal: Authentication failed for 'https://h/o/r.git/'", True,
         "the token was not accepted"),
        (f"remote: This repository was archived so it is read-only.\n{_URL}returned error: 403",
         True, "Unarchive the repository"),
        (f"remote: Write access to repository not granted.\n{_URL}returned error: 403", True,
         "an Actions run's own GITHUB_TOKEN reaches its own repository alone"),
        ("remote: Repository not found.\nfatal: repository 'https://h/o/r.git/' not found", True,
         "an Actions run's own GITHUB_TOKEN reaches its own repository alone"),
        (f"{_URL}The requested URL returned error: 307", True, "The repository has moved"),
        (f"{_URL}The requested URL returned error: 503", True, "running again is safe"),
        ("git@h: Permission denied (publickey).", False, "ssh agent"),
    ],
)  # fmt: skip
def test_failures_are_told_with_the_way_out(
    stderr: str, words: str, monkeypatch: pytest.MonkeyPatch, *, authorized: bool
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    found = git_error("push", GitResult(128, b"", stderr, authorized))
    assert words in f"{found.message} {found.hint}"
    # What is about Actions is said there alone.
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert "Actions" not in git_error("push", GitResult(128, b"", stderr, authorized)).hint


_FAULTS: list[dict[str, Any]] = [
    {"status": 503},
    {"status": 403, "headers": {"Retry-After": "1"}},
    {"status": None, "after": True},
    {"status": 429},
    {"status": None},
    {"status": 502, "after": True},
]


def _clone(github: GitHub, seconds: float = 30) -> Clone:
    credential = Credential(github.url, "good-token")
    return Clone(github.url, Deadline(seconds), configuration=credential.configuration())


@pytest.mark.parametrize("fault", thorough_after(2, _FAULTS), ids=str)
def test_reads_and_pushes_outlast_an_outage(github: GitHub, fault: dict[str, Any]) -> None:
    base = str(github.head("main"))
    with _clone(github) as clone:
        github.fail("GET", r"/info/refs$", **fault)
        assert clone.remote_refs("refs/heads/*").refs["refs/heads/main"] == base
        github.fail("POST", r"/git-upload-pack$", **fault)
        clone.fetch(base)
        github.fail("POST", r"/git-receive-pack$", **fault)
        # Where HTTP's own library asked again, the second push loses to the first: planned anew.
        with suppress(RaceLostError):
            clone.push(Update("refs/heads/new", base, None))
    assert not github.faults
    assert github.head("new") == base


def test_a_push_that_was_done_and_then_overtaken_is_a_lost_race(github: GitHub) -> None:
    base = str(github.head("main"))
    other = github.store.commit(
        github.store.text("rev-parse", "main^{tree}"), [base], "x", ("h", "h@x")
    )
    with _clone(github) as clone:
        clone.remote_refs()
        clone.fetch(base)
        github.store.move(("refs/heads/new", None, other))
        github.fail("POST", r"/git-receive-pack$", status=502)
        with pytest.raises(RaceLostError):
            clone.push(Update("refs/heads/new", base, None))
    assert github.head("new") == other


def test_an_outage_that_does_not_end_is_told_before_the_deadline(github: GitHub) -> None:
    github.fail("GET", r"/info/refs$", status=503, times=99)
    with _clone(github, 3) as clone, pytest.raises(RemoteError, match="503") as told:
        clone.remote_refs()
    assert "running again is safe" in told.value.hint


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("gihub.com", "Did you mean github.com?"),
        ("github", "Did you mean github.com?"),
        ("gitlab.com", "There is no network, or the host's name is wrong."),
        ("git.example.com", "There is no network, or the host's name is wrong."),
        ("github.com", "There is no network, or the host's name is wrong."),
    ],
)
def test_host_that_is_nearly_githubs_is_told_so(host: str, hint: str) -> None:
    said = f"fatal: unable to access 'https://{host}/a/b/': Could not resolve host: {host}"
    assert git_error("ls-remote", GitResult(128, b"", said)).hint == hint


@pytest.mark.parametrize(
    ("line", "is_ours"),
    [
        ("error: cannot lock ref 'refs/heads/promote/prod/app': is at 1 but expected 2", True),
        ("Unable to create '/r/refs/heads/promote/prod/app.lock': File exists.", True),
        (
            "remote: error: GH006: Protected branch update failed for refs/heads/promote/prod/app.",
            True,
        ),
        ("error: hook declined to update refs/heads/promote/prod/app", True),
        ("error: hook declined to update refs/heads/promote/prod/app-2", False),
        ("error: cannot lock ref 'refs/heads/promote/prod/app.v2': is at 1", False),
        ("error: cannot lock ref 'refs/heads/promote/prod/app/x': is at 1", False),
    ],
)
def test_an_error_of_a_push_is_about_the_ref_that_it_names(line: str, *, is_ours: bool) -> None:
    assert is_about("refs/heads/promote/prod/app", line) is is_ours
