"""Emulated runs and their tasks."""
