"""Times the assignment decision alone: p50 and p99 of one event, and how it grows beside a scan.

`python -m bench.decision`: 2,000 on duty, 2,000 waiting, 50 regions, 6 languages; then 100 to
100,000 waiting, beside a scan of every waiting contact in the same run. No database, no bus. The
surprising thing: times are processor time of the thread, so that a busy machine does not count, and
a decision includes telling the floor what happened just before it.
"""

import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log
from random import Random
from time import thread_time

from contracts.vocabulary import Channel, LiveState, Priority, Role, Stage
from services.assignment.domain import Forecast, PersonOnDuty, Proposal, Rules, WaitingContact
from services.assignment.eligibility import may_take, profile_of, request_class
from services.assignment.floor import Floor
from services.assignment.forecast import with_spare_prices

RULES = Rules(rules_version="assignment-2026.1")
START = datetime(2026, 1, 1, tzinfo=UTC)
REGIONS = tuple(f"r{n:02}" for n in range(50))
LANGUAGES = ("fr", "en", "ar", "pt", "es", "de")
NEEDS = ("ecoute", "solitude", "deuil", "violences", "droits", "medical", "jeunes")
PRIORITY_OF_BAND = (Priority.P4, Priority.P3, Priority.P2, Priority.P1)
#: The mixture of a busy national day: mostly one language, one caller in ten at risk.
FORECAST = Forecast(
    {(g, band): (0.05 if g == "fr" else 0.002) / 4**band for g in LANGUAGES for band in range(4)}
)
GROWTH_SIZES = (100, 1_000, 10_000, 100_000)


def a_person(number: int, dice: Random) -> PersonOnDuty:
    """A listener as a national day has them: some bilingual, one in three accredited for risk."""
    spoken = {"fr"} if dice.random() < 0.8 else {"fr", dice.choice(LANGUAGES[1:])}
    return PersonOnDuty(
        person_id=f"l-{number}",
        state=LiveState.TALKING,
        roles=frozenset({Role.LISTENER}),
        channels=frozenset({Channel.PHONE}),
        languages=frozenset(spoken),
        topics=frozenset({"ecoute", *dice.sample(NEEDS[1:], dice.choice([0, 1, 1, 2, 3]))}),
        skills=frozenset(),
        level=dice.choice([1, 1, 3]),
        region=dice.choice(REGIONS),
        eligibility_version=1,
        valid_until=START + timedelta(days=90),
        ready_since=START,
        live=(Channel.PHONE,),
    )


def a_contact(number: int, now: datetime, dice: Random) -> WaitingContact:
    """A caller of a national day."""
    band = dice.choices(range(4), (70, 20, 8, 2))[0]
    return WaitingContact(
        contact_id=f"c-{number}",
        programme="sos-crise",
        stage=Stage.LISTENER,
        channel=Channel.PHONE,
        priority=PRIORITY_OF_BAND[band],
        risk_band=band,
        need=dice.choice(NEEDS),
        languages=frozenset({"fr"} if dice.random() < 0.9 else {dice.choice(LANGUAGES)}),
        region=dice.choice(REGIONS),
        waiting_since=now,
        joined_at=now,
    )


class Play:
    """A floor that lives: people come back, callers join and leave, offers are taken."""

    def __init__(self, on_duty: int, waiting: int, dice: Random) -> None:
        self.dice, self.now = dice, START
        self.floor = Floor(RULES, FORECAST)
        self.people = {p.person_id: p for p in (a_person(n, dice) for n in range(on_duty))}
        for person in self.people.values():
            self.floor.person(person)
        self.contacts: dict[str, WaitingContact] = {}
        self.joined = 0
        for _ in range(waiting):
            self.join()
        self.now += timedelta(seconds=60)
        self.floor.decide(self.now)
        self.floor.forecast = with_spare_prices(FORECAST, self.floor.traffic(), RULES)

    def join(self) -> None:
        """One caller more."""
        self.joined += 1
        contact = a_contact(self.joined, self.now, self.dice)
        self.contacts[contact.contact_id] = contact
        self.floor.join(contact)

    def come_back(self) -> PersonOnDuty:
        """One person is free again."""
        busy = [p for p in self.people.values() if p.state is LiveState.TALKING]
        person = self.dice.choice(busy or list(self.people.values()))
        return replace(
            person,
            state=LiveState.READY,
            live=(),
            ready_since=self.now,
            wrapped_up_at=self.now,
            consecutive_contacts=self.dice.randrange(4),
        )

    def put(self, person: PersonOnDuty) -> None:
        """Tell the floor of a person."""
        self.people[person.person_id] = person
        self.floor.person(person)

    def take(self, proposal: Proposal) -> None:
        """The offer is taken; another caller joins, so that the line stays as long."""
        self.floor.leave(proposal.contact_id)
        del self.contacts[proposal.contact_id]
        person = self.people[proposal.person_id]
        self.put(replace(person, state=LiveState.TALKING, live=(Channel.PHONE,)))
        self.join()


def busy_line(play: Play, events: int) -> list[float]:
    """Milliseconds from `one person is back` to the proposal, the whole line waiting."""
    spans: list[float] = []
    for _ in range(events):
        play.now += timedelta(milliseconds=500)
        person = play.come_back()
        before = thread_time()
        play.put(person)
        outcome = play.floor.decide(play.now)
        spans.append((thread_time() - before) * 1e3)
        if isinstance(outcome, Proposal):
            play.take(outcome)
            play.floor.decide(play.now)  # files what the play itself changed, not timed
    return spans


def quiet_line(play: Play, events: int) -> list[float]:
    """Milliseconds from `one caller joined` to the proposal, the whole crew free."""
    for person in list(play.people.values()):
        play.put(replace(person, state=LiveState.READY, live=(), wrapped_up_at=None))
    play.floor.decide(play.now)
    spans: list[float] = []
    for _ in range(events):
        play.now += timedelta(milliseconds=500)
        before = thread_time()
        play.join()
        outcome = play.floor.decide(play.now)
        spans.append((thread_time() - before) * 1e3)
        if isinstance(outcome, Proposal):
            play.floor.leave(outcome.contact_id)
            del play.contacts[outcome.contact_id]
    return spans


def naive(play: Play, person: PersonOnDuty) -> float:
    """Milliseconds of the same question answered by a scan of every waiting contact."""
    before = thread_time()
    profile = profile_of(person, play.now, RULES)
    fitting = [
        contact
        for contact in play.contacts.values()
        if may_take(request_class(contact, play.now, RULES), profile, RULES)
    ]
    min(fitting, key=lambda contact: (-contact.band, contact.place), default=None)
    return (thread_time() - before) * 1e3


def percentile(spans: Iterable[float], share: float) -> float:
    """The value below which that share of the spans lies."""
    ordered = sorted(spans)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def exponent(sizes: Iterable[int], spans: Iterable[float]) -> float:
    """Slope of log(span) over log(size) by least squares: 0 = flat, 1 = linear."""
    points = [(log(size), log(span)) for size, span in zip(sizes, spans, strict=True)]
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )


def say(text: str) -> None:
    """One line of the report."""
    sys.stdout.write(text + "\n")


def report(title: str, spans: list[float]) -> None:
    """p50 and p99 of one row."""
    p50, p99 = percentile(spans, 0.5), percentile(spans, 0.99)
    say(f"  {title:<44} p50 {p50:6.3f} ms   p99 {p99:6.3f} ms   ({len(spans)} events)")


def grow(measure: Callable[[Play], float], dice: Random) -> list[float]:
    """The measure at each size of the line, 500 on duty."""
    return [measure(Play(500, size, dice)) for size in GROWTH_SIZES]


def main() -> None:
    """Print every row."""
    dice = Random(2026)
    say("decision alone, 50 regions, 6 languages (target: p99 <= 1 ms)")
    report("2,000 on duty busy, 2,000 waiting, one back", busy_line(Play(2000, 2000, dice), 2000))
    report("2,000 on duty free, nobody waiting, one joins", quiet_line(Play(2000, 0, dice), 2000))
    report("  75 on duty busy,    20 waiting, one back", busy_line(Play(75, 20, dice), 2000))
    say(f"growth with the line: {', '.join(f'{size:,}' for size in GROWTH_SIZES)} waiting")
    floor = grow(lambda play: percentile(busy_line(play, 200), 0.5), dice)
    scan = grow(lambda play: naive(play, play.come_back()), dice)
    for name, spans in (("floor", floor), ("naive scan", scan)):
        row = "  ".join(f"{span:9.3f}" for span in spans)
        say(f"  {name:<10} ms {row}   exponent {exponent(GROWTH_SIZES, spans):.2f}")


if __name__ == "__main__":
    main()
