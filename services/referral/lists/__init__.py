"""The directory as files: HSDS, data·inclusion and lists of rows, read and written."""
