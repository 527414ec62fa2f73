"""The promises under attack: a run that is killed, raced, failed on or lied to, at every point.

`python -m tests.matrices` runs all of them and prints a table.
"""
