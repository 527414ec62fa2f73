"""GitHub and GitHub Enterprise Server, through PyGithub; writes are never retried blindly."""
