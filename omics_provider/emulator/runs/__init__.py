"""Emulated runs and run caches."""
