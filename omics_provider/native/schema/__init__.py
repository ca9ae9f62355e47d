"""The schema of the native provider: its properties, and what is said of them."""
