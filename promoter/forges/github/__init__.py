"""GitHub and GitHub Enterprise Server, through PyGithub; writes are never retried blindly."""

from promoter.forges.github.forge import GitHubForge

__all__ = ["GitHubForge"]
