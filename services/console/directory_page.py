"""The directory of relays: looked through, one seen with its sources, put right, verified.

Nothing is sent to a relay whose verification does not hold, so a line that leads callers on begins
here. Who listens reads; who keeps the directory puts right. What is typed to look for one leaves
this page as bare words.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from contracts.directory import (
    KEEPS_RELAYS,
    CorrectRelay,
    LookUpRelays,
    RelayField,
    RelaysListed,
    RelayStanding,
    RelayStatus,
    RelayTold,
    SeeRelay,
)
from contracts.looking_up import words_of
from contracts.referral import ObserveRelay
from contracts.vocabulary import Need
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.console import hours_words, store
from services.console.departements import code_of
from services.console.pages import Drawn, Frame
from services.console.pictures import domain_now
from services.console.press import Reader, asked, goes_to, pressed, reader_of, sent
from services.console.settings import Settings
from services.console.staff import names_of
from services.pages.forms import contract_of

LIST = "/relais"
#: Letters of what is looked for; what comes after says nothing more.
_MOST_LETTERS = 200
_LONGEST_HOURS = 600
_NEEDS = tuple(need for need in Need if need not in (Need.UNKNOWN, Need.HORS_CADRE))


def directory_addresses(door: Door, settings: Settings) -> list[Address]:
    """The addresses of the pages."""
    pages = DirectoryPages(door, settings)
    return [
        Address("GET", LIST, pages.show_all, {}),
        Address("POST", LIST, pages.look_up, {}),
        Address("GET", f"{LIST}/{{relay_id}}", pages.show, {}),
        Address("POST", f"{LIST}/{{relay_id}}", pages.correct, {}),
    ]


class DirectoryPages:
    """The page of the directory, and of one relay."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes
        self._frame = Frame(door, settings)

    async def look_up(self, request: Request) -> Response:
        """What was typed becomes an address of bare words, which can be gone back to."""
        press = await pressed(request, self._door, self._longest)
        place = press.take_text("departement", _MOST_LETTERS)
        asked_for = {
            "mots": " ".join(words_of(press.take_text("mots", _MOST_LETTERS))),
            "besoin": press.take("besoin"),
            "departement": _code_in(place) or _bare(place),
            "etat": press.take("etat"),
        }
        return RedirectResponse(_address(asked_for), 303)

    async def show_all(self, request: Request) -> Response:
        """A page of those that are meant, to be verified first."""
        reader = await reader_of(request, self._door)
        terms = await self._door.read(partial(store.terms_of, programme=reader.desk.programme))
        chosen = {name: request.query_params.get(name, "") for name in _FILTERS}
        number = request.query_params.get("page", "1")
        code = _code_in(chosen["departement"])
        unknown_place = code is None and bool(chosen["departement"])
        question = contract_of(
            LookUpRelays,
            {
                "words": words_of(chosen["mots"]),
                "need": chosen["besoin"] or None,
                "departement": code,
                "standing": chosen["etat"] or None,
                "country": "FR" if terms is None else terms.country,
                "page": int(number) if number.isascii() and number.isdigit() else number,
            },
        )
        listed = RelaysListed(relays=(), more=False)
        if not unknown_place:
            reply = await asked(self._door, reader, question)
            listed = RelaysListed.model_validate(reply.result or {"relays": ()}, extra="ignore")
        shown = {
            "relays": listed.relays,
            "wanted": chosen,
            "narrowed": any(chosen.values()),
            "unknown_place": unknown_place,
            "needs": _NEEDS,
            "standings": tuple(RelayStanding),
            "before": _address(chosen, question.page - 1) if question.page > 1 else None,
            "after": _address(chosen, question.page + 1) if listed.more else None,
            "refers": terms is None or terms.frame.refers,
            "keeps": reader.desk.role in KEEPS_RELAYS,
        }
        return await self._frame.draw(request, reader, Drawn("directory_part.html", shown))

    async def show(self, request: Request) -> Response:
        """One of them; Problem 404 when the directory has no such relay."""
        reader = await reader_of(request, self._door)
        told = await self._told(reader, request)
        tellers = {each.told_by for field in told.fields for each in field.tellings}
        others = {told.verified_by, *(act.by for act in told.acts)}
        if told.saturation is not None:
            others.add(told.saturation.observed_by)
        people = {each for each in tellers | others if each is not None}
        names = await self._door.read(partial(names_of, person_ids=people))
        now = await self._door.read(domain_now)
        shown = {
            "relay": told,
            "now": now,
            "keeps": reader.desk.role in KEEPS_RELAYS,
            "observes": reader.desk.role in ObserveRelay.roles,
            "hours_of": hours_words.shown,
            "statuses": tuple(RelayStatus),
        }
        return await self._frame.draw(request, reader, Drawn("relay_part.html", shown, names))

    async def _told(self, reader: Reader, request: Request) -> RelayTold:
        wanted = contract_of(SeeRelay, dict(request.path_params))
        reply = await asked(self._door, reader, wanted)
        return RelayTold.model_validate(reply.result, extra="ignore")

    async def correct(self, request: Request) -> Response:
        """Lay over its list what was filled in; an empty field says nothing."""
        press = await pressed(request, self._door, self._longest)
        said: dict[str, Any] = {
            field.value: words
            for field in RelayField
            if field is not RelayField.HOURS and (words := press.take(field.value))
        }
        if hours := press.take_text(RelayField.HOURS.value, _LONGEST_HOURS).strip():
            said[RelayField.HOURS.value] = hours_words.kept(hours, press.reader.look.language)
        command = contract_of(CorrectRelay, said | dict(request.path_params))
        await sent(self._door, press, command)
        return goes_to(request, f"{LIST}/{request.path_params['relay_id']}")


#: In the place of what was typed where it may be a number of somebody.
_NOT_A_WORD = "?"
_FILTERS = ("mots", "besoin", "departement", "etat")


def _code_in(place: str) -> str | None:
    """The code of a département; None when nothing was said, or what is none."""
    try:
        return code_of(place, "departement") if place else None
    except Flaw:
        return None


def _bare(place: str) -> str:
    """What is no département, in words that can say nothing of anybody."""
    return " ".join(words_of(place)) or (_NOT_A_WORD if place else "")


def _address(chosen: Mapping[str, str], page: int = 1) -> str:
    said = {name: words for name, words in chosen.items() if words}
    if page > 1:
        said["page"] = str(page)
    return f"{LIST}?{urlencode(said)}" if said else LIST
