"""The coordinator's page: the holes of a week, its calendar, who was paused, and planning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from contracts.shift import PlanShifts, SeeShifts, ShiftsSeen, TakeShift
from contracts.vocabulary import PersonId, Refusal, Role
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.console.pages import Drawn, Frame
from services.console.pictures import Desk, domain_now
from services.console.press import Reader, asked, done_response, pressed, reader_of, sent
from services.console.settings import Settings
from services.console.staff import names_of
from services.console.week import DAYS, monday_of, week_of
from services.pages.forms import contract_of

#: What is planned does not move with the board: this page asks the roster less often.
KINDS = "state live_state"

#: Roles a shift can be of, in the order in which people are needed.
ROLES = tuple(role for role in Role if role in TakeShift.roles)


@dataclass(frozen=True)
class Paused:
    """Somebody to whom nothing is offered any more until they say so."""

    person_id: PersonId
    since: datetime
    missed_offers: int


@dataclass(frozen=True)
class People:
    """Who may be planned, and who was paused."""

    now: datetime  #: domain time
    zone: str
    roles: dict[str, tuple[Role, ...]]  #: by person, as the roster last said
    paused: tuple[Paused, ...]
    names: dict[str, str]


def week_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the page."""
    page = WeekPage(door, settings)
    return [
        Address("GET", "/semaine", page.show, {}),
        Address("POST", "/semaine/plages", page.plan, {}),
    ]


class WeekPage:
    """A week of the plan."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._settings = settings
        self._frame = Frame(door, settings)

    async def show(self, request: Request) -> Response:
        """The week a day is in; this one when none is named."""
        reader = await reader_of(request, self._door)
        people = await self._door.read(partial(_people, viewer=reader.desk))
        today = people.now.astimezone(ZoneInfo(people.zone)).date()
        monday = monday_of(_day(request.query_params.get("jour"), today))
        seen = await self._see(reader, monday)
        week = week_of(monday, people.zone, seen.shifts, seen.lacking)
        shown: dict[str, Any] = {
            "week": week,
            "people": people,
            "today": today,
            "before": monday - timedelta(days=DAYS),
            "after": monday + timedelta(days=DAYS),
            "hour_wanted": request.query_params.get("heure", ""),
            "day_wanted": _day(request.query_params.get("jour"), today),
            "roles": ROLES,
            "more": seen.more,
            "kinds": KINDS,
        }
        drawn = Drawn("week_part.html", shown, people.names)
        return await self._frame.draw(request, reader, drawn)

    async def _see(self, reader: Reader, monday: date) -> ShiftsSeen:
        """The shifts of a week; day by day where one answer does not hold them."""
        whole = await self._ask(reader, monday, DAYS)
        if not whole.more:
            return whole
        days = [await self._ask(reader, monday + timedelta(days=each), 1) for each in range(DAYS)]
        shifts = {each.shift_id: each for day in days for each in day.shifts}
        return ShiftsSeen.model_construct(
            shifts=tuple(shifts.values()),
            lacking=whole.lacking,
            more=any(day.more for day in days),
        )

    async def _ask(self, reader: Reader, day: date, days: int) -> ShiftsSeen:
        wanted = SeeShifts(day=day.isoformat(), days=days)
        reply = await asked(self._door, reader, wanted)
        return ShiftsSeen.model_validate(reply.result or {"shifts": ()}, extra="ignore")

    async def plan(self, request: Request) -> Response:
        """Plan one shift, of somebody or open to who takes it."""
        press = await pressed(request, self._door, self._settings.longest_body_bytes)
        command = contract_of(PlanShifts, {"shifts": [press.fields]})
        await sent(self._door, press, command)
        return done_response(request)


def _day(written: str | None, today: date) -> date:
    if not written:
        return today
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "jour") from None


_ROLES = text("SELECT person_id, roles FROM console.eligibility WHERE programme = :programme")
_PAUSED = text(
    """
    SELECT person_id, live FROM console.desk
    WHERE programme = :programme AND live_state = 'paused'
        AND live ->> 'reason' = 'two_missed_offers'
    ORDER BY live ->> 'since', person_id LIMIT 50
    """
)


def _people(session: Session, viewer: Desk) -> People:
    line = {"programme": viewer.programme}
    found: Sequence[Any] = session.execute(_ROLES, line).all()
    roles = {row.person_id: tuple(Role(role) for role in row.roles) for row in found}
    paused = tuple(
        Paused(
            person_id=row.person_id,
            since=datetime.fromisoformat(row.live["since"]),
            missed_offers=row.live["missed_offers"],
        )
        for row in session.execute(_PAUSED, line)
    )
    return People(
        now=domain_now(session),
        zone=viewer.zone,
        roles=roles,
        paused=paused,
        names=names_of(session, {*roles, *(each.person_id for each in paused)}),
    )
