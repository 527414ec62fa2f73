"""`python -m promoter` and the `promote` command."""

from __future__ import annotations

import os
import sys


def main() -> int:
    """Run the command line and return its exit code."""
    try:
        # Late: an interrupt while modules are imported is told like any other.
        from promoter.cli.main import run

        code = run(sys.argv[1:])
        if (threads := sys.modules.get("threading")) and threads.active_count() > 1:
            # Python would wait for threads that wait for a registry, though all has been said.
            os._exit(code)
    except KeyboardInterrupt:
        os.write(2, b"promote: error: interrupted\n")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
