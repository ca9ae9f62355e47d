"""Pure judgements of what preflight looked up: no clock, no environment, no I/O."""
