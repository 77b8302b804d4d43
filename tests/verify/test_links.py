"""I25 sees what would tell one caller's contacts for another's, wherever it stands."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from contracts.contact import ContactEnded, ContactOpened
from contracts.programme import ProgrammePublished
from deploy.verify.history import History, WayBack
from deploy.verify.links import check_i25
from deploy.verify.traces import Trace, says_who, traces_in
from tests.assignment.builders import SOS, published_terms
from tests.verify.a_run import a_day
from tests.verify.plants import fact_of, said_otherwise
from tests.verify.recorder import TEN_O_CLOCK, an_id

ANA, BEN = an_id("ana"), an_id("ben")
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
RULES = published_terms().rules_version
ONE_VALUE = "one value stands beside two contacts"


def beside_both(column: str, value: str = HASH) -> Callable[[History], History]:
    kept = (Trace(column, ANA, value), Trace(column, BEN, value))
    return lambda history: replace(history, traces=kept)


def of_contact(history: History, contact: str, kind: type = ContactOpened) -> Any:
    return fact_of(
        history,
        lambda event: type(event) is kind and getattr(event, "contact_id", None) == contact,
    )


def told_of_both(history: History) -> History:
    """A field no contract knows, in an event of each of them."""
    for contact in (ANA, BEN):
        fact = of_contact(history, contact)
        body = orjson.dumps(orjson.loads(fact.body) | {"number": "0100000001"}).decode()
        facts = tuple(replace(f, body=body) if f is fact else f for f in history.facts)
        history = replace(history, facts=facts)
    return history


def on_the_stream(history: History) -> History:
    """The ledgers know nothing of it."""
    changed = {
        of_contact(history, contact).id: orjson.dumps({"contact_id": contact, "device": HASH})
        for contact in (ANA, BEN)
    }
    messages = tuple(
        replace(each, body=changed.get(each.id or "", each.body)) for each in history.messages
    )
    return replace(history, messages=messages)


def of_one_cause(history: History) -> History:
    ana, ben = of_contact(history, ANA), of_contact(history, BEN)
    envelope = dict(ben.envelope) | {"caused_by": ana.caused_by}
    facts = tuple(replace(f, envelope=envelope) if f is ben else f for f in history.facts)
    return replace(history, facts=facts)


def of_one_trace(history: History) -> History:
    """One decision for both, as a step of the bus that tells them in the same breath."""
    told = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
    both = [of_contact(history, contact, ContactEnded) for contact in (ANA, BEN)]
    facts = tuple(
        replace(f, envelope=dict(f.envelope) | {"traceparent": told}) if f in both else f
        for f in history.facts
    )
    return replace(history, facts=facts)


def way_back(minutes: int, until: int | None = None) -> Callable[[History], History]:
    """Somebody's way back, so many minutes after their contact; `until` as a supervisor decided."""

    def standing(history: History) -> History:
        ended = of_contact(history, ANA, ContactEnded).event.ended_at
        line = fact_of(history, lambda event: isinstance(event, ProgrammePublished)).event
        assert isinstance(line, ProgrammePublished)
        assert line.terms.returning.window_minutes == 15
        decided = None if until is None else ended + timedelta(minutes=until)
        way = WayBack(ANA, SOS, line.programme_version, ended, decided)
        at = ended + timedelta(minutes=minutes)
        clock = replace(history.clock, domain=at)
        both = (Trace("intake.contact.return_hash", who, HASH) for who in (ANA, BEN))
        return replace(history, ways_back=(way,), clock=clock, traces=tuple(both))

    return standing


PLANTED: dict[str, tuple[Callable[[History], History], str]] = {
    "the hash of a number": (beside_both("intake.contact.token_sha256"), ONE_VALUE),
    "the digits of a pass": (beside_both("console.offer.shown.pass", "4821"), ONE_VALUE),
    "three words": (beside_both("intake.contact.code", "lune sapin verre"), ONE_VALUE),
    "a number as a number": (beside_both("quality.contact.caller", "33100000001"), ONE_VALUE),
    "the contact before": (
        lambda h: replace(h, traces=(Trace("intake.contact.capsule_of", BEN, ANA),)),
        ONE_VALUE,
    ),
    "a field of two events": (told_of_both, ONE_VALUE),
    "a stream alone": (on_the_stream, ONE_VALUE),
    "one cause": (of_one_cause, ONE_VALUE),
    "one trace": (of_one_trace, ONE_VALUE),
    "the moment of the contact before": (
        lambda h: said_otherwise(
            h, ContactOpened, waiting_since=TEN_O_CLOCK - timedelta(minutes=9, seconds=7)
        ),
        "opened with the moment of another",
    ),
    "a way back after its window": (way_back(minutes=16), "a way back outlives its window"),
    "slowed for longer than decided": (
        way_back(minutes=181, until=180),
        "a way back outlives its window",
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_joins_two_contacts_is_found(name: str) -> None:
    plant, expected = PLANTED[name]
    assert {each.what for each in check_i25(plant(a_day().history())).violations} == {expected}


def test_the_first_found_says_where_and_never_what() -> None:
    (found,) = check_i25(beside_both("intake.contact.code_hash")(a_day().history())).violations
    assert HASH not in str(found)
    assert dict(found.ids)["place"] == "intake.contact.code_hash"


SOUND: dict[str, Callable[[History], History]] = {
    "rules of the line": beside_both("assignment.offer.rules_version", RULES),
    "what a line tells whoever comes": lambda h: replace(
        beside_both("intake.inbox.reply.result.ladder.rungs.partner.number", "0900000001")(h),
        said_of_lines=frozenset({"0900000001"}),
    ),
    "a relay": beside_both("referral.referral.relay_id", "fr-3114"),
    "words of the line for whoever waits": beside_both(
        "intake.inbox.reply.result.ladder.wordings.words", "Des mots pour qui attend."
    ),
    "a way back in its window": way_back(minutes=14),
    "slowed as decided": way_back(minutes=179, until=180),
    "the wait of before, to the minute": lambda h: said_otherwise(
        h, ContactOpened, waiting_since=TEN_O_CLOCK - timedelta(minutes=9)
    ),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_no_callers_may_be_shared(name: str) -> None:
    checked = check_i25(SOUND[name](a_day().history()))
    assert checked.violations == ()
    assert checked.count > 0


def test_rules_are_looked_at_and_known_of_the_line() -> None:
    assert says_who(RULES)


def test_an_id_known_of_a_person_alone_is_no_callers() -> None:
    history = a_day().history()
    fact = fact_of(history, lambda event: event.type_name() == "eligibility.established.v1")
    person = an_id("a volunteer")
    body = orjson.dumps(orjson.loads(fact.body) | {"person_id": person}).decode()
    facts = tuple(replace(f, body=body) if f is fact else f for f in history.facts)
    shared = beside_both("intake.contact.person_id", person)
    assert check_i25(shared(history)).violations
    assert not check_i25(shared(replace(history, facts=facts))).violations


@pytest.mark.parametrize(
    "value",
    [HASH, "4821", an_id("x"), "lune sapin verre", "0100000001", "Zm9vYmFyYmF6" * 4, "a@b.fr"],
)
def test_what_could_be_a_callers_is_looked_at(value: str) -> None:
    assert says_who(value)


@pytest.mark.parametrize(
    "value",
    [
        "waiting_listener",
        "P3",
        "2A",
        "974",
        "sos-crise",
        "2020-09-15T08:00:00.123456+00:00",
        "2020-09-15",
        "00:12:33.5",
        "PT12M33.5S",
        "reg-1",
    ],
)
def test_words_and_moments_say_nothing(value: str) -> None:
    assert not says_who(value)


def test_a_value_stands_beside_the_nearest_contact() -> None:
    row = {"person_id": "reg-1", "contact": {"contact_id": ANA, "held": [{"by": HASH}]}}
    assert set(traces_in("desk", row)) == {
        Trace("desk.contact.contact_id", ANA, ANA),
        Trace("desk.contact.held.by", ANA, HASH),
    }
