"""The Actions step: its inputs are the flags, its shell writes outputs and summary, nothing is injected."""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from promoter.cli.command_table import COMMANDS
from promoter.cli.options import setting_of, variable_of
from promoter.output import actions
from promoter.output.envelope import Envelope
from promoter.output.result import of_promotions
from promoter.settings import Settings
from tests.thorough import thorough_after
from tests.world import AURORA, BRANCH, Repository, Run, aurora, promote

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
# The commands that a step can run.
_COMMANDS = ("promote", "auto", "rollback", "hold", "unhold", "status", "history")
# What is no flag: secrets come by environment, the interpreter is the runner's.
_SECRETS = {"token", "github-app-id", "github-app-private-key"}
_EXTRA = {*_SECRETS, "python", "command", "auto"}
_FILES = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
_SHELL = ("$(touch pwned)", "`touch pwned`", "'; touch pwned; '")
_HOSTILE = (
    "1.0\n::set-output name=action::pwned",
    "::error::pwned",
    "##[error]pwned",
    "EOF\npwned=1",
    "%0Apwned",
    "-rf",
)


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    """The step's own description."""
    found: dict[str, Any] = YAML(typ="safe", pure=True).load(ROOT / "action.yml")
    return found


def step(
    action: dict[str, Any], folder: Path, **inputs: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, str], str]:
    """Run the step's shell as a runner does; returns what it printed, its outputs, its summary."""
    done = run_step(action, 1, folder, job(action, folder, inputs))
    return done, *_written(folder)


def command(
    action: dict[str, Any], folder: Path, *words: str, **inputs: str
) -> tuple[Run, dict[str, str], str]:
    """Run the command alone that the step's shell runs, which is quicker; returns the same."""
    done = promote(*words, env=job(action, folder, inputs), cwd=folder)
    return done, *_written(folder)


def _written(folder: Path) -> tuple[dict[str, str], str]:
    """Return the outputs and the summary of a step."""
    output, summary = ((folder / name).read_text() for name in _FILES)
    return _outputs(output), summary


def job(action: dict[str, Any], folder: Path, inputs: Mapping[str, str]) -> dict[str, str]:
    """Return the variables with which a runner runs the step's shell."""
    run = action["runs"]["steps"][1]
    # What the step's install would bring is in the interpreter that runs the tests.
    given = {"python": sys.executable, **inputs}
    filled = {
        name: re.sub(
            r"\$\{\{ (inputs|github)\.([\w-]+) \}\}",
            lambda m: str(ROOT) if m[1] == "github" else given.get(m[2], ""),
            value,
        )
        for name, value in run["env"].items()
    }
    files = {name: folder / name for name in _FILES}
    for file in files.values():
        file.write_text("")
    runner = {"RUNNER_TEMP": str(folder / "temp"), "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "ada"}
    return {**runner, **filled, **{name: str(file) for name, file in files.items()}}


def run_step(
    action: dict[str, Any], index: int, folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run the shell text of one step of the action in a folder."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c",
         action["runs"]["steps"][index]["run"]],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip


def _outputs(text: str) -> dict[str, str]:
    """Read an output file as the runner does."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = []
        for part in lines:
            if part == delimiter:
                break
            value.append(part)
        found[name] = "\n".join(value)
    return found


def _flags(parser: argparse.ArgumentParser) -> set[str]:
    return {
        option.removeprefix("--")
        for one in parser._actions
        for option in one.option_strings
        if option.startswith("--") and option not in ("--help", "--version")
    }


def test_inputs_are_the_flags_and_arrive_by_environment_alone(action: dict[str, Any]) -> None:
    wanted = set().union(*(_flags(COMMANDS[name].parser(name)) for name in _COMMANDS))
    assert set(action["inputs"]) == wanted | _EXTRA
    assert all(one["required"] is False for one in action["inputs"].values())
    run = action["runs"]["steps"][1]
    for name in wanted | _SECRETS:
        assert run["env"][variable_of(name)] == f"${{{{ inputs.{name} }}}}"
        assert setting_of(name) in Settings.model_fields, name
    assert all("${{" not in one["run"] for one in action["runs"]["steps"])


def test_outputs_are_those_that_are_described(action: dict[str, Any]) -> None:
    assert set(action["outputs"]) == set(actions.outputs(of_promotions([])))


def test_step_opens_the_pull_and_writes_outputs_and_summary(
    action: dict[str, Any], tmp_path: Path
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    done, outputs, summary = command(
        action, tmp_path, app="aurora", tag="9.9.1", repo=str(repo.path), env="prod"
    )
    assert done.code == 0, done.stderr
    assert outputs["action"] == "created"
    assert outputs["changed"] == "true"
    assert outputs["pull-request-number"] == "1"
    assert outputs["branch"] == BRANCH
    assert outputs["commit"] == repo.refs()[f"refs/heads/{BRANCH}"]
    assert {one["to"] for one in json.loads(outputs["images"])} == {"9.9.1"}
    assert summary.startswith(
        "opened pull request 1: aurora to prod, 1.4.1 → 9.9.1\n\n**aurora** in **prod**: "
    )
    assert "```diff" in summary
    assert "ada" in summary
    again, outputs, _ = command(
        action, tmp_path, app="aurora", tag="9.9.1", repo=str(repo.path), env="prod"
    )
    assert (again.code, outputs["action"], outputs["changed"]) == (0, "unchanged", "false")


def test_refusal_is_an_annotation_at_its_place(action: dict[str, Any], tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    repo.commit("main", AURORA, repo.read(AURORA).replace("1.4.1", "${TAG}", 1))
    image = "ghcr.io/aurora-cloud/aurora-customer=1.4.2"
    inputs = {"app": "aurora", "image": image, "repo": str(repo.path)}
    done, outputs, summary = command(action, tmp_path, **inputs)
    assert done.code == 3
    assert outputs["action"] == "refused"
    assert re.search(r"^::error file=clusters/prod/[^,]+", done.stdout + done.stderr, re.MULTILINE)
    assert "placeholder" in summary


@pytest.mark.parametrize(
    "text",
    # What the others are for is looked for below, in each input and without a shell.
    thorough_after(1, [*_SHELL, *_HOSTILE]),
)
def test_hostile_inputs_inject_nothing_into_the_shell(
    action: dict[str, Any], tmp_path: Path, text: str
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    inputs = dict.fromkeys(("tag", "app", "env", "image"), text)
    done, _, _ = step(action, tmp_path, repo=str(repo.path), **inputs)
    assert_nothing_came_through(action, tmp_path, Run(done.returncode, done.stdout, done.stderr))


@pytest.mark.parametrize("text", [*_SHELL, *_HOSTILE])
@pytest.mark.parametrize("name", ["tag", "app", "env", "image"])
def test_hostile_input_injects_nothing_into_what_the_runner_reads(
    action: dict[str, Any], tmp_path: Path, name: str, text: str
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    refs = repo.refs()
    inputs = {"app": "aurora", "tag": "9.9.1", "repo": str(repo.path), name: text}
    run = promote(env=job(action, tmp_path, inputs), cwd=tmp_path)
    assert_nothing_came_through(action, tmp_path, run)
    assert Repository(repo.path).refs() == refs


def assert_nothing_came_through(action: dict[str, Any], folder: Path, run: Run) -> None:
    """Hold a run to its own outputs, and to no command that the runner would obey."""
    assert run.code in (2, 4)
    outputs = _outputs((folder / "GITHUB_OUTPUT").read_text())
    assert set(outputs) == set(action["outputs"])
    assert outputs["action"] == "failed"
    assert not list(folder.rglob("pwned"))
    for line in (run.stdout + run.stderr).splitlines():
        command = re.match(r"\s*::([a-z-]+)", line)
        assert command is None or command[1] in ("error", "warning")
        assert "##[" not in line


def test_auto_is_a_step_too(action: dict[str, Any], tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    inputs = {"auto": "true", "env": "dev", "repo": str(repo.path)}
    done, _, summary = command(action, tmp_path, "auto", **inputs)
    assert done.code == 4
    assert "no policy applies" in summary


@pytest.mark.thorough  # another start of Python; hostile inputs meet the shell above
def test_a_hold_is_a_step_whose_reason_reaches_no_shell(
    action: dict[str, Any], tmp_path: Path
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    reason = "".join(_SHELL)
    done, outputs, _ = step(
        action, tmp_path, command="hold", app="aurora", reason=reason, repo=str(repo.path)
    )
    assert (done.returncode, outputs["action"]) == (0, "created"), done.stderr
    hold = repo.git("show", f"{outputs['commit']}:.promoter/holds/prod/aurora.yaml")
    assert YAML(typ="safe", pure=True).load(hold)["reason"] == reason
    assert not list(tmp_path.rglob("pwned"))


def test_the_summary_of_a_status_is_its_table(action: dict[str, Any], tmp_path: Path) -> None:
    repo = aurora(tmp_path / "aurora.git")
    inputs = {"command": "status", "no-registry": "true", "env": "prod", "repo": str(repo.path)}
    run, _, summary = command(action, tmp_path, "status", **inputs)
    assert run.code == 0, run.stderr
    assert re.search(r"^\| aurora \| prod \|", summary, re.MULTILINE)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({}, ""),
        ({"auto": "false"}, ""),
        ({"auto": "True"}, "auto"),
        ({"auto": "1", "command": "promote"}, "auto"),
        *(({"command": name}, name) for name in _COMMANDS[1:]),
        ({"command": "set-image"}, None),
        ({"command": "rollback --app beacon"}, None),
        ({"command": "--help"}, None),
        ({"command": "hold", "auto": "true"}, None),
        ({"auto": "yes"}, None),
    ],
)
def test_a_step_runs_one_of_its_commands_and_no_other(
    action: dict[str, Any], tmp_path: Path, inputs: dict[str, str], words: str | None
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nshift 3\necho "$*" > asked\n')
    python.chmod(0o755)
    defaults = {name: str(one.get("default", "")) for name, one in action["inputs"].items()}
    environment = job(action, tmp_path, {**defaults, "python": str(python), **inputs})
    done = run_step(action, 1, tmp_path, environment)
    if words is None:
        assert done.returncode == 2
        assert done.stdout.startswith("::error::")
        assert not (tmp_path / "asked").exists()
    else:
        assert (tmp_path / "asked").read_text() == f"{words}\n"


def test_workflows_run_a_version_of_the_action_that_has_their_inputs() -> None:
    pinned: dict[str, set[str]] = {}
    for file in (ROOT / "config" / "workflows").glob("*.yml"):
        workflow = YAML(typ="safe", pure=True).load(file)
        for one in (one for job in workflow["jobs"].values() for one in job["steps"]):
            name, _, commit = one.get("uses", "").partition("@")
            if name == "promoter/promoter":
                pinned.setdefault(commit, set()).update(one["with"])
            elif one.get("with", {}).get("repository") == "promoter/promoter":
                pinned.setdefault(one["with"]["ref"], set())
    assert pinned
    if not (ROOT / ".git").exists() or _git("rev-parse", "--is-shallow-repository") != "false\n":
        pytest.skip("this checkout has no history")
    for commit, inputs in pinned.items():
        if commit not in _git("rev-list", "HEAD"):
            pytest.skip(f"this checkout has another history than {commit}")
        there = YAML(typ="safe", pure=True).load(_git("show", f"{commit}:action.yml"))["inputs"]
        assert inputs <= set(there), commit


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_apps_that_stay_as_they_are_are_counted_and_not_told_of() -> None:
    stays = Envelope(
        headline="", action="unchanged", exit_code=0, app="a", environment="dev", by_policy=True
    )
    said = "pushed to main: b to dev"
    moves = replace(stays, headline=said, action="pushed", changed=True, app="b", by_policy=False)
    result = of_promotions(
        [*(replace(stays, app=f"a{n}") for n in range(999)), moves], counted=True
    )
    outputs = actions.outputs(result)
    assert (outputs["action"], outputs["changed"]) == ("pushed", "true")
    assert [one["app"] for one in json.loads(outputs["results"])] == ["b"]
    assert actions.summary(result) == (
        "pushed to main: b to dev\n\n1000 apps: 999 unchanged, 1 pushed\n"
    )
    idle = of_promotions([stays], counted=True)
    assert actions.outputs(idle)["action"] == "unchanged"
    assert actions.summary(idle) == "1 app: 1 unchanged\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of a source repository whose files are named as modules that Python would import."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    modules = {
        "venv", "ensurepip", "pip", "promoter", "sitecustomize", "usercustomize",
        "pydantic", "git", "github", "yaml", *sys.stdlib_module_names,
    }  # fmt: skip
    (folder / "code.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'a').write('x')\n")
    for name in modules:
        (folder / f"{name}.py").write_bytes((folder / "code.py").read_bytes())
    return folder


def _hostile_job(checkout: Path) -> dict[str, str]:
    """Return variables of a job that lead Python to the checkout."""
    return {
        "PYTHONPATH": str(checkout),
        "PYTHONSTARTUP": str(checkout / "code.py"),
        "PYTHONUSERBASE": str(checkout),
        "PYTHONHOME": str(checkout),
        "PYTHONINSPECT": "1",
    }


@pytest.mark.thorough
def test_install_imports_nothing_of_the_checkout(
    action: dict[str, Any], tmp_path: Path, checkout: Path
) -> None:
    (own := tmp_path / "action").mkdir()
    (own / "requirements.lock").write_text("# Nothing: no index is asked.\n")
    (temp := tmp_path / "temp").mkdir()
    environment = {"RUNNER_TEMP": str(temp), "ACTION": str(own), "INTERPRETER": sys.executable}
    done = run_step(action, 0, checkout, {**environment, **_hostile_job(checkout)})
    assert done.returncode == 0, done.stderr
    assert (temp / "promoter" / "installed").read_text().split()[0] == sys.executable
    assert not (tmp_path / "pwned").exists()


def test_install_makes_a_pip_of_its_own_where_python_has_none(
    action: dict[str, Any], tmp_path: Path
) -> None:
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(
        f'#!/bin/sh\necho "$0 $*" >> {asked}\n'
        'case "$*" in\n*"pip --version") exit 1 ;;\n'
        '"-I -m venv "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;\nesac\n'
    )
    python.chmod(0o755)
    (temp := tmp_path / "temp").mkdir()
    environment = {"RUNNER_TEMP": str(temp), "ACTION": str(ROOT), "INTERPRETER": str(python)}
    assert run_step(action, 0, tmp_path, environment).returncode == 0
    said = asked.read_text().splitlines()
    assert said[1] == f"{python} -I -m venv promoter/pip"
    assert said[2].startswith("promoter/pip/bin/python -I -m pip install ")
    assert (temp / "promoter" / "installed").read_text().split()[0] == str(python)


@pytest.mark.thorough
def test_install_brings_a_real_pip_where_python_has_none(
    action: dict[str, Any], tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-I", "-m", "venv", "--without-pip", str(bare)], check=True)
    (own := tmp_path / "action").mkdir()
    (own / "requirements.lock").write_text("# Nothing: no index is asked.\n")
    (temp := tmp_path / "temp").mkdir()
    python = str(bare / "bin" / "python")
    environment = {"RUNNER_TEMP": str(temp), "ACTION": str(own), "INTERPRETER": python}
    done = run_step(action, 0, tmp_path, environment)
    assert done.returncode == 0, done.stderr
    assert (temp / "promoter" / "installed").read_text().split()[0] == python


def test_promotion_imports_nothing_of_the_checkout(
    action: dict[str, Any], tmp_path: Path, checkout: Path
) -> None:
    repo = aurora(tmp_path / "aurora.git")
    environment = {
        "RUNNER_TEMP": str(tmp_path / "temp"), "ACTION": str(ROOT), "INTERPRETER": sys.executable, "PROMOTER_APP": "aurora",
        "PROMOTER_TAG": "9.9.1", "PROMOTER_REPO": str(repo.path), "GITHUB_ACTIONS": "true",
    }  # fmt: skip
    done = run_step(action, 1, checkout, {**environment, **_hostile_job(checkout)})
    assert done.returncode == 0, done.stderr
    assert f"refs/heads/{BRANCH}" in repo.refs()
    assert not (tmp_path / "pwned").exists()


def test_python_of_the_action_is_always_isolated(action: dict[str, Any]) -> None:
    starts = re.findall(
        r'"\$(?:python|INTERPRETER|pip)" (-[^\s\]]+)',
        "\n".join(one.get("run", "") for one in action["runs"]["steps"]),
    )
    assert len(starts) >= 3
    assert set(starts) == {"-I"}


@pytest.mark.parametrize(("app", "is_there"), [("", False), ("12", True)])
def test_install_leaves_out_what_a_step_does_not_import(
    action: dict[str, Any], tmp_path: Path, app: str, is_there: bool
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    (temp := tmp_path / "temp").mkdir()
    environment = {"RUNNER_TEMP": str(temp), "ACTION": str(ROOT), "INTERPRETER": str(python)}
    assert run_step(action, 0, tmp_path, {**environment, "APP_ID": app}).returncode == 0
    whole = _packages((ROOT / "requirements.lock").read_text())
    kept = _packages((temp / "promoter" / "requirements.lock").read_text())
    assert kept.items() <= whole.items()
    assert all(hashes for hashes in kept.values())
    left_out = {"markdown-it-py", "mdurl", "pygments"} | (set() if is_there else {"cryptography"})
    assert whole.keys() - kept.keys() == left_out


def test_another_version_of_the_action_in_the_same_job_installs_its_own(
    action: dict[str, Any], tmp_path: Path
) -> None:
    python, asked = tmp_path / "python", tmp_path / "asked"
    python.write_text(f'#!/bin/sh\necho "$*" >> {asked}\n')
    python.chmod(0o755)
    for name in ("temp", "one", "other"):
        (tmp_path / name).mkdir()
    for name in ("one", "one", "other", "other"):
        (tmp_path / name / "requirements.lock").write_text(f"{name}==1\n")
        where = {"RUNNER_TEMP": str(tmp_path / "temp"), "ACTION": str(tmp_path / name)}
        assert run_step(action, 0, tmp_path, {**where, "INTERPRETER": str(python)}).returncode == 0
    assert asked.read_text().count("pip install") == 2
    assert (tmp_path / "temp" / "promoter" / "requirements.lock").read_text() == "other==1\n"


def _packages(lock: str) -> dict[str, list[str]]:
    """Return the packages of a lock, each with its hashes."""
    found: dict[str, list[str]] = {}
    for line in lock.splitlines():
        if line.startswith(" "):
            found[list(found)[-1]].append(line.strip(" \\"))
        elif "==" in line:
            found[line.partition("==")[0]] = []
    return found
