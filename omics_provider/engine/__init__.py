"""Pulumi as a provider sees it, without importing pulumi."""
