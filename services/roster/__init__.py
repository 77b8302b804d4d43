"""Roster: what each volunteer may be offered and until when, who comes when, and their care.

From what a coordinator imports and plans, a trainer records and a volunteer says of themself, for
assignment and the console. It says who may and who comes; what a person is doing at this moment is
assignment's to judge, and no lapse and no end of a shift ends a contact somebody is in.
"""
