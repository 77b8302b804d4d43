"""Who says what to whom: every event has one publisher and a reader, every command an answer.

`faults` is a pure function over tables, tried on the real ones and on copies with one fault each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import pytest

from contracts.assignment import LiveStateEntered, OfferMade, TakeOffer
from contracts.catalogue import COMMANDS, EVENTS
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Command, Event, Stream
from contracts.partner import PARTNER_COMMANDS, PartnerCommand, PartnerEvent
from contracts.quality import HourCounted
from contracts.triage import ContactTriaged, DecideTriage
from services.bus.table import Service
from services.registry import SERVICES

Tables = tuple[Service, ...]


def faults(
    services: Tables,
    events: tuple[type[Event], ...] = EVENTS,
    commands: tuple[type[Command], ...] = COMMANDS,
) -> tuple[str, ...]:
    """Everything that is wrong between the tables and the catalogue, one line each."""
    return (
        *_names(services),
        *(line for event in events for line in _event_faults(event, services)),
        *(line for command in commands for line in _command_faults(command, services)),
        *(line for service in services for line in _table_faults(service, events, commands)),
        *_stream_faults(events),
    )


def _names(services: Tables) -> Iterator[str]:
    names = [service.name for service in services]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{name}: two services have this name"


def _event_faults(event: type[Event], services: Tables) -> Iterator[str]:
    publishers = [service.name for service in services if event in service.publishes]
    if publishers != [event.publisher]:
        said = ", ".join(publishers) or "nobody"
        yield f"{event.type_name()}: published by {said}, its class says {event.publisher}"
    if issubclass(event, PartnerEvent):
        return  # partners read it, each its own: tests/bus/test_partners.py
    if not [name for name in readers(event, services) if name != event.publisher]:
        yield f"{event.type_name()}: nobody but its publisher consumes it"


def readers(event: type[Event], services: Tables) -> list[str]:
    """Names of the services that consume an event."""
    return [
        service.name for service in services if any(on.event is event for on in service.consumes)
    ]


def _command_faults(command: type[Command], services: Tables) -> Iterator[str]:
    answering = [
        service.name
        for service in services
        if any(answer.command is command for answer in service.answers)
    ]
    if answering != [command.service]:
        said = ", ".join(answering) or "nobody"
        yield f"{command.type_name()}: answered by {said}, its class says {command.service}"
    partners = issubclass(command, PartnerCommand)  # as their own, and as no person of ours
    if any(command in service.sends for service in services) is partners:
        who = "an edge sends what only partners may" if partners else "no edge sends it"
        yield f"{command.type_name()}: {who}"
    at_a_desk = any(command in service.sends_for_partners for service in services)
    if at_a_desk and not partners:
        yield f"{command.type_name()}: a desk sends for a partner what is no partner's"
    if partners and not at_a_desk and command not in PARTNER_COMMANDS:
        yield f"{command.type_name()}: no partner can send it"
    if bool(command.roles) is partners:
        yield f"{command.type_name()}: no role may send it"


def _table_faults(
    service: Service, events: tuple[type[Event], ...], commands: tuple[type[Command], ...]
) -> Iterator[str]:
    consumed = [on.event for on in service.consumes]
    asked = [answer.command for answer in service.answers]
    for contract in (*consumed, *service.publishes):
        if contract not in events:
            yield f"{service.name}: {contract.type_name()} is not in the catalogue"
    for command in (*asked, *service.sends):
        if command not in commands:
            yield f"{service.name}: {command.type_name()} is not in the catalogue"
    for listed in (consumed, service.publishes, asked, service.sends):
        for name, times in Counter(each.type_name() for each in listed).items():
            if times > 1:
                yield f"{service.name}: {name} is listed twice"
    if service.sends and service.door is None:
        yield f"{service.name}: sends commands and is no edge (it has no door)"


def _stream_faults(events: tuple[type[Event], ...]) -> Iterator[str]:
    for one, other in combinations(events, 2):
        if overlap(one.subject_filter(), other.subject_filter()):
            yield f"{one.subject_filter()} of {one.__name__} is also {other.__name__}'s"


def overlap(one: str, other: str) -> bool:
    """Whether some NATS subject is in both filters."""
    mine, theirs = one.split("."), other.split(".")
    for left, right in zip(mine, theirs, strict=False):
        if ">" in (left, right):
            return True
        if left != right and "*" not in (left, right):
            return False
    return len(mine) == len(theirs)


def test_every_event_has_one_publisher_and_a_reader_and_every_command_an_answer() -> None:
    assert faults(SERVICES) == ()


def test_every_event_lives_in_exactly_one_stream_that_exists() -> None:
    assert all(isinstance(event.stream, Stream) for event in EVENTS)
    assert {event.stream for event in EVENTS} == set(Stream)


def test_every_event_ends_its_subject_with_a_field_it_has() -> None:
    for event in EVENTS:
        assert event.subject_field in event.model_fields, event.type_name()
        assert "programme" in event.model_fields, event.type_name()


def named(tables: Tables, name: str) -> Service:
    return next(service for service in tables if service.name == name)


def swapped(tables: Tables, service: Service) -> Tables:
    """The same tables with one service replaced by its namesake."""
    return tuple(service if each.name == service.name else each for each in tables)


def deaf_to(*events: type[Event]) -> Callable[[Tables], Tables]:
    """Nobody consumes these any more."""
    return lambda tables: tuple(
        replace(each, consumes=tuple(on for on in each.consumes if on.event not in events))
        for each in tables
    )


def silent(name: str, event: type[Event]) -> Callable[[Tables], Tables]:
    def change(tables: Tables) -> Tables:
        service = named(tables, name)
        kept = tuple(each for each in service.publishes if each is not event)
        return swapped(tables, replace(service, publishes=kept))

    return change


def also_publishes(name: str, *events: type[Event]) -> Callable[[Tables], Tables]:
    def change(tables: Tables) -> Tables:
        service = named(tables, name)
        return swapped(tables, replace(service, publishes=(*service.publishes, *events)))

    return change


def mute(name: str, command: type[Command]) -> Callable[[Tables], Tables]:
    def change(tables: Tables) -> Tables:
        service = named(tables, name)
        kept = tuple(each for each in service.sends if each is not command)
        return swapped(tables, replace(service, sends=kept))

    return change


def unanswering(name: str, command: type[Command]) -> Callable[[Tables], Tables]:
    def change(tables: Tables) -> Tables:
        service = named(tables, name)
        kept = tuple(each for each in service.answers if each.command is not command)
        return swapped(tables, replace(service, answers=kept))

    return change


def only_reads_itself(tables: Tables) -> Tables:
    """Quality's figures are read by quality alone."""
    reading = next(on for each in tables for on in each.consumes if on.event is HourCounted)
    quality = named(tables, "quality")
    alone = replace(quality, consumes=(*quality.consumes, reading))
    return swapped(deaf_to(HourCounted)(tables), alone)


def sends_without_door(tables: Tables) -> Tables:
    return swapped(tables, replace(named(tables, "triage"), sends=(TakeOffer,)))


def reads_twice(tables: Tables) -> Tables:
    triage = named(tables, "triage")
    again = next(on for on in triage.consumes if on.event is ContactOpened)
    return swapped(tables, replace(triage, consumes=(*triage.consumes, again)))


class NeverCatalogued(Event):
    """A fact nobody wrote into the catalogue."""

    noun, fact, publisher = "contact", "forgotten", "triage"
    stream, subject_field = Stream.CONTACT, "contact_id"


PLANTED: dict[str, tuple[Callable[[Tables], Tables], tuple[str, ...]]] = {
    "an event without a reader": (
        deaf_to(ContactTriaged),
        ("contact.triaged.v1: nobody but its publisher consumes it",),
    ),
    "an event read by its own publisher only": (
        only_reads_itself,
        ("hour.counted.v1: nobody but its publisher consumes it",),
    ),
    "an event without a publisher": (
        silent("assignment", LiveStateEntered),
        ("live_state.entered.v1: published by nobody, its class says assignment",),
    ),
    "an event with two publishers": (
        also_publishes("triage", ContactEnded),
        ("contact.ended.v1: published by intake, triage, its class says intake",),
    ),
    "an event that is not catalogued": (
        also_publishes("triage", NeverCatalogued),
        ("triage: contact.forgotten.v1 is not in the catalogue",),
    ),
    "an event read twice by one service": (
        reads_twice,
        ("triage: contact.opened.v1 is listed twice",),
    ),
    "a command nobody answers": (
        unanswering("triage", DecideTriage),
        ("triage.decide.v1: answered by nobody, its class says triage",),
    ),
    "a command no edge sends": (
        mute("console", TakeOffer),
        ("assignment.take_offer.v1: no edge sends it",),
    ),
    "a command sent by a service without a door": (
        sends_without_door,
        ("triage: sends commands and is no edge (it has no door)",),
    ),
    "two services of one name": (
        lambda tables: (*tables, Service(name="triage", tables=named(tables, "triage").tables)),
        ("triage: two services have this name",),
    ),
}


def caused_by(plant: Callable[[Tables], Tables]) -> tuple[str, ...]:
    """The lines that a planted fault adds to what is said of the real tables, which is nothing."""
    return tuple(line for line in faults(plant(SERVICES)) if line not in faults(SERVICES))


@pytest.mark.parametrize(("plant", "found"), PLANTED.values(), ids=PLANTED.keys())
def test_planted_fault_is_found(plant: Callable[[Tables], Tables], found: tuple[str, ...]) -> None:
    assert caused_by(plant) == found


@pytest.mark.parametrize(
    "event",
    [event for event in EVENTS if not issubclass(event, PartnerEvent)],
    ids=lambda event: event.type_name(),
)
def test_each_event_is_missed_when_nobody_consumes_it(event: type[Event]) -> None:
    line = f"{event.type_name()}: nobody but its publisher consumes it"
    assert caused_by(deaf_to(event)) == (line,)


def test_table_that_consumes_what_left_the_catalogue_is_found() -> None:
    fewer = tuple(event for event in EVENTS if event is not OfferMade)
    lines = faults(SERVICES, events=fewer)
    assert "assignment: offer.made.v1 is not in the catalogue" in lines


def test_two_events_under_one_subject_are_found() -> None:
    class OpenedAgain(ContactOpened):
        """The same noun, fact and version under another class."""

    lines = list(_stream_faults((ContactOpened, OpenedAgain)))
    assert lines == ["helpline.contact.opened.v1.> of ContactOpened is also OpenedAgain's"]


OVERLAPS = {
    "equal": ("a.b.>", "a.b.>", True),
    "one inside the other": ("a.>", "a.b.c", True),
    "star meets a word": ("a.*.c", "a.b.c", True),
    "different words": ("a.b.>", "a.c.>", False),
    "shorter": ("a.b", "a.b.c", False),
    "noun that begins alike": ("helpline.contact.>", "helpline.contacts.>", False),
}


@pytest.mark.parametrize(("one", "other", "expected"), OVERLAPS.values(), ids=OVERLAPS.keys())
def test_overlap_of_subject_filters(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is expected
