"""What a request means: pure, from what was asked and what was seen to the plan."""
