"""Runs that are executed on this machine."""
