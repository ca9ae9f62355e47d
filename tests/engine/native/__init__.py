"""The native provider under a real engine."""
