"""HTTP as the service speaks it, by botocore's model."""
