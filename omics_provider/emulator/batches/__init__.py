"""Emulated run batches."""
