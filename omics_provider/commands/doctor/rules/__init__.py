"""Pure judgements of the command doctor: no clock, no environment, no I/O."""
