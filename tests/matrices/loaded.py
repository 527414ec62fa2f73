"""All modules of the command, so that processes that are forked from one with them start at once."""

from __future__ import annotations

import pkgutil
from importlib import import_module

import promoter

for _module in pkgutil.walk_packages(promoter.__path__, "promoter."):
    if not _module.name.endswith("__main__"):
        import_module(_module.name)
# What starts them is imported by each again.
import_module("tests.matrices.__main__")
