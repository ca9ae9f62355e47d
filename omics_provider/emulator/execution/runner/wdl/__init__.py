"""Workflows in WDL, executed by miniwdl."""
