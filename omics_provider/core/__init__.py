"""Pure decisions about a run: no clock, no environment, no I/O, standard library only."""
