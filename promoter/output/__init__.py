"""What is printed: text, JSON, GitHub Actions, terminals."""
