"""Property tests: the same examples on every machine, no clock, no files left behind."""

from hypothesis import settings

settings.register_profile("unit", derandomize=True, deadline=None, max_examples=50, database=None)
settings.load_profile("unit")
