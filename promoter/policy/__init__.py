"""Which of two tags is newer, and which of many is newest: pure over what is given."""
