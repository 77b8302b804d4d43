"""The services of the line: each decides one thing, all have the same files."""
