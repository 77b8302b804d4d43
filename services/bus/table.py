"""The table of a service: what it consumes, answers, publishes and waits for.

`services/<x>/app.py` holds one `Service` and nothing else; the bus runs it, the provisioning tool
derives streams, durables, keys and permissions from it, and the topology test checks it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import MetaData
from sqlmodel import Session

from contracts.envelope import Command, Event, Reply, Stream
from contracts.partner import PartnerCommand

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from services.bus.door import Door, Lookout
    from services.bus.work import Work

E = TypeVar("E", bound=Event)
C = TypeVar("C", bound=Command)


@dataclass(frozen=True)
class On(Generic[E]):
    """I consume this event.

    By default an event older than one already seen of the same aggregate is recorded and skipped:
    newer events carry all that is needed. `even_late` hands it over all the same (for counting).
    """

    event: type[E]
    handler: Callable[[E, Work], None]
    even_late: bool = False


@dataclass(frozen=True)
class Answer(Generic[C]):
    """I answer this command; roles come from the command's contract.

    `kept`: the reply is stored, so that a repeat gets it again. A command that may be repeated
    without harm and never announces anything (a heartbeat) need not be kept.
    """

    command: type[C]
    handler: Callable[[C, Work], Reply]
    kept: bool = True


@dataclass(frozen=True)
class Due:
    """I set deadlines of this kind; `handler(key, work)` is called when one is due."""

    kind: str
    handler: Callable[[str, Work], None]


@dataclass(frozen=True)
class Service:
    """One service, whole.

    `exclusive`: one holder at a time (a lease), and one thread for all its work, so that its
    decisions are taken one after the other. `settle` is called in a transaction of its own after
    any commit of an exclusive service, coalesced: it looks at everything and decides.
    """

    name: str
    tables: MetaData
    consumes: tuple[On[Any], ...] = ()
    answers: tuple[Answer[Any], ...] = ()
    publishes: tuple[type[Event], ...] = ()
    deadlines: tuple[Due, ...] = ()
    sends: tuple[type[Command], ...] = ()  #: commands this edge may send to others
    #: Commands of partners this edge may send, of those that have a desk and each as its own.
    sends_for_partners: tuple[type[PartnerCommand], ...] = ()
    door: Callable[[Door], ASGIApp] | None = None  #: HTTP door, if the service has one
    #: Carry out what it has ordered outside, for as long as it runs; they work with NATS down.
    errands: tuple[Callable[[Lookout], Coroutine[Any, Any, None]], ...] = ()
    #: A stream of whose durables it may ask how far they have come.
    looks_after: Stream | None = None
    #: Sets the gauges of what stands now from its ledger, before each scrape.
    standing: Callable[[Session], None] | None = None
    exclusive: bool = False
    settle: Callable[[Work], None] | None = None
    workers: int = 2  #: handlers at work at once, for each durable
    statement_timeout: timedelta = timedelta(seconds=2)
    longest_retry: timedelta = timedelta(seconds=5)  #: pause of a failing handler, 30 s at most

    def streams(self) -> tuple[Stream, ...]:
        """Streams it reads, in a stable order; each is one durable."""
        return tuple(sorted({entry.event.stream for entry in self.consumes}))

    def durable(self, stream: Stream) -> str:
        """Name of its durable on a stream: `triage-contact`."""
        return f"{self.name}-{stream.value.lower()}"

    def filters(self, stream: Stream) -> tuple[str, ...]:
        """Subjects its durable on a stream is for."""
        return tuple(
            sorted(on.event.subject_filter() for on in self.consumes if on.event.stream is stream)
        )

    def ack_wait(self) -> timedelta:
        """How long the server waits for an answer: above twice the statement timeout."""
        return self.statement_timeout * 2 + timedelta(seconds=0.5)


@dataclass(frozen=True)
class Partner:
    """A partner organisation: an account of its own, where it reads what is for it, and answers.

    `keys` are public nkeys of who may sign in for it: two while it changes from one to the other;
    without one it has no account. `desk`: the console asks for its people.
    """

    name: str
    keys: tuple[str, ...]
    desk: bool = False

    @property
    def durable(self) -> str:
        """Name of its durable on the stream PARTNER; its place stays there while it is away."""
        return f"partner-{self.name}"

    @property
    def account(self) -> str:
        """Name of its account on the server."""
        return f"PARTNER-{self.name.upper()}"


#: Everybody who has a place on the bus.
Table = Service | Partner
