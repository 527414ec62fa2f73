"""A repository as GitHub's API shows and writes it: objects, branches, commits, history."""
