"""The commands of `python -m omics_provider`."""
