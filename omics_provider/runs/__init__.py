"""Runs of HealthOmics: what a declared run is, and how it is started, looked up and ended."""
