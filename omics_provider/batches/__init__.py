"""Run batches: up to 100,000 runs with one call."""
