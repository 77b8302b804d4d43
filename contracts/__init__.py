"""What crosses the bus: events, commands, their vocabulary and their privacy classes.

This room imports pydantic and nothing of ours, so that a partner or a new service can depend on it
alone. A field that is not classified here does not exist: `tests/contracts` refuses it.
"""
