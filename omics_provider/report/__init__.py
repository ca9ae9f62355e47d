"""Pages made from runs: `python -m omics_provider report`."""
