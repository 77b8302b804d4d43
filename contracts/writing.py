"""What a line says about written contacts, about coming back, and about how long it keeps things.

A part of its terms. Every value has a default from the design, so that a manifest may be silent.
"""

from typing import Annotated

from pydantic import Field

from contracts.envelope import Contract
from contracts.privacy import ops, staff
from contracts.vocabulary import PersonId

Hours = Annotated[int, Field(ge=1, le=48)]


class WritingTerms(Contract):
    """Clocks of messages, and the chat's patience. Source of the defaults: DESIGN 1, 8, 11."""

    first_reading_minutes: Annotated[
        int,
        ops(
            "A human has read a new message by then, or a supervisor hears",
            unit="min",
            ge=1,
            le=720,
        ),
    ] = 240
    warned_after_hours: Annotated[
        tuple[Hours, ...],
        ops("Ages of an unanswered message at which its line is warned", unit="h", max_length=4),
    ] = (24, 40)
    answered_within_hours: Annotated[
        int, ops("A message is answered by then, or late", unit="h", ge=1, le=48)
    ] = 48
    chat_resume_minutes: Annotated[
        int, ops("How long a chat that was cut off may be taken up again", unit="min", ge=0, le=10)
    ] = 10
    indicator_owner: Annotated[
        PersonId | None,
        staff("Who answers, clinically, for the indicator of written texts; empty: it is off"),
    ] = None


class ReturnTerms(Contract):
    """Coming back: after a cut-off, and with a pass. Source of the defaults: DESIGN 2, 7, 11."""

    window_minutes: Annotated[
        int,
        ops("How long after a cut-off the same listener is sought", unit="min", ge=0, le=1440),
    ] = 15
    return_pass: Annotated[bool, ops("Whether P3 to P5 may be given a return pass")] = True
    pass_valid_hours: Annotated[
        int, ops("How long a return pass is valid, of the same evening", unit="h", ge=1, le=12)
    ] = 6


class KeepingTerms(Contract):
    """How long what is kept is kept, counted from the end of the contact."""

    chat_hours: Annotated[
        int, ops("Lines of a chat, notes and capsules", unit="h", ge=1, le=24 * 31)
    ] = 24
    written_hours: Annotated[int, ops("Messages and their answers", unit="h", ge=1, le=24 * 92)] = (
        24 * 30
    )
    contact_days: Annotated[
        int, ops("The row that says when and how a contact went", unit="d", ge=2, le=1100)
    ] = 400
