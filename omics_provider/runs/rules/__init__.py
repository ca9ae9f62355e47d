"""Pure decisions on a run: no clock, no environment, no I/O."""
