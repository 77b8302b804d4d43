"""What went wrong with a form of callers' pages, whichever page it is on; what was typed stays."""

from __future__ import annotations

from enum import StrEnum

from contracts.vocabulary import Refusal


class Fault(StrEnum):
    """What is said above a form that was not taken; what was typed is in it."""

    EMPTY = "empty"  #: nothing was written, or signs nobody can see
    TOO_LONG = "too_long"
    STALE = "stale"  #: the form was sent before with other words, or is not one of ours
    CLOSED = "closed"
    AWAY = "away"  #: a failure of ours; the same form may be sent again
    SLIP = "slip"  #: a digit is wrong or missing, as the code itself says
    UNKNOWN_CODE = "unknown_code"
    OVER = "over"  #: nothing can be added to it any more


#: HTTP status of a page whose form was not taken; it is a page all the same.
_STATUS = {
    Fault.EMPTY: 400,
    Fault.TOO_LONG: 413,
    Fault.STALE: 409,
    Fault.CLOSED: 409,
    Fault.AWAY: 503,
    Fault.SLIP: 400,
    Fault.UNKNOWN_CODE: 404,
    Fault.OVER: 409,
}
_OF_REFUSALS = {
    Refusal.CLOSED: Fault.CLOSED,
    Refusal.CHANNEL_NOT_SERVED: Fault.CLOSED,
    Refusal.PLATFORM_FAULT: Fault.AWAY,
    Refusal.REPEATED_WITH_ANOTHER_BODY: Fault.STALE,
    Refusal.UNKNOWN_CONTACT: Fault.UNKNOWN_CODE,
    Refusal.CONTACT_OVER: Fault.OVER,
    Refusal.WRONG_STATE: Fault.OVER,
}


def fault_of(refusal: Refusal | None) -> Fault:
    """What a refusal means to whoever sent a form; without a reason it is a failure of ours."""
    return Fault.AWAY if refusal is None else _OF_REFUSALS.get(refusal, Fault.AWAY)


def status_of(fault: Fault | None) -> int:
    """HTTP status of the page that says it; None: nothing went wrong."""
    return 200 if fault is None else _STATUS[fault]
