"""Risk's own door, as a session at a desk may use it: the emergency card, whom to call, and the
sealed part of reports.

The console keeps nothing of a card or a report: both go through here, to and from risk.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.report import Danger, ReportId, TakenOverBy
from contracts.rescue import RescueService
from contracts.vocabulary import ContactId, Moment, PersonId, Refusal, RiskSignal
from services.bus.problem import Problem
from services.console import risk_capability
from services.console.neighbour import PATIENCE_SECONDS, Neighbour
from services.console.pictures import Desk
from services.console.problem import refusal_problem
from services.console.settings import Settings

#: What somebody wrote after danger has at most so many letters, what an authority is told so many.
REPORT_LETTERS, LEGAL_LETTERS = 4000, 8000


class Card(BaseModel):
    """An emergency card, as the form holds it; all of it may be missing."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    place: str = Field(default="", max_length=300, repr=False)
    place_read_back: bool = False
    who: str = Field(default="", max_length=200, repr=False)
    what_now: str = Field(default="", max_length=500, repr=False)
    conscious: str = Field(default="unknown", pattern="^(yes|no|unknown)$")
    alone: str = Field(default="unknown", pattern="^(yes|no|unknown)$")
    call_back: str = Field(default="", max_length=30, repr=False)
    service: RescueService | None = None
    called_by: PersonId | None = None
    called_at: Moment | None = None
    answered: str = Field(default="unknown", pattern="^(yes|no|unknown)$")


class Report(BaseModel):
    """An at-risk report, as the form holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    signals: tuple[RiskSignal, ...] = Field(default=(), max_length=12)
    danger: Danger = Danger.NOT_ASSESSED
    taken_over_by: TakenOverBy = TakenOverBy.NOBODY
    what_happened: str = Field(default="", max_length=REPORT_LETTERS, repr=False)


class CardRead(BaseModel):
    """A card as it is kept."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    card: Card
    written_at: datetime


class ServiceNamed(BaseModel):
    """One service that can be called, and its number in the country of the line."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: RescueService
    number: str
    in_writing: bool = False


class _Named(BaseModel):
    services: tuple[ServiceNamed, ...]


#: Where risk does not answer: the number that is right anywhere in the Union.
ANYWHERE = (ServiceNamed(service=RescueService.EUROPEAN, number="112"),)


class RiskDoor:
    """Risk's door, for a session."""

    def __init__(self, settings: Settings) -> None:
        self._risk = Neighbour(settings.risk_url)

    async def card(self, desk: Desk, contact_id: ContactId) -> CardRead | None:
        """The card of a contact; None when nobody has written one."""
        try:
            answer = await self._ask("GET", desk, f"/contacts/{contact_id}/card")
            return CardRead.model_validate_json(answer.content, extra="ignore")
        except Problem as problem:
            if problem.code == Refusal.UNKNOWN_CONTACT:
                return None
            raise
        except ValidationError:
            raise refusal_problem(Refusal.PLATFORM_FAULT) from None

    async def write_card(self, desk: Desk, contact_id: ContactId, card: Card) -> None:
        """Have a card sealed; Problem when it was not kept."""
        body = card.model_dump(mode="json", exclude_defaults=True)
        await self._ask("PUT", desk, f"/contacts/{contact_id}/card", {"json": body})

    async def write_report(self, desk: Desk, report_id: ReportId, report: Report) -> None:
        """Have a report sealed; Problem when it was not kept."""
        body = report.model_dump(mode="json")
        await self._ask("PUT", desk, f"/at-risk-reports/{report_id}", {"json": body})

    async def read_report(self, desk: Desk, report_id: ReportId) -> str:
        """What somebody wrote after danger; that it was read is known from then on."""
        answer = await self._ask("GET", desk, f"/at-risk-reports/{report_id}")
        return _words(answer, "what_happened")

    async def read_legal_report(self, desk: Desk, report_id: ReportId) -> str:
        """What an authority is to be told; that it was read is in the audit."""
        answer = await self._ask("GET", desk, f"/legal-reports/{report_id}")
        return _words(answer, "words")

    async def write_legal_report(self, desk: Desk, report_id: ReportId, words: str) -> None:
        """Have what an authority is to be told sealed, until it is decided."""
        await self._ask("PUT", desk, f"/legal-reports/{report_id}", {"json": {"words": words}})

    async def services(
        self, desk: Desk, patience_seconds: float = PATIENCE_SECONDS
    ) -> tuple[ServiceNamed, ...]:
        """Whom to call; 112 where risk does not say in so many seconds of machine time."""
        try:
            asked = {"timeout": patience_seconds}
            answer = await self._ask("GET", desk, "/rescue-services", asked)
            return _Named.model_validate_json(answer.content, extra="ignore").services or ANYWHERE
        except (Problem, ValidationError):
            return ANYWHERE

    async def _ask(
        self, method: str, desk: Desk, address: str, asked: Mapping[str, Any] | None = None
    ) -> httpx.Response:
        shown = risk_capability.signed_for(desk)
        return await self._risk.ask(method, address, shown.capability, asked)


def _words(answer: httpx.Response, name: str) -> str:
    """What somebody wrote, under its name in the answer."""
    try:
        words = answer.json()[name]
    except (ValueError, KeyError, TypeError):
        raise refusal_problem(Refusal.PLATFORM_FAULT) from None
    if not isinstance(words, str):
        raise refusal_problem(Refusal.PLATFORM_FAULT)
    return words
