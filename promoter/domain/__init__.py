"""The values that every part shares; pure."""
