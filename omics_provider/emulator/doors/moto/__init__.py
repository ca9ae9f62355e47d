"""The emulator as a service of moto."""
