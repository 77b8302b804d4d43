"""The triage of a minute: what the rules propose as notes change, and the regulator's decision.

The form holds what was understood and may stay empty but for priority and destination. The
capsule is sealed before the decision is sent, so that whoever listens finds it there; without the
person's yes nothing of it is, and one they have thought better of is taken back.
"""

from __future__ import annotations

import hmac
from functools import partial
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from contracts.triage import DecideTriage, ProposeTriage, TriageNotes, TriageProposal
from contracts.vocabulary import ContactId, Destination, Refusal, TextKind
from services.bus.body import Flaw
from services.bus.door import Door
from services.bus.doorway import Address
from services.bus.problem import Problem
from services.console import noted
from services.console.departements import code_of
from services.console.noted import Noted, Noting
from services.console.pages import PAGES
from services.console.press import Reader, asked, done_response, pressed, sent, taken
from services.console.settings import Settings
from services.console.talk import TextDoor, Writing, contact_in
from services.pages.forms import contract_of

#: A capsule is short on purpose: what is needed to begin, said back to the person.
CAPSULE_LINES, CAPSULE_CHARACTERS = 3, 80

#: Fields of the form that are no part of the decision.
_CAPSULE, _AGREED = "capsule", "agreed"
_PLACE = "departement"
_OF_THE_PAGE = frozenset({"channel"})


class TriagePages:
    """The decision, and the proposal beside it."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes
        self._texts = TextDoor(settings)

    def addresses(self) -> list[Address]:
        """The addresses of the parts."""
        return [
            Address("POST", "/triage/{contact_id}", self.decide, {}),
            Address("POST", "/triage/{contact_id}/noted", self.note, {}),
            Address("POST", "/triage/{contact_id}/proposal", self.propose, {}),
        ]

    async def decide(self, request: Request) -> Response:
        """Seal the capsule, where there is one and the person said yes; then send the decision."""
        press = await pressed(request, self._door, self._longest)
        capsule = _capsule_in(press.fields)
        command = contract_of(DecideTriage, {**_decision_in(press.fields), **request.path_params})
        if command.destination is not Destination.LISTENER:
            capsule = ""
        if capsule:
            await self._door.read(partial(noted.note_capsule, contact_id=command.contact_id))
            key = _key_of(press.reader, press.once, command.contact_id, capsule)
            writing = Writing(command.contact_id, TextKind.CAPSULE, capsule, key)
            await self._texts.write(press.reader.desk, writing)
        elif capsule is not None and await self._has_capsule(command.contact_id):
            await self._texts.take_back_capsule(press.reader.desk, command.contact_id)
        await sent(self._door, press, command)
        return done_response(request)

    async def _has_capsule(self, contact_id: ContactId) -> bool:
        """Whether one is sealed already: the decision it was for was refused."""
        return await self._door.read(partial(noted.has_capsule, contact_id=contact_id))

    async def note(self, request: Request) -> Response:
        """Keep what is chosen so far, as long as the contact is with who chose it."""
        press = await pressed(request, self._door, self._longest)
        person_id = press.reader.desk.person_id
        noting = Noting(contact_in(request), person_id, _noted_in(press.fields))
        await self._door.read(partial(noted.keep, noting=noting))
        return Response(status_code=204)

    async def propose(self, request: Request) -> Response:
        """What the rules propose for the notes as they are, as a part of the page."""
        press = await pressed(request, self._door, self._longest)
        question = ProposeTriage(contact_id=contact_in(request), notes=read_notes(press.fields))
        reply = await asked(self._door, press.reader, question)
        proposal = TriageProposal.model_validate(reply.result, extra="ignore")
        return PAGES.response("triage_proposal.html", press.reader.look, proposal=proposal)


def notes_in(fields: dict[str, Any]) -> dict[str, Any]:
    """What was understood, with the département by its code."""
    notes = fields.get("notes", {})
    if not isinstance(notes, dict):
        raise Flaw(Refusal.INVALID_FIELD, "notes")
    typed = notes.get(_PLACE)
    if isinstance(typed, str):
        return notes | {_PLACE: code_of(typed, f"notes.{_PLACE}")}
    return notes


def read_notes(fields: dict[str, Any]) -> TriageNotes:
    """What was understood so far: a place that is half typed is none yet."""
    try:
        return contract_of(TriageNotes, notes_in(fields))
    except Flaw as flaw:
        if flaw.field != f"notes.{_PLACE}":
            raise
    said = {name: value for name, value in fields["notes"].items() if name != _PLACE}
    return contract_of(TriageNotes, said)


def _noted_in(fields: dict[str, Any]) -> Noted:
    """What is chosen; what is typed is left out."""
    chosen = {name: fields[name] for name in ("priority", "destination") if name in fields}
    return contract_of(Noted, chosen | {"notes": read_notes(fields)})


def _decision_in(fields: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in fields.items() if name not in _OF_THE_PAGE}
    return said | {"notes": notes_in(fields)}


def _capsule_in(fields: dict[str, Any]) -> str | None:
    """The lines of the capsule the person said yes to: none where they said no; None where there
    was nothing to ask them. Flaw when nobody did.
    """
    agreed, lines = taken(fields, _AGREED), fields.pop(_CAPSULE, [])
    if not isinstance(lines, list) or len(lines) > CAPSULE_LINES:
        raise Flaw(Refusal.INVALID_FIELD, _CAPSULE)
    kept = [" ".join(line.split()) for line in lines]
    over = max(map(len, kept), default=0) - CAPSULE_CHARACTERS
    if over > 0:
        raise Flaw(Refusal.INVALID_FIELD, _CAPSULE, over)
    said = "\n".join(line for line in kept if line)
    if said and agreed not in ("yes", "no"):
        raise Problem(
            400, "capsule_not_said", "La capsule n'a pas encore été dite : oui, ou non ?", _AGREED
        )
    if not agreed:
        return None
    return said if agreed == "yes" else ""


def _key_of(reader: Reader, *said: str) -> str:
    """The key of a text, the same however often it is sent.

    Intake keeps a hash of a text that only its key can check, so the key must be nobody's guess: it
    is made with the token of the session.
    """
    digest = hmac.digest(reader.token.encode(), "\x00".join(said).encode(), "sha256")
    return str(UUID(bytes=digest[:16], version=4))
