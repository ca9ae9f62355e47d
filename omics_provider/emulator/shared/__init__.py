"""Emulated run groups, run caches, configurations and tags."""
