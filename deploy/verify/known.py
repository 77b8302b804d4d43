"""Values of the replay: contacts and offers as the assigner knew them, and what came of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from contracts.assignment import OfferMade, OfferTaken, WayOutOffered
from contracts.programme import ProgrammePublished
from contracts.roster import EligibilityEstablished
from contracts.vocabulary import Channel, Priority, Stage
from deploy.verify.history import Fact
from deploy.verify.person import Person
from deploy.verify.verdict import Violation
from services.assignment.domain import BAND_OF_PRIORITY, WaitingContact


class Place(StrEnum):
    """Where a contact is."""

    WAITING = "waiting"
    OFFERED = "offered"
    TAKEN = "taken"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact. `stage` is the line it waits in, or what its human is. Moments: domain time."""

    contact_id: str
    programme: str
    channel: Channel
    stage: Stage
    place: Place
    opened_at: datetime
    joined_at: datetime  #: this line
    priority: Priority | None = None
    need: str = "unknown"
    languages: frozenset[str] = frozenset()
    untriaged: bool = False
    heard: bool = False  #: a human has set its priority
    was_at_risk: bool = False  #: a human once found it P1 or P2
    front: bool = False  #: offered before, and given back
    declined_by: frozenset[str] = frozenset()
    departement: str = ""
    sought: str | None = None
    slowed: bool = False
    offers: int = 0  #: in this line
    offer_id: str | None = None
    person_id: str | None = None

    @property
    def came(self) -> tuple[bool, datetime, datetime, str]:
        """Its turn among contacts alike: given back first, then who called first (I14, I16)."""
        return (not self.front, self.opened_at, self.joined_at, self.contact_id)

    def waiting(self) -> WaitingContact:
        """The contact as its request class is told apart."""
        return WaitingContact(
            contact_id=self.contact_id,
            programme=self.programme,
            stage=self.stage,
            channel=self.channel,
            priority=self.priority,
            risk_band=BAND_OF_PRIORITY[self.priority] if self.priority else 0,
            need=self.need,
            languages=self.languages,
            region=self.departement,
            waiting_since=self.opened_at,
            joined_at=self.joined_at,
            front=self.front,
            untriaged=self.untriaged,
            heard=self.heard,
            was_at_risk=self.was_at_risk,
            declined_by=self.declined_by,
            sought=self.sought,
            slowed=self.slowed,
        )


@dataclass(frozen=True, slots=True)
class Earlier:
    """A contact of the same request class that came first and still waited."""

    contact_id: str
    front: bool  #: it had been given back and was to go first


@dataclass(frozen=True, slots=True)
class Offering:
    """An offer, with what was known when it was made."""

    fact: Fact
    made: OfferMade
    contact: Contact | None
    person: Person
    eligibility: EligibilityEstablished | None
    eligibility_version: int | None
    terms: ProgrammePublished | None
    earlier: tuple[Earlier, ...]
    live: tuple[Channel, ...]  #: of the contacts the person was in
    asked: bool  #: the person was asked to take another one


@dataclass(frozen=True, slots=True)
class Leaving:
    """A way out that was offered, with what was known then."""

    fact: Fact
    offered: WayOutOffered
    contact: Contact | None
    terms: ProgrammePublished | None


@dataclass(slots=True)
class Hold:
    """A person in a contact, as txids: from the take to the work that ended it, if any has."""

    fact: Fact
    taken: OfferTaken
    begun: int
    at_once: int = 1  #: contacts the line lets one person hold in writing
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Return:
    """A contact given back to its line by an offer nobody took: as it waits from then on."""

    fact: Fact
    contact: Contact


@dataclass
class Replay:
    """All that comes out of the replay."""

    offerings: list[Offering] = field(default_factory=list)
    ways_out: list[Leaving] = field(default_factory=list)
    holds: list[Hold] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)
    strays: list[Violation] = field(default_factory=list)
    made: dict[str, OfferMade] = field(default_factory=dict)
    unanswered: dict[str, OfferMade] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
