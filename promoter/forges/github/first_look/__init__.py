"""What a run asks GitHub first, in one query that is sent before all of it is known to be wanted."""
