"""The ways into the emulator: one client in process, the server, moto."""
