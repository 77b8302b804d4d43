"""The reserved programme, on which a program calls and a program answers.

Its id is a word of the contracts, because every service has to know it: no human is ever accredited
for it, it is in no figure, and its contacts stand behind every caller. Two names and no setting: a
line that could be reserved by a manifest could also be un-reserved by one.
"""

from contracts.vocabulary import PersonId, ProgrammeId

#: The one line without callers and without people.
RESERVED = ProgrammeId("synthetic")
#: Who answers there, and nowhere else. No person.
ROBOT = PersonId("synthetic-robot")


def is_reserved(programme: str) -> bool:
    """Whether this is the reserved programme."""
    return programme == RESERVED


def may_meet(person_id: str, programme: str) -> bool:
    """Whether this person may be on duty for this line: the robot on its own, people on theirs."""
    return (person_id == ROBOT) == is_reserved(programme)
