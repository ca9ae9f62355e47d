"""What the command move decides, without input or output."""
