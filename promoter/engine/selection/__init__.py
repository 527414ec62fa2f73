"""What a run is about: which apps in which environments, and the tags that policies choose for them."""
