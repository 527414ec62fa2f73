"""`promoter.yaml`, and where an app and its environments are."""

from __future__ import annotations

from pathlib import PurePosixPath

FILE = PurePosixPath("promoter.yaml")
"""Where the configuration is in the GitOps repository."""
