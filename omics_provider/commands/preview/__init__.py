"""The command preview: what a pull request will run, why, and what it costs."""
