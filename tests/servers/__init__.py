"""Servers that the tests run for real, over the wire."""
