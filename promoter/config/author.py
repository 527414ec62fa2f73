"""Who makes the commits where no configuration says so."""

from __future__ import annotations

AUTHOR = "promoter <promoter@users.noreply.github.com>"
"""`Name <address>`."""
