"""Emulated run groups, configurations and tags."""
