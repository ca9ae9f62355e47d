"""Pure decisions on a workflow: no clock, no environment, no I/O."""
