"""What a Pulumi program writes."""
