"""Emulated shares of workflows between accounts, and the access that they give."""
