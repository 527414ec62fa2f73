"""Hints for a command line that is wrong; imported only where one is."""
