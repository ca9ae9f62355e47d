"""Pure decisions on run groups and run caches: no clock, no environment, no I/O."""
