"""Words and rules that every slice uses: no clock, no environment, no I/O."""
