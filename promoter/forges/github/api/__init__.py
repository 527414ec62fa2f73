"""How GitHub's API is asked: REST and GraphQL, repeated where that may help, failures in words."""
