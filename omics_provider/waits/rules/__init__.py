"""Pure decisions on a wait: no clock, no environment, no I/O."""
