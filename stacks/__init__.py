"""The programs that stacks run: one module each, with a main(). Wiring only."""
