"""promoter moves a container image tag from CI into a GitOps repository by one reviewed pull request."""

__version__ = "0.1.0"
