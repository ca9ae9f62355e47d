"""Pure decisions of the command drift: no clock, no environment, no I/O."""
