"""What a promotion costs beside other ways to the same commit: `python -m tests.benchmarks`."""
