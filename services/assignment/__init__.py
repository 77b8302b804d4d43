"""Assignment: decides who is offered which contact, from who waits and who is on duty.

Two lines wait: for a regulator, then for a listener. Assignment judges the live state of people
(ready, offered, talking, wrapping up, resting, paused) and proposes; a constraint of the ledger
has the last word.
"""
