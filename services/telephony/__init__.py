"""Telephony: the phone's side of a line. So far what a keypad can say, which needs no edge yet.

A volunteer with a telephone alone has every verb on its keys: `keypad.py` is the grammar, pure, and
`words.py` what is spoken. The edge that rings, hears the keys and sends the commands comes with its
table; the grammar is here first because it is the same whatever rings.
"""
