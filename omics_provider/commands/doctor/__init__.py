"""The command doctor: what a machine and an account lack."""
