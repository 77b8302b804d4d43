"""The line of the simulation: every channel, and clocks that ring within a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from random import Random

from contracts.envelope import Reply, done
from contracts.ladder import CallerTerms
from contracts.opening import OpeningRule
from contracts.programme import ApplyProgramme, RosterTerms
from contracts.risk import CallWay
from contracts.roster import Accreditation, Qualification, Volunteer
from contracts.shift import PlanShifts, WishedShift
from contracts.vocabulary import Act, Channel, LanguageCode, Need, PersonId, RelayId, Role
from contracts.writing import KeepingTerms, ReturnTerms, WritingTerms
from services.bus.work import Work
from services.risk.duty import ReachRow, keep_reach
from tests.assignment.builders import NEXT_YEAR, SOS, terms
from tests.terms import EVERY_DAY, what_callers_are_told

TEN_O_CLOCK = datetime(2020, 9, 15, 8, 0, tzinfo=UTC)

#: One whose row was checked and one whose was not, both not anonymous by their own word; one that
#: is anonymous; one nobody knows.
CHECKED_RELAY = RelayId("fr-3114")
RELAYS = (CHECKED_RELAY, RelayId("fr-sos-amitie"), RelayId("fr-115"), RelayId("fr-nobody"))
CHECKED_RELAYS = RELAYS[:2]


def apply_line(*, plans: bool) -> ApplyProgramme:
    """A line that is always open, with clocks that ring within a run; whether it plans shifts."""
    channels = (Channel.PHONE, Channel.CHAT, Channel.MESSAGE)
    ordinary = terms()
    line = ordinary.model_copy(
        update={
            "channels": channels,
            "opening": tuple(
                OpeningRule(channel=each, days=EVERY_DAY, opens_at="00:00", closes_at="00:00")
                for each in channels
            ),
            "writing": WritingTerms(
                first_reading_minutes=1,
                warned_after_hours=(1,),
                answered_within_hours=2,
                chat_resume_minutes=1,
            ),
            "keeping": KeepingTerms(chat_hours=1, written_hours=24, contact_days=2),
            "returning": ReturnTerms(window_minutes=5, pass_valid_hours=1),
            "assignment": ordinary.assignment.model_copy(
                update={"way_out": True, "way_out_share": 0.0}
            ),
            "frame": ordinary.frame.model_copy(update={"chats_at_once": 2}),
            "roster": RosterTerms(warn_hours=1) if plans else None,
            # Machine time: a seed that is played slowly must be the same seed.
            "times": ordinary.times.model_copy(update={"heartbeat_lost_seconds": 86_400}),
        }
    )
    return ApplyProgramme(
        programme=SOS,
        manifest_sha256="0" * 64,
        rules_version="triage-2026.1",
        terms=line,
        callers=_with_words(what_callers_are_told(line)),
    )


def _with_words(callers: CallerTerms) -> CallerTerms:
    """What is offered is said in words, as a line whose software offers it must."""
    ladders = tuple(
        ladder.model_copy(
            update={
                "rungs": tuple(
                    rung.model_copy(update={"wordings": ladder.wordings})
                    if rung.act is Act.OFFERS
                    else rung
                    for rung in ladder.rungs
                )
            }
        )
        for ladder in callers.ladders
    )
    return callers.model_copy(update={"ladders": ladders})


def a_volunteer(person_id: PersonId, roles: Iterable[Role]) -> Volunteer:
    """Somebody accredited for everything, for a year."""
    return Volunteer(
        person_id=person_id,
        qualification=Qualification(
            roles=tuple(roles),
            languages=(LanguageCode.FR,),
            topics=(Need.SOLITUDE,),
            accreditations=tuple(
                Accreditation(channel=each, level=3, valid_until=NEXT_YEAR) for each in Channel
            ),
        ),
    )


def some_shifts(people: Iterable[tuple[PersonId, Role]], dice: Random) -> PlanShifts:
    """The hours of the morning, one shift for each role: now and then open, or somebody's."""
    by_role: dict[Role, list[PersonId]] = {}
    for person_id, role in people:
        by_role.setdefault(role, []).append(person_id)
    hours = ((10, 12), (12, 14))
    return PlanShifts(
        shifts=tuple(
            WishedShift(
                day=TEN_O_CLOCK.date().isoformat(),
                starts_at=f"{begins}:00",
                ends_at=f"{ends}:00",
                role=role,
                person_id=dice.choice(ids) if dice.random() < 0.7 else None,
            )
            for begins, ends in hours
            for role, ids in by_role.items()
        )
    )


def a_way_to_call(person_id: PersonId) -> Iterator[Callable[[Work], Reply]]:
    """Ways to call somebody, kept as risk's door keeps them. What is sealed is never opened."""
    for way in CallWay:

        def keep(work: Work, way: CallWay = way) -> Reply:
            row = ReachRow(
                programme=SOS, person_id=person_id, way=way.value, sealed=b"-", since=work.now
            )
            keep_reach(work.session, row)
            return done()

        yield keep
