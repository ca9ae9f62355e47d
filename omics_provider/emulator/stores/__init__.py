"""Emulated reference stores and sequence stores: what is imported, and what it leads to."""
