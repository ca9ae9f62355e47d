"""The program of `production`. What is cheaper and quicker to take away is in Pulumi.dev.yaml."""

from stacks.production import main

__all__ = ["main"]
