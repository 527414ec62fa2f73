"""`promote auto`: policies choose, one clone and one push deliver."""
