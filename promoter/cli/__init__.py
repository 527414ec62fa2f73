"""The command line: from argv to a result and its exit code."""
