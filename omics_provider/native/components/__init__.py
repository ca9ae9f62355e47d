"""The components of the native provider: they register resources of their own at the engine."""
