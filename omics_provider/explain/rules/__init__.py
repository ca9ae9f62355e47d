"""Pure judgements of a failed run: no clock, no environment, no I/O."""
