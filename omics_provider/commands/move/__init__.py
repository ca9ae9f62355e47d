"""The command move: a stack's resources from Python's classes to the native provider."""
