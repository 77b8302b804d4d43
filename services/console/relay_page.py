"""Relays that are open now for this need at this place, beside a talk.

For the human who speaks with the person: everything the directory knows, with what speaks against
a row. Absent where the line leads nobody on.
"""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from contracts.programme import ProgrammeTerms
from contracts.referral import FindRelays, RelaysFound
from contracts.triage import TriageNotes
from contracts.vocabulary import Channel, LanguageCode, Need, Refusal, RiskSignal
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import store
from services.console.pages import PAGES
from services.console.press import asked, pressed
from services.console.problem import refusal_problem
from services.console.sessions import page_word
from services.console.settings import Settings
from services.console.triage_page import read_notes

_MOST_NEEDS = 5

#: Signs after which nobody may say that suicide is excluded.
_OF_SUICIDE = frozenset({RiskSignal.MORT, RiskSignal.PLAN, RiskSignal.MOYEN, RiskSignal.ADIEU})


class RelayPages:
    """The relays beside a talk."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes

    def addresses(self) -> list[Address]:
        """The address of the part."""
        return [Address("POST", "/relays/{contact_id}", self.find, {})]

    async def find(self, request: Request) -> Response:
        """Ask the directory for what was understood so far; nothing is changed."""
        press = await pressed(request, self._door, self._longest)
        reader = press.reader
        terms = await self._door.read(partial(store.terms_of, programme=reader.desk.programme))
        if terms is None or not terms.frame.refers:
            raise refusal_problem(Refusal.REFERS_NOBODY)
        channel = _channel(press.take("channel"))
        question = question_of(read_notes(press.fields), terms, channel)
        reply = await asked(self._door, reader, question)
        found = RelaysFound.model_validate(reply.result, extra="ignore")
        return PAGES.response(
            "relays_found.html",
            reader.look,
            found=found,
            zone=terms.timezone,
            asked=question,
            word=page_word(reader.token),
            contact_id=request.path_params["contact_id"],
        )


def question_of(notes: TriageNotes, terms: ProgrammeTerms, channel: Channel) -> FindRelays:
    """What the directory is asked for these notes."""
    needs = (notes.need, *(need for need in notes.also if need is not notes.need))
    if notes.language_barrier and needs == (Need.UNKNOWN,):
        needs = (Need.INTERPRETARIAT,)
    return FindRelays(
        needs=needs[:_MOST_NEEDS],
        country=terms.country,
        departement=notes.departement,
        channel=channel,
        language=notes.languages[0] if notes.languages else LanguageCode.UNKNOWN,
        language_barrier=notes.language_barrier,
        age_band=notes.age_band,
        deaf=Need.SURDITE in needs,
        danger_now=notes.danger_now,
        suicide_not_excluded=_suicide_is_not_excluded(notes),
    )


def _suicide_is_not_excluded(notes: TriageNotes) -> bool:
    heard = Need.CRISE_SUICIDAIRE in (notes.need, *notes.also)
    return heard or not _OF_SUICIDE.isdisjoint(notes.signals)


def _channel(given: str) -> Channel:
    try:
        return Channel(given)
    except ValueError:
        raise Flaw(Refusal.INVALID_FIELD, "channel") from None
