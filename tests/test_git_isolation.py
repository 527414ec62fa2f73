"""What a user's own git configuration and environment may not do to a run, nor a run's token to them."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import UsageError
from promoter.git import program
from promoter.git.isolation import parameters
from promoter.system.environment import child_environment, narrowed_environment
from tests.command import promote
from tests.many_apps import BY_PULL, make
from tests.servers.registry import Registry
from tests.thorough import thorough_after
from tests.world import BRANCH, Repository, aurora

if TYPE_CHECKING:
    from tests.servers.github import GitHub

_FOREIGN = base64.b64encode(b"x-access-token:of-the-checkout").decode()
# Variables that loosen a check, run a program, write a trace, or hold what is nobody else's.
_HOSTILE = (
    "SIGSTORE_ROOT_FILE", "SIGSTORE_REKOR_PUBLIC_KEY", "SIGSTORE_CT_LOG_PUBLIC_KEY_FILE",
    "TUF_ROOT", "TUF_MIRROR", "COSIGN_EXPERIMENTAL", "COSIGN_KEY", "COSIGN_INSECURE_IGNORE_TLOG",
    "COSIGN_ALLOW_INSECURE_REGISTRY", "SSLKEYLOGFILE", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV",
    "PYTHONPATH", "PYTHONSTARTUP", "PERL5LIB", "GODEBUG", "GIT_TRACE_CURL", "GIT_SSH", "GIT_DIR",
    "GIT_EXTERNAL_DIFF", "GIT_CONFIG_PARAMETERS", "SSH_ASKPASS", "EDITOR", "PAGER",
    "KUSTOMIZE_PLUGIN_HOME", "HELM_PLUGINS", "GITHUB_TOKEN", "GH_TOKEN", "PROMOTER_TOKEN",
    "PROMOTER_REGISTRY_PASSWORD", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_RUNTIME_TOKEN",
    "RUNNER_TEMP", "NPM_TOKEN", "MY_SECRET",
)  # fmt: skip


@pytest.mark.parametrize(
    "section",
    thorough_after(2, ["http", 'http "{url}"', 'http "{origin}/"', 'http "{origin}/aurora-cloud"']),
)
def test_a_header_of_the_users_own_configuration_is_replaced_by_ours(
    github: GitHub, tmp_path: Path, section: str
) -> None:
    where = section.format(origin=github.origin, url=github.url)
    (home := tmp_path / "home").mkdir()
    (home / ".gitconfig").write_text(
        f"[{where}]\n\textraheader = AUTHORIZATION: basic {_FOREIGN}\n"
    )
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url,
        env={"HOME": str(home), "GITHUB_TOKEN": "good-token"},
    )  # fmt: skip
    assert run.code == 0, run.stderr
    assert f"refs/heads/{BRANCH}" in Repository(github.repository).refs()
    assert not any(_FOREIGN in seen.authorization for seen in github.seen)


_GIT_2_30 = """#!/bin/sh
[ "$1" = version ] && exec echo git version 2.30.2
unset GIT_CONFIG_COUNT
exec {git} "$@"
"""


def test_git_2_30_has_its_token_and_runs_no_hook_of_the_users(
    github: GitHub, tmp_path: Path
) -> None:
    (bin_ := tmp_path / "bin").mkdir()
    (bin_ / "git").write_text(_GIT_2_30.format(git=shutil.which("git")))
    (bin_ / "git").chmod(0o755)
    (hooks := tmp_path / "hooks").mkdir()
    (hooks / "reference-transaction").write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\n")
    (hooks / "reference-transaction").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n")
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", github.url,
        env={
            "HOME": str(tmp_path),
            "GITHUB_TOKEN": "good-token",
            "PATH": f"{bin_}:{os.environ['PATH']}",
        },
    )  # fmt: skip
    assert run.code == 0, run.stderr
    assert f"refs/heads/{BRANCH}" in Repository(github.repository).refs()
    assert not (tmp_path / "executed").exists()


def test_settings_are_quoted_as_git_2_30_reads_them() -> None:
    value = 'it\'s !here \\ "and" $there'
    env = {**os.environ, **parameters({"http.https://h/x.extraHeader": value})}
    command = ["git", "config", "--get", "http.https://h/x.extraHeader"]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert said == f"{value}\n"
    with pytest.raises(UsageError, match="to a URL with '='"):
        parameters({"http.https://h/a=b.extraHeader": "x"})


@pytest.mark.parametrize("program", ["cosign", "credential helper", "git", "renderer"])
def test_a_child_sees_no_variable_that_is_not_on_its_list(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in _HOSTILE:
        monkeypatch.setenv(name, "marked")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    before = dict(os.environ)
    with narrowed_environment():
        seen = child_environment(program)  # type: ignore[arg-type]  # the names above
        left = dict(os.environ)
    assert not set(seen) & set(_HOSTILE)
    assert not set(left) & set(_HOSTILE)
    assert {"PATH", "HOME", "HTTPS_PROXY"} <= set(seen)
    assert dict(os.environ) == before


def test_cosign_finds_keys_and_signatures_where_the_caller_has_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("COSIGN_REPOSITORY", "COSIGN_PKCS11_PIN", "AWS_REGION", "VAULT_ADDR"):
        monkeypatch.setenv(name, "given")
    with narrowed_environment():
        seen = child_environment("cosign")
    assert {"COSIGN_REPOSITORY", "COSIGN_PKCS11_PIN", "AWS_REGION", "VAULT_ADDR"} <= set(seen)


def _spy(folder: Path, name: str, then: str) -> Path:
    """Write a program that notes its environment before it does its work."""
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\nenv >> {folder}/seen-by-{name}\n{then}\n")
    program.chmod(0o755)
    return folder / f"seen-by-{name}"


# An object that differs where the kustomization does.
_RENDER = r"""
sum=$(cksum < "$2/kustomization.yaml")
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: "%s"\n' "$sum"
"""


def test_every_program_that_a_run_starts_sees_its_list_alone(tmp_path: Path) -> None:
    real = os.environ["PATH"]
    with Registry() as registry:
        registry.push("app", "1.4.1", "1.4.2")
        registry.user = ("robot", "pass")
        settings = "checks: {signature: warn, cosign-key: k.pub}"
        policy = BY_PULL + f"    {settings}\n    render: warn\n"
        repo = make(tmp_path / "gitops.git", {"app": registry.name("app")}, policy)
        spies = tmp_path / "bin"
        login = '{"Username": "robot", "Secret": "pass"}'
        files = [
            _spy(spies, "git", f'PATH={real} exec git "$@"'),
            _spy(spies, "cosign", "exit 0"),
            _spy(spies, "docker-credential-spy", f"cat > /dev/null; echo '{login}'"),
            _spy(spies, "kustomize", _RENDER),
        ]
        (tmp_path / "config.json").write_text('{"credsStore": "spy"}')
        run = promote(
            "--app", "app", "--tag", "1.4.2", "--repo", str(repo.path), "-v",
            env={
                **{name: "marked" for name in _HOSTILE if not name.startswith("PYTHON")},
                "PATH": f"{spies}:{real}", "DOCKER_CONFIG": str(tmp_path),
                "PROMOTER_TOKEN": "", "PROMOTER_REGISTRY_PASSWORD": "",
            },
        )  # fmt: skip
    assert run.code != 1, run.stderr
    for file in files:
        assert file.exists(), f"{file.name}: {run.stderr}"
        assert "=marked" not in file.read_text()


def test_git_configuration_that_git_cannot_read_is_told_as_git_tells_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a process that has not asked git for anything yet.
    monkeypatch.setattr(program, "_VERSIONS", {})
    repo = aurora(tmp_path / "aurora.git")
    (home := tmp_path / "home").mkdir()
    (home / ".gitconfig").write_text("[core\nbad\n")
    run = promote(
        "--app", "aurora", "--tag", "9.9.1", "--repo", str(repo.path), env={"HOME": str(home)}
    )
    assert run.code == 2
    assert "bad config line 1" in run.stderr
    assert ".gitconfig" in run.stderr


_NOBODY = ["unshare", "--user", "--map-user=54321", "--map-group=54321"]


def _can_be_nobody() -> bool:
    """Say whether this machine lets a process be an account that has no entry."""
    with suppress(OSError):
        return subprocess.run([*_NOBODY, "true"], capture_output=True, check=False).returncode == 0
    return False


@pytest.mark.skipif(not _can_be_nobody(), reason="user namespaces are not allowed here")
@pytest.mark.parametrize(("tag", "code"), thorough_after(1, [("9.9.1", 0), ("~/x", 2)]))
def test_an_account_without_a_home_and_without_a_name_promotes(
    tmp_path: Path, tag: str, code: int
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    done = subprocess.run(
        [*_NOBODY, sys.executable, "-m", "promoter", "--app", "aurora", "--tag", tag,
         "--repo", str(repo.path)],
        env={k: v for k, v in os.environ.items() if k not in ("HOME", "USER", "LOGNAME")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("flag", ["--repo", "--signing-key", "--config"])
def test_home_of_nobody_that_is_known_is_told(tmp_path: Path, flag: str) -> None:
    repo = aurora(tmp_path / "aurora.git")
    given = ("--repo", str(repo.path), flag, "~nobody-of-this-name/file")
    run = promote("--app", "aurora", "--tag", "9.9.1", *given)
    assert run.code == 2, run.stderr
    assert "~nobody-of-this-name/file" in run.stderr
