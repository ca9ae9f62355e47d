"""What all emulated resources live in: the store, the clock, settings, faults."""
