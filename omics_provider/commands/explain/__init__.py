"""The command explain: why runs failed."""
