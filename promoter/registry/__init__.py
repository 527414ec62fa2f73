"""OCI registries: which tags there are, what they stand for, and whether an image may be promoted."""
