"""Pure decisions of the command preview: no clock, no environment, no I/O."""
