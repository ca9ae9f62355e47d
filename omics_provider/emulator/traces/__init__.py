"""What runs and batches leave behind in other services."""
