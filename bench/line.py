"""The line the bench plays on: that of the demonstration, open always, where nobody is due a rest.

Its desks need not beat their hearts: what a heartbeat costs is measured apart, because it depends
on how many are on duty and not on how many call.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from contracts.ladder import CallerTerms, LineNumber
from contracts.opening import OpeningRule
from contracts.programme import ApplyProgramme, ProgrammeTerms
from contracts.roster import Volunteer
from contracts.vocabulary import (
    Channel,
    PersonId,
    ProgrammeId,
    Role,
    RulesVersion,
    Sha256,
    Stage,
)
from deploy.desk import Desk, Doors
from deploy.seeds import SEEDED, a_volunteer
from services.intake.reader import Faulty, read_manifest

LINE = ProgrammeId("bench")
_MANIFEST = Path(__file__).resolve().parents[1] / "deploy" / "programmes" / "sos-crise.yaml"
#: Reserved for fiction (ARCEP, 06 39 98).
_FICTION = LineNumber(number="+33639980000")
_EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
_NO_HEARTBEAT_NEEDED_SECONDS = 86_400
_IMPORTED_AT_ONCE = 100


def names(role: Role, count: int) -> tuple[PersonId, ...]:
    """Ids of people of the bench: `bench-listener-1` and so on."""
    return tuple(PersonId(f"bench-{role.value}-{number}") for number in range(1, count + 1))


async def open_line(doors: Doors, by_chat: bool = False) -> None:
    """Put the line into force; with `by_chat` it is a chat too, and listeners answer at once."""
    terms, callers, rules_version = _terms()
    if by_chat:
        terms = terms.model_copy(
            update={
                "channels": (Channel.PHONE, Channel.CHAT),
                "opening": tuple(_always(channel) for channel in (Channel.PHONE, Channel.CHAT)),
                "first_stage": Stage.LISTENER,
            }
        )
    body = terms.model_dump_json().encode()
    operator = await doors.session(SEEDED[Role.OPERATOR], Role.OPERATOR, LINE)
    await operator.apply_programme(
        ApplyProgramme(
            programme=LINE,
            manifest_sha256=Sha256(sha256(body).hexdigest()),
            rules_version=rules_version,
            terms=terms,
            callers=callers,
        )
    )


def _terms() -> tuple[ProgrammeTerms, CallerTerms, RulesVersion]:
    read = read_manifest(_MANIFEST.read_bytes())
    if isinstance(read, Faulty):
        raise ValueError(f"{_MANIFEST.name}: {read.faults[0].field} {read.faults[0].reason}")
    terms = read.terms
    changed = terms.model_copy(
        update={
            "name": "Banc d'essai",
            "opening": tuple(_always(channel) for channel in terms.channels),
            "times": terms.times.model_copy(
                update={"heartbeat_lost_seconds": _NO_HEARTBEAT_NEEDED_SECONDS}
            ),
            "frame": terms.frame.model_copy(
                update={
                    "alert_duty": tuple(
                        duty.model_copy(
                            update={"days": _EVERY_DAY, "begins_at": "00:00", "ends_at": "00:00"}
                        )
                        for duty in terms.frame.alert_duty
                    )
                }
            ),
            "rest": terms.rest.model_copy(update={"break_seconds": 0}),
        }
    )
    # Its number is another line's.
    callers = read.callers.model_copy(update={"numbers": (_FICTION,)})
    return changed, callers, read.manifest.rules_version


def _always(channel: Channel) -> OpeningRule:
    return OpeningRule(channel=channel, days=_EVERY_DAY, opens_at="00:00", closes_at="00:00")


async def bring_people(doors: Doors, people: dict[Role, tuple[PersonId, ...]]) -> Desk:
    """Put people into the roster of the line; the coordinator's desk that did it."""
    coordinator = await doors.session(SEEDED[Role.COORDINATOR], Role.COORDINATOR, LINE)
    volunteers = [a_volunteer(person, role) for role, ids in people.items() for person in ids]
    for first in range(0, len(volunteers), _IMPORTED_AT_ONCE):
        await coordinator.import_volunteers(_some(volunteers, first))
    return coordinator


def _some(volunteers: list[Volunteer], first: int) -> list[Volunteer]:
    return volunteers[first : first + _IMPORTED_AT_ONCE]
