"""The commands, one file a verb: each has `run`, from settings and arguments to a result."""
