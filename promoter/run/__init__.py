"""One run: it observes, has the plan made, applies it; the only part that touches the outside."""
