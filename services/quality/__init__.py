"""Quality: how well the line did, counted without knowing who called or who answered.

From every event of intake, triage and assignment, for the board, the funders and the console. It
judges nothing and it holds no identifier of a person on duty: not in a table, a label, an event or
an export. Counting must not depend on the order of events, so facts are kept per contact and the
figures of an hour are derived from them; `recount.py` counts the same from the events alone, on
purpose in another way, and the two must agree.
"""
