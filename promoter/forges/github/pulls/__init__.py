"""Pull requests on GitHub: opened, changed, listed, and given reviewers, labels and auto-merge."""
