"""The command drift: how what runs differs from what is declared."""
