"""Roster: what each volunteer may be offered, and until when.

From what a coordinator imports (roles, languages, topics, limits, accreditations with their
validity), for assignment and the console. It says who may; what a person is doing at this moment
is assignment's to judge, and no lapse ends a contact somebody is in.
"""
