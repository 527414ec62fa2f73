"""`promoter.yaml`, and where an app and its environments are."""
