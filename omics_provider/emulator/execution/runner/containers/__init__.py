"""What tasks run in: images, the tools that start containers, and what a container used."""
