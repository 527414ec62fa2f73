"""What the gates look at, asked of the registry, the history, the render and the forge."""
