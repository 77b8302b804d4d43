"""Triage: where a contact goes next and how urgent it is.

From what the regulator who is in the contact has understood, for the listener who will be offered
it. Rules propose and explain; the regulator, or a supervisor, decides, and the decision is
published as `ContactTriaged`. Nothing here sends anybody away and nothing here rates a person: a
proposal is an order of help, with the lines of the protocol it rests on.

This is the model service: who knows its seven files knows every service. Read `app.py` first (what
it consumes, answers, publishes), then `domain.py` (what it decides), then `handlers.py`.
"""
