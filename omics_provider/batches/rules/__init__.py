"""Pure decisions on a batch: no clock, no environment, no I/O."""
