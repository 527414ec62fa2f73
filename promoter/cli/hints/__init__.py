"""What to write in place of what cannot stand on the command line; imported when something cannot."""
