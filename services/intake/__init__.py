"""Intake opens contacts and alone judges their life, from opened to ended, for everyone else.

It decides from what callers do at its door, from what assignment and triage announce, and from the
human who ends a talk. It also owns the lines themselves: a programme is data, applied as a version,
and a contact keeps the version it began with.
"""
