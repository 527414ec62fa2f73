"""`python -m promoter` and the `promote` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> int:
    """Run the command line and return its exit code."""
    if os.name != "posix":
        os.write(2, b"promote: error: it runs on Linux and macOS\n  On Windows, run it in WSL.\n")
        return 2
    # Hardly anything that is imported is garbage, and looking for it took a tenth of a short run;
    # once that is imported, `wired_to_read` has it looked for more often.
    gc.set_threshold(250_000)
    try:
        from promoter.system.environment import disable_plugins

        disable_plugins()
        # Late: an interrupt while modules are imported is reported like any other.
        from promoter.cli.main import run

        code = run(sys.argv[1:])
        if sys.gettrace() is None and sys.getprofile() is None:
            # All has been written and removed. Python would wait for threads that wait for a
            # registry, and take apart what was imported, which took a tenth of a short run.
            os._exit(code)
    except KeyboardInterrupt:
        os.write(2, b"promote: error: interrupted\n")
        return 130
    return code


if __name__ == "__main__":
    sys.exit(main())
