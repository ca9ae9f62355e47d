"""Sample sheets, an island: from the text of a file to checked rows."""
