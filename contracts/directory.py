"""The directory of relays as people browse it: looked up, seen with its sources, put right.

What a relay says of itself in public (its number, hours, address) crosses the bus here, in commands
and in answers that are not kept; no event holds any of it. Of a caller nothing is said.
"""

from enum import StrEnum
from typing import Annotated, ClassVar

from contracts.envelope import Command, Contract
from contracts.looking_up import MOST_WORDS, SearchWord
from contracts.privacy import ops, public, staff
from contracts.roster import DAY
from contracts.vocabulary import (
    Departement,
    LanguageCode,
    Moment,
    Need,
    PersonId,
    RelayId,
    Role,
    RuleCode,
)

_UTC = "UTC, domain time"
_DAY_UNIT = "YYYY-MM-DD"
_COUNTRY = r"^[A-Z]{2}$"

#: Who keeps the directory, and who reads it.
KEEPS_RELAYS = frozenset({Role.COORDINATOR, Role.OPERATOR})
READS_RELAYS = KEEPS_RELAYS | {Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR}

#: Relays of one page, and pages there are.
MOST_LISTED, MOST_PAGES = 25, 40
#: Who tells, where it is no list.
OURS, PARTNER = "ours", "partner"
#: Whatever is told of one field.
MOST_TELLINGS = 12
LONGEST_TOLD = 600


class RelayStanding(StrEnum):
    """What a look-up is narrowed to."""

    TO_VERIFY = "to_verify"  #: nobody verified it, or not since long enough
    VERIFIED = "verified"  #: and that holds
    DIFFERING = "differing"  #: what is said of it is not the same everywhere
    CORRECTED = "corrected"  #: somebody of ours, or its partner, put something right
    CLOSED = "closed"  #: defunct, inactive, over, or no longer in its list


class RelayField(StrEnum):
    """What of a relay people may put right; everything else is its source's."""

    NUMBER = "number"
    HOURS = "hours"
    PLACE = "place"
    WEBSITE = "website"
    STATUS = "status"
    LAST_DAY = "last_day"
    CLOSED_UNTIL = "closed_until"
    SUCCESSOR = "successor"


class RelayStatus(StrEnum):
    """Whether a service works, in the words of HSDS."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    DEFUNCT = "defunct"
    TEMPORARILY_CLOSED = "temporarily closed"


# --- looked up ------------------------------------------------------------------------------------


class LookUpRelays(Command):
    """Look through the directory of a country; changes nothing."""

    service: ClassVar = "referral"
    verb: ClassVar = "look_up_relays"
    roles: ClassVar = READS_RELAYS

    words: Annotated[
        tuple[SearchWord, ...],
        ops("Of what it is called, bare; parts of words will do", max_length=MOST_WORDS),
    ] = ()
    need: Annotated[Need | None, ops("Only those that serve it")] = None
    departement: Annotated[Departement | None, ops("Only those that serve it")] = None
    standing: Annotated[RelayStanding | None, ops("Only those that stand so")] = None
    country: Annotated[str, ops("Where", unit="ISO 3166-1", pattern=_COUNTRY)] = "FR"
    page: Annotated[int, ops("Which page", unit="count from 1", ge=1, le=MOST_PAGES)] = 1


class RelayListed(Contract):
    """A relay in a list."""

    relay_id: Annotated[RelayId, public("The relay")]
    called: Annotated[str, public("What the relay is called", max_length=160)]
    need: Annotated[Need, public("What it is for")]
    number: Annotated[str | None, public("Its public number", max_length=40)] = None
    in_writing: Annotated[bool, public("That number is written to, never called")] = False
    always_open: Annotated[bool, public("Day and night")]
    anonymous: Annotated[bool | None, public("Whether one stays unknown there; empty: unknown")]
    proposed: Annotated[bool, ops("People may be led there: it works, and its source has it")]
    holds_until: Annotated[
        Moment | None, ops("Until when its verification holds; empty: none does", unit=_UTC)
    ]
    sources_differ: Annotated[bool, public("What is said of it is not the same everywhere")]
    corrected: Annotated[bool, ops("Something of it was put right here")]


class RelaysListed(Contract):
    """A page of the directory."""

    relays: Annotated[
        tuple[RelayListed, ...],
        ops("Nearest to the words; then to be verified first", max_length=MOST_LISTED),
    ]
    more: Annotated[bool, ops("There is a next page")] = False


# --- one seen -------------------------------------------------------------------------------------


class SeeRelay(Command):
    """One relay: every field, with who says what; changes nothing."""

    service: ClassVar = "referral"
    verb: ClassVar = "see_relay"
    roles: ClassVar = READS_RELAYS

    relay_id: Annotated[RelayId, public("The relay")]


class Telling(Contract):
    """What one source says of a field."""

    source: Annotated[
        str, public("Whose list; `ours`: we do; `partner`: whoever stands for it", max_length=60)
    ]
    said: Annotated[str, public("What it says", max_length=LONGEST_TOLD)]
    told_at: Annotated[Moment | None, ops("When it said so", unit=_UTC)] = None
    told_by: Annotated[PersonId | None, staff("Who of ours; `partner-<name>`: the partner")] = None
    ours: Annotated[bool, ops("A correction that can be taken back")] = False
    holds: Annotated[bool, ops("It is what people are told")] = False


class FieldTold(Contract):
    """A field of a relay, with everybody who says something of it."""

    field: Annotated[RelayField, ops("Which")]
    tellings: Annotated[tuple[Telling, ...], ops("What holds first", max_length=MOST_TELLINGS)]
    differs: Annotated[bool, ops("They do not all say the same")] = False


class SaturationTold(Contract):
    """Whether it picks up, as somebody saw it."""

    saturated: Annotated[bool, public("It did not pick up")]
    observed_at: Annotated[Moment, ops("When that was seen", unit=_UTC)]
    holds_until: Annotated[Moment, ops("After that it is unknown again", unit=_UTC)]
    observed_by: Annotated[PersonId | None, staff("Who saw it; empty: its list")] = None


class VerificationTold(Contract):
    """That a relay was checked, or that this no longer held."""

    act: Annotated[RuleCode, ops("verified, taken-back, corrected, correction-taken-back, told")]
    of: Annotated[RelayField | None, ops("Which field, where it is one's")] = None
    at: Annotated[Moment, ops("When", unit=_UTC)]
    by: Annotated[PersonId | None, staff("Who; empty: its list")] = None


#: Acts that are told, the newest first.
MOST_ACTS = 50


class RelayTold(RelayListed):
    """A relay, whole."""

    belongs_to: Annotated[str, public("Whose list it stands in", max_length=60)]
    told_at: Annotated[Moment, ops("When that list was read last", unit=_UTC)]
    description: Annotated[str | None, public("What it says of itself", max_length=2000)] = None
    status: Annotated[RelayStatus, public("Whether it works")]
    needs: Annotated[tuple[Need, ...], public("What it serves, the main one first", max_length=30)]
    languages: Annotated[tuple[LanguageCode, ...], public("Languages spoken there", max_length=40)]
    departements: Annotated[
        tuple[Departement, ...], public("Where it answers; empty: everywhere", max_length=110)
    ] = ()
    fields: Annotated[tuple[FieldTold, ...], ops("What may be put right", max_length=8)]
    conflicts: Annotated[
        tuple[Annotated[str, public("A difference", max_length=LONGEST_TOLD)], ...],
        public("What sources say differently, as each says it", max_length=40),
    ] = ()
    first_day: Annotated[str | None, ops("Not before", unit=_DAY_UNIT, pattern=DAY)] = None
    last_day: Annotated[str | None, ops("Not after", unit=_DAY_UNIT, pattern=DAY)] = None
    successor: Annotated[RelayId | None, public("Who stands in for it")] = None
    successor_called: Annotated[str | None, public("What that one is called", max_length=160)] = (
        None
    )
    saturation: Annotated[SaturationTold | None, ops("Whether it picks up")] = None
    verified_at: Annotated[Moment | None, ops("When it was verified last", unit=_UTC)] = None
    verified_by: Annotated[PersonId | None, staff("Who did; empty: its list")] = None
    partner: Annotated[str | None, public("Which partner stands for it", max_length=160)] = None
    acts: Annotated[
        tuple[VerificationTold, ...], staff("The newest first", max_length=MOST_ACTS)
    ] = ()


# --- put right ------------------------------------------------------------------------------------


class CorrectRelay(Command):
    """Put right what a list says of a relay: it holds over the list until it is taken back."""

    service: ClassVar = "referral"
    verb: ClassVar = "correct_relay"
    roles: ClassVar = KEEPS_RELAYS

    relay_id: Annotated[RelayId, public("The relay")]
    number: Annotated[str | None, public("Its public number", max_length=40)] = None
    hours: Annotated[
        str | None,
        public(
            "When it answers: `MO,TU,WE 09:00-12:30; SA 10:00-12:00`, closing after midnight too",
            max_length=LONGEST_TOLD,
        ),
    ] = None
    place: Annotated[str | None, public("Where its door is", max_length=200)] = None
    website: Annotated[str | None, public("Its page on the web", max_length=300)] = None
    status: Annotated[RelayStatus | None, public("Whether it works")] = None
    last_day: Annotated[
        str | None, public("The last day of its service", unit=_DAY_UNIT, pattern=DAY)
    ] = None
    closed_until: Annotated[
        str | None, public("The last day on which it is shut", unit=_DAY_UNIT, pattern=DAY)
    ] = None
    successor: Annotated[
        RelayId | None, public("Who stands in for it; it works no longer then")
    ] = None


class TakeBackCorrection(Command):
    """What its list says of a field holds again."""

    service: ClassVar = "referral"
    verb: ClassVar = "take_back_correction"
    roles: ClassVar = KEEPS_RELAYS

    relay_id: Annotated[RelayId, public("The relay")]
    field: Annotated[RelayField, ops("Which of its fields")]
