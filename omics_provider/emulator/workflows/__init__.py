"""Emulated workflows."""
