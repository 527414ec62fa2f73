"""What a run prints reaches whoever reads it, whatever they read with, and commands nobody."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from promoter.domain.errors import UsageError
from promoter.output import actions, terminal
from promoter.output.envelope import json_text
from promoter.output.result import CommandResult, of_promotions
from promoter.output.text import Complaint, Piece, PieceKind, complaints_text
from tests.thorough import thorough_after
from tests.world import promote

if TYPE_CHECKING:
    from pathlib import Path

# Where the runner's ReadLine or a terminal could see a line begin, or a command.
_BREAKS = ("\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n", "\n \t", "\r\n")
FULL = "promote: error: the result cannot be written to stdout: no space left on device\n"
_TEXT = "images:\n  - name: nginx # 1.0 → 1.1\n    newTag: 1.0\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A kustomization whose diff holds a letter that ASCII lacks."""
    (tmp_path / "deployment.yaml").write_text("kind: Deployment\n")
    (tmp_path / "kustomization.yaml").write_text(_TEXT, encoding="utf-8")
    return tmp_path


def shell(folder: Path, line: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which $promote is the command."""
    command = f"{sys.executable} -m promoter set-image nginx:1.1 --dry-run"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder, env={**os.environ, "promote": command, **env}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "code", "said"),
    thorough_after(
        1,
        [
            ("$promote >/dev/full", 5, FULL),
            ("$promote | true", 0, ""),
            ("$promote <&- >&- 2>&-", 0, ""),
            ("$promote --help | true", 0, ""),
            ("$promote >&-", 0, ""),
            ("$promote 2>/dev/full >/dev/null", 0, ""),
            ("$promote --output json | true", 0, ""),
        ],
    ),
)
def test_a_stream_that_takes_nothing_is_no_bug(
    folder: Path, line: str, code: int, said: str
) -> None:
    done = shell(folder, line)
    assert (done.returncode, done.stderr) == (code, said)


@pytest.mark.parametrize(
    "env",
    thorough_after(1, [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONIOENCODING": "ascii"}]),
)
def test_letters_that_stdout_can_not_write_are_escaped(folder: Path, env: dict[str, str]) -> None:
    done = shell(folder, "$promote", PYTHONUTF8="0", **env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "1.0 \\u2192 1.1" in done.stdout


def test_a_file_of_the_runner_that_can_not_be_written_is_told_with_the_result(
    folder: Path,
) -> None:
    # A pipe that nobody reads would never take it.
    os.mkfifo(folder / "pipe")
    for name in ("/nonexistent/x", str(folder / "pipe")):
        env = {"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": name}
        run = promote("--output", "json", cwd=folder, env=env)
        assert (run.code, run.json["exit_code"]) == (2, 2)
    told = of_promotions([]).also(UsageError("no such file", "Look."))
    assert told.exit_code == 2
    assert "no such file" in complaints_text(told.complaints)
    assert set(json.loads(json_text(told.document))) == {"schema", "results", "exit_code"}


def test_what_is_told_commands_no_terminal(folder: Path) -> None:
    line = "<<<<<<< \x1b]0;owned\x07 \r::stop-commands::x\n"
    (folder / "kustomization.yaml").write_text(line + _TEXT, encoding="utf-8", newline="")
    for env in ({}, {"GITHUB_ACTIONS": "true"}):
        run = promote("set-image", "nginx:1.1", cwd=folder, env=env)
        assert run.code == 3
        assert not {"\x1b", "\x07", "\r"} & set(run.stdout + run.stderr)


@pytest.mark.parametrize("end", _BREAKS)
@pytest.mark.parametrize("command", ["::stop-commands::x", "::add-mask::x", "##[error]x"])
def test_text_from_outside_is_no_command_to_the_runner(end: str, command: str) -> None:
    text = f"a{end}{command}"
    mark = actions.marks(CommandResult(document={}, complaints=(Complaint("warning", text),)))
    assert mark.startswith("::warning::a")
    for shown in (actions.defused(text), mark.removeprefix("::warning::")):
        assert "##[" not in shown
        lines = [one.strip() for one in shown.splitlines()]
        assert not any(one.startswith("::") for one in lines), lines


@pytest.mark.parametrize("width", ["40", "80"])
def test_a_pipe_gets_all_of_the_diff_as_it_is(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    diff = f"--- a/k.yaml\n+++ b/k.yaml\n-  newTag: {'a' * 90}z\n+  newTag: {'b' * 90}z\n"
    shown = terminal.shown([Piece(PieceKind.DIFF, diff)])
    assert f"{'a' * 90}z" in shown
    assert f"{'b' * 90}z" in shown
    assert shown.count("+++") == 1
