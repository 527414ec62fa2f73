"""The GitOps repository: its transport, the view of one commit, the making of commits."""
