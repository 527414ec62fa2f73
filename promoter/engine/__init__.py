"""Observe, plan, apply, report: the run over the real things."""
