"""Waiting for runs to end: one poller for all waits of a program."""
