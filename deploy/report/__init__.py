"""The report of a day, a month or a year for boards and funders: honest figures, never a person.

Every figure counts at least ten contacts, and none that is withheld can be computed from the rest.
"""
