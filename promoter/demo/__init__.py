"""The Aurora GitOps repository as files, and the story that promotes through it."""
