"""What cosign is asked: whose signature is wanted, as the repository alone says."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from promoter.config.sections import Checks
from promoter.engine.facts.checks import verified
from tests.thorough import thorough_after

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("checks", "arguments"),
    [
        ({"cosign-key": "k"}, ["--key", "k"]),
        ({"cosign-key": "k", "cosign-log": False}, ["--key", "k", "--insecure-ignore-tlog=true"]),
        (
            {"cosign-identity": "^a$", "cosign-issuer": "https://i"},
            ["--certificate-identity-regexp", "^a$", "--certificate-oidc-issuer", "https://i"],
        ),
    ],
)
def test_cosign_is_told_whose_signature_is_wanted(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    checks: dict[str, object],
    arguments: list[str],
) -> None:
    program = tmp_path / "cosign"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert verified(Checks.model_validate(checks), "r/app@sha256:0", 60).verified
    assert (tmp_path / "asked").read_text().split() == ["verify", *arguments, "r/app@sha256:0"]


@pytest.mark.parametrize(
    ("checks", "told"),
    [
        ({"signature": "warn"}, "needs cosign-key"),
        ({"signature": "warn", "cosign-identity": "x"}, "needs cosign-issuer"),
        ({"cosign-identity": "x", "cosign-issuer": "y", "cosign-log": "off"}, "needs cosign-key"),
    ],
)
def test_a_signature_that_nobody_could_judge_is_refused(
    checks: dict[str, object], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        Checks.model_validate(checks)


@pytest.mark.parametrize(
    ("program", "seconds", "said"),
    thorough_after(
        2,
        [
            ("#!/bin/sh\nexec sleep 60\n", 0.2, "cosign did not answer within 0.2 s"),
            ("no program", 60, "cosign cannot be run: Exec format error"),
            (f"#!/bin/sh\nexec yes {'x' * 4_000}\n", 60, "cosign printed more than is read"),
        ],
    ),
)
def test_a_cosign_that_gives_no_answer_verifies_nothing(
    program: str, seconds: float, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cosign"
    file.write_text(program)
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    checks = Checks.model_validate({"signature": "refuse", "cosign-key": "k"})
    found = verified(checks, "r/app@sha256:0", seconds)
    assert (found.verified, found.detail) == (False, said)
    assert found.hint
