"""An image's signature, as cosign verifies it: the program of the field, told all it may go by."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

from promoter.domain.redaction import redacted
from promoter.environment import child_environment
from promoter.gates import Signature

if TYPE_CHECKING:
    from promoter.config.sections import Checks

_COSIGN_TIME = 60.0
_INSTALL = "Install cosign: https://docs.sigstore.dev"


def verified(checks: Checks, image: str) -> Signature:
    """Return cosign's verdict on an image, which is named by its digest."""
    program = shutil.which("cosign")
    if program is None:
        return Signature(False, "not verified, as cosign is not on PATH", _INSTALL)
    try:
        done = subprocess.run(  # noqa: S603 - a program found on PATH, arguments that are parsed
            [program, "verify", *_signer(checks), image],
            capture_output=True,
            check=False,
            timeout=_COSIGN_TIME,
            env=child_environment("cosign"),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Signature(False, f"cosign: {type(error).__name__}")
    if done.returncode == 0:
        return Signature(True, "verified by cosign")
    said = redacted(done.stderr.decode("utf-8", "replace")).strip().splitlines()
    reason = next((line for line in said if line.lower().startswith("error")), "not verified")
    return Signature(False, f"cosign: {reason[:200]}")


def _signer(checks: Checks) -> list[str]:
    """Return cosign's arguments that say whose signature is wanted, and whether it is in a log."""
    log = ["--insecure-ignore-tlog=true"] if checks.cosign_log == "off" else []
    if checks.cosign_key:
        return ["--key", checks.cosign_key, *log]
    who = ["--certificate-identity-regexp", checks.cosign_identity or ""]
    return [*who, "--certificate-oidc-issuer", checks.cosign_issuer or "", *log]
