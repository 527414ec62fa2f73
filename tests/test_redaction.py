"""What a registry, a forge or git sends back never carries our secrets into anything we write."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from promoter.domain.image import Ref
from promoter.domain.model import RunningImage
from promoter.domain.redaction import (
    MASK,
    add_login,
    add_others_secret,
    add_secret,
    forget_secrets,
    redacted,
    redacted_message,
    redacted_values,
)
from promoter.planning.status import Status
from tests.many_apps import BY_PULL, make
from tests.servers.echo import Echo, encodings, leaks
from tests.thorough import thorough_after
from tests.world import BRANCH, Repository, Run, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.servers.github import GitHub

SECRET = "marked+Secret/7f3a9Zq0&tail"


TEXT, JSON = ("-v",), ("-v", "--output", "json")


@pytest.fixture(autouse=True)
def _no_secrets_of_others() -> Iterator[None]:
    """Begin and end without secrets."""
    forget_secrets()
    yield
    forget_secrets()


def _in_actions(folder: Path, **more: str) -> dict[str, str]:
    """Return the variables of a step of GitHub Actions, whose files are in a folder."""
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return {"GITHUB_ACTIONS": "true", **files, **more}


def _written(run: Run, folder: Path, repo: Repository) -> str:
    """Return all that a run has printed and stored: streams, the step's files, every git object."""
    files = [folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]
    stored = [file.read_text() for file in files if file.exists()]
    objects = subprocess.run(
        ["git", "cat-file", "--batch-all-objects", "--batch"],
        cwd=repo.path, capture_output=True, check=True,
    ).stdout.decode("utf-8", "replace")  # fmt: skip
    return "\n".join([run.stdout, run.stderr, *stored, objects])


@pytest.mark.parametrize("name", encodings(SECRET))
@pytest.mark.parametrize(
    "around", thorough_after(3, ["{}", "a={}&b", '{{"x": "{}"}}', "before {} after", "x{}"])
)
def test_a_secret_is_taken_out_of_a_text_in_every_encoding(name: str, around: str) -> None:
    text = around.format(encodings(SECRET)[name])
    assert leaks(text, SECRET)
    add_login("x-access-token", SECRET)
    assert not leaks(redacted(text), SECRET)
    # Many are searched for in another way than a few.
    add_secret(*(f"{number:032x}" for number in range(100)))
    assert not leaks(redacted(text), SECRET)


def test_text_without_secrets_stays_as_it_is() -> None:
    add_secret(SECRET, "password", "")
    for text in (
        "", "Basic authentication is refused", "the bearer token has expired",
        "Add basic authorization-and-authentication", "sha256:" + "0f" * 32, "*** pass ***",
    ):  # fmt: skip
        assert redacted(text) == text


def test_each_line_of_a_key_is_a_secret_and_its_frame_is_none() -> None:
    lines = [base64.b64encode(bytes([n] * 48)).decode() for n in (1, 2)]
    key = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *lines, "-----END RSA PRIVATE KEY-----"])
    for given in (key, key.replace("\n", "\\n")):
        forget_secrets()
        add_secret(given)
        assert redacted(f"x {lines[1]} y") == "x *** y"
        assert redacted("-----BEGIN RSA PRIVATE KEY-----") == "-----BEGIN RSA PRIVATE KEY-----"


def test_short_password_is_found_as_it_is_sent_and_spoils_no_word() -> None:
    add_login("robot", "prod")
    sent = base64.b64encode(b"robot:prod").decode()
    assert redacted(f"prod: Basic {sent}") == "prod: Basic ***"
    assert redacted(f"prod: {sent}") == "prod: ***"


def test_a_password_that_reads_as_a_name_is_taken_out_of_no_text() -> None:
    add_others_secret("postgres", "aurora-1.4.2", "PROD/eu_west", "8f14e45fceea167a5a36")
    text = "postgres: aurora-1.4.2 to prod/eu_west: 8f14e45fceea167a5a36"
    assert redacted_message(text) == f"postgres: aurora-1.4.2 to prod/eu_west: {MASK}"
    assert redacted(text) == text


def test_names_stand_in_commits_and_results_whatever_variables_of_others_hold(
    tmp_path: Path,
) -> None:
    repo, tag = aurora(tmp_path / "aurora.git"), "9f8e7d6c5b"
    env = {"POSTGRES_PASSWORD": tag, "DB_PASSWORD": "aurora/prod"}
    run = promote(
        "--app", "aurora", "--tag", tag, "--repo", str(repo.path), "--output", "json", env=env
    )
    message = repo.git("log", "-1", "--format=%B", BRANCH)
    assert f"={tag}" in message
    assert MASK not in run.stdout + message
    assert run.json["images"][0]["to"] == tag


def test_a_commit_whose_names_hold_a_token_of_ours_is_refused(tmp_path: Path) -> None:
    repo, tag = aurora(tmp_path / "aurora.git"), "9f8e7d6c5b"
    run = promote(
        "--app", "aurora", "--tag", tag, "--repo", str(repo.path), env={"GITHUB_TOKEN": tag}
    )
    assert run.code == 3
    assert "holds a token or password of this run" in run.stderr
    assert tag not in run.stdout + run.stderr
    assert f"refs/heads/{BRANCH}" not in repo.refs()


def test_secret_of_nobody_we_know_is_taken_out_by_its_shape() -> None:
    token = "ghs_" + "a1B2" * 9
    jwt = f"eyJ{'hbGciOiJ' * 3}.{'eyJpc3M' * 4}.{'c2lnbmF0' * 4}"
    assert redacted(f"have {token}, {jwt} and Bearer {jwt}") == "have ***, *** and Bearer ***"


@pytest.mark.parametrize(
    "shape",
    [
        "//robot:a@", "?sig=x", "&ACCESS_TOKEN=x", ";my-api_key=y", f"basic {'a1B2' * 5}",
        f"Bearer%20{'a1B2' * 5}", f"ghp_{'a1B2' * 5}", f"GHS_{'A1B2' * 5}",
        f"github_pat_{'a1B2' * 5}", f"eyJ{'a' * 10}.{'b' * 10}.{'c' * 10}",
    ],
)  # fmt: skip
def test_a_text_that_is_nothing_but_such_a_shape_is_redacted(shape: str) -> None:
    for text in (shape, shape.upper(), f"İ {shape}"):
        assert MASK in redacted(text)


def test_values_and_keys_of_json_are_redacted_and_the_rest_stays() -> None:
    add_secret(SECRET)
    found = redacted_values({SECRET: [SECRET, 1, None, True], "b": {"c": f"<{SECRET}>"}})
    assert found == {"***": ["***", 1, None, True], "b": {"c": "<***>"}}


def test_a_value_that_does_not_count_for_equality_is_redacted_and_one_without_secret_kept() -> None:
    add_secret(SECRET)
    images = [RunningImage("web", "1.0.0", elsewhere=(Ref(tag),)) for tag in (SECRET, "1.0.1")]
    rows = [Status(app="web", environment="prod", images=(one,)) for one in images]
    assert [redacted_values(one).tags for one in rows] == [("1.0.0", "***"), ("1.0.0", "1.0.1")]
    assert redacted_values(rows[1]) is rows[1]


def test_a_thousand_secrets_cost_no_more_than_a_few() -> None:
    add_secret(*(f"{number:032x}" for number in range(1000, 3000)))
    assert redacted(f"a {2500:032x} b") == "a *** b"


def _login(folder: Path, host: str) -> dict[str, str]:
    """Write Docker's configuration with a login for a host and return the variable that names it."""
    auth = base64.b64encode(f"robot:{SECRET}".encode()).decode()
    (folder / "docker").mkdir()
    (folder / "docker" / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return {"DOCKER_CONFIG": str(folder / "docker")}


def _echoing_registry(status: int) -> Echo:
    """Return a registry that wants a login, and then tells what it got in codes and headers."""

    def answer(_: str, __: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        if not authorization:
            return 401, {"WWW-Authenticate": 'Basic realm="echo"'}, b"{}"
        forms = [authorization, *encodings(SECRET, "robot").values()]
        errors = [{"code": one, "message": one} for one in forms]
        headers = {
            "WWW-Authenticate": f'Basic realm="{forms[-1]}"',
            "Docker-Content-Digest": SECRET,
            "Content-Type": "application/vnd.oci.image.manifest.v1+json",
            "Location": f"http://{forms[0].split()[1].rstrip('=').lower()}.example/",
            "Retry-After": SECRET,
        }
        return status, headers, json.dumps({"errors": errors}).encode()

    return Echo(answer)


@pytest.mark.parametrize(
    ("status", "output"),
    thorough_after(
        2, [(403, TEXT), *((status, JSON) for status in (200, 401, 307, 404, 400, 403, 429, 500))]
    ),
)
def test_a_registry_that_echoes_its_login_publishes_none_of_it(
    tmp_path: Path, status: int, output: tuple[str, ...]
) -> None:
    with _echoing_registry(status) as registry:
        repo = make(tmp_path / "gitops.git", {"app": f"{registry.host}/app"}, BY_PULL)
        run = promote(
            "--app", "app", "--tag", "1.4.2", "--repo", str(repo.path), "--timeout", "60", *output,
            env=_in_actions(tmp_path, **_login(tmp_path, registry.host)),
        )  # fmt: skip
    assert any(leaks(one, SECRET) for one in registry.authorizations)
    assert run.code != 1, run.stderr
    assert not leaks(_written(run, tmp_path, repo), SECRET)


def test_what_a_registry_says_of_its_refusal_still_reaches_the_pull(tmp_path: Path) -> None:
    with _echoing_registry(403) as registry:
        repo = make(tmp_path / "gitops.git", {"app": f"{registry.host}/app"}, BY_PULL)
        run = promote(
            "--app", "app", "--tag", "1.4.2", "--repo", str(repo.path), "--output", "json",
            env=_login(tmp_path, registry.host),
        )  # fmt: skip
    assert "403" in run.json["pull_request"]["body"]
    assert any("403 Basic ***" in one for one in run.json["warnings"])


@pytest.mark.parametrize(
    ("request_of", "status", "output"),
    thorough_after(
        2,
        [
            ("POST /pulls$", 422, TEXT),
            ("GET /pulls", 401, JSON),
            ("PATCH /pulls/", 422, JSON),
            ("POST /pulls$", 500, JSON),
            *(("POST /pulls$", status, JSON) for status in (307, 401, 403, 404, 422)),
            *(("GET /pulls", status, JSON) for status in (307, 422)),
        ],
    ),
)
def test_a_forge_that_echoes_its_token_publishes_none_of_it(
    github: GitHub, tmp_path: Path, request_of: str, status: int, output: tuple[str, ...]
) -> None:
    github.tokens[SECRET] = True
    repo = Repository(github.repository)
    where = ("--app", "aurora", "--repo", github.url, "--timeout", "5")
    env = _in_actions(tmp_path, GITHUB_TOKEN=SECRET)
    if request_of.startswith("PATCH"):
        promote(*where, "--tag", "9.9.0", env=env)
    forms = list(encodings(SECRET).values())
    method, pattern = request_of.split()
    github.fail("POST", "mutation", status=502, times=1000)
    github.fail(
        method, pattern, status=status, times=1000,
        body={"message": " ".join(forms), "errors": [{"message": one} for one in forms] + forms},
        headers={
            "Location": f"http://{SECRET.split('/')[0]}.example/{forms[2]}",
            "X-GitHub-SSO": forms[0], "X-GitHub-Request-Id": forms[2],
        },
    )  # fmt: skip
    run = promote(*where, "--tag", "9.9.1", *output, env=env)
    assert run.code != 1, run.stderr
    shown = run.stdout + run.stderr
    masks = [line for line in shown.splitlines() if line.startswith("::add-mask::")]
    assert not masks
    pulls = json.dumps([github.pulls, github.comments])
    assert not leaks(_written(run, tmp_path, repo) + pulls, SECRET)


@pytest.mark.parametrize("output", thorough_after(1, [(TEXT,), (JSON,)]))
def test_a_git_server_that_echoes_the_token_publishes_none_of_it(
    github: GitHub, tmp_path: Path, output: tuple[str, ...]
) -> None:
    github.tokens[SECRET] = True
    hook = github.repository / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    lines = "\n".join(encodings(SECRET).values())
    hook.write_text(f"#!/bin/sh\ncat >&2 <<'END'\nerror: {lines}\nEND\nexit 1\n")
    hook.chmod(0o755)
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url, *output,
        env=_in_actions(tmp_path, GITHUB_TOKEN=SECRET),
    )  # fmt: skip
    assert run.code == 5
    assert "remote" in run.stdout + run.stderr
    assert not leaks(_written(run, tmp_path, Repository(github.repository)), SECRET)


def test_a_flag_that_was_given_a_token_is_not_shown_with_it(tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    for wrong in (("--tag", SECRET), ("--app", SECRET), (f"--nothing={SECRET}",), (SECRET,)):
        run = promote(*wrong, "--repo", str(repo.path), env={"GITHUB_TOKEN": SECRET})
        assert run.code == 2
        assert not leaks(run.stdout + run.stderr, SECRET)
    assert f"refs/heads/{BRANCH}" not in repo.refs()
