"""A service of data·inclusion, read as a relay: its facts in HSDS, and what they leave unknown.

France's directory of social services (structures and their services, schema 1.0). A service is
checked by its publisher's own models, written as a row of HSDS and then read like any other, so
that there is one way in. It arrives unverified. The surprising things: a service that meets no need
of a person in distress is skipped, which is no flaw; the name of its contact is never kept, and an
e-mail address only where it says a function of the structure and no person; and where it serves is
only what codes of INSEE say, because a postcode may lie in two départements.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from data_inclusion.schema.v1 import Frais, ModeAccueil, PersonneMobilisatrice, Service, Structure
from pydantic import ValidationError

from services.referral.directory.relay import Kind, OnHolidays, Relay
from services.referral.lists.hsds import RowFlaw, read_row
from services.referral.lists.inclusion_reach import (
    Unreadable,
    mail_of_a_desk,
    phone_of,
    schedule_of,
    served_by,
)
from services.referral.lists.inclusion_themes import ONLY_FOR, THEMES
from services.referral.lists.osm_hours import read_week

_OURS = uuid.UUID("6f0a2c5e-58b1-5d7c-9f6e-2f0d4d8b3a17")  #: from which ids of rows are made
_METROPOLITAN = "Europe/Paris"


@dataclass(frozen=True)
class Inclusion:
    """How to read rows of data·inclusion.

    `structures`: those the services belong to, by id, or why one could not be read; `zones`: the
    clock of each département, by INSEE's code. `lines`: rows are lines of a file.
    """

    structures: Mapping[str, Structure | str]
    zones: Mapping[str, str]
    lines: bool = False

    def read(
        self, place: int, row: object, departements: frozenset[str]
    ) -> Relay | list[RowFlaw] | None:
        """Read one service; None: it meets no need of ours; flaws where it cannot be read."""
        told_as = self._told_as(place, row)
        if isinstance(row, bytes):  # a line that is no JSON
            if not row.strip():
                return None
            return [RowFlaw(f"services[{place}]", "row", "no JSON", told_as)]
        known = row.get("id") if isinstance(row, dict) else None
        named = slug_of(known) if isinstance(known, str) and known else f"services[{place}]"
        try:
            service = Service.model_validate(row)
            structure = self._structure(service, row)
        except ValidationError as error:
            return [RowFlaw(named, name, why, told_as) for name, why in _reasons(error)]
        if isinstance(structure, str):
            return [RowFlaw(named, "structure_id", structure, told_as)]
        if not set(THEMES) & (service.thematiques or set()):
            return None
        try:
            written = _row(service, structure, self.zones)
        except Unreadable as unreadable:
            return [RowFlaw(named, unreadable.name, unreadable.why, told_as)]
        read = read_row(place, written, departements)
        if isinstance(read, Relay):
            return read
        return [RowFlaw(named, flaw.field, flaw.why, told_as) for flaw in read]

    def _told_as(self, place: int, row: object) -> str:
        where = f"line {place + 1}" if self.lines else f"services[{place}]"
        known = row.get("id") if isinstance(row, dict) else None
        return f"{where} ({known})" if isinstance(known, str) else where

    def _structure(self, service: Service, row: object) -> Structure | str:
        """Its structure, told with it or in a list of their own; why there is none."""
        told = row.get("structure") if isinstance(row, dict) else None
        if isinstance(told, dict):
            return Structure.model_validate(told)
        missing = f"no structure is {service.structure_id!r}"
        return self.structures.get(service.structure_id, missing)


def read_structures(rows: Iterable[object]) -> dict[str, Structure | str]:
    """Structures by id; why, for one that is wrong: its services are refused with that."""
    read: dict[str, Structure | str] = {}
    for row in rows:
        known = row.get("id") if isinstance(row, dict) else None
        try:
            structure = Structure.model_validate(row)
            read[structure.id] = structure
        except ValidationError as error:
            name, why = next(_reasons(error))
            read[str(known)] = f"its structure is wrong: {name}: {why}"
    return read


def slug_of(service_id: object) -> str:
    """The name of a relay, from its id at the source: always the same, and no other's."""
    told = str(service_id)
    words = re.sub(r"[^a-z0-9]+", "-", told.lower()).strip("-")[:28].strip("-") or "x"
    return f"fr-{words}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def _reasons(error: ValidationError) -> Iterator[tuple[str, str]]:
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        yield ".".join(str(part) for part in each["loc"]) or "row", each["msg"]


# --- as a row of HSDS -----------------------------------------------------------------------------


def _row(service: Service, structure: Structure, zones: Mapping[str, str]) -> dict[str, Any]:
    made = _Maker(service.id)
    served = served_by(service, structure)
    phone = phone_of(service.telephone or structure.telephone, served)
    mail = mail_of_a_desk(service, structure)
    link = service.lien_mobilisation or service.lien_source or structure.site_web
    written = service.horaires_accueil or structure.horaires_accueil
    themes = [each for each in THEMES if each in (service.thematiques or ())]
    week = read_week(written) if written else None
    zone = zones.get(served.departements[0], _METROPOLITAN) if served.departements else None
    channels = {
        "phone": phone is not None,
        "email": mail is not None,
        "web_form": service.lien_mobilisation is not None,
        "in_person": ModeAccueil.EN_PRESENTIEL in (service.modes_accueil or ()),
    }
    if not any(channels.values()):
        raise Unreadable("telephone", "nobody could reach it: no number, address, link or door")
    return _told(
        {
            "id": made.id("service"),
            "organization_id": _Maker(structure.id).id("structure"),
            "name": service.nom,
            "description": service.description,
            "url": None if link is None else str(link),
            "email": mail,
            "status": "active",
            "fees_description": service.frais_precisions
            or (None if service.frais is None else service.frais.value),
            "eligibility_description": _eligible(service),
            "application_process": _by_whom(service),
            "last_modified": f"{service.date_maj.isoformat()}T00:00:00Z",
            "organization": {
                "id": _Maker(structure.id).id("structure"),
                "name": structure.nom,
                "description": structure.description or structure.nom,
            },
            "phones": [] if phone is None else [made.of("phone", number=phone, type="voice")],
            "schedules": [
                made.of("schedule", at=place, **schedule_of(span, zone or _METROPOLITAN))
                for place, span in enumerate(week.spans if week else ())
            ],
            "service_areas": [
                made.of("area", at=place, **area) for place, area in enumerate(served.areas())
            ],
            # data·inclusion tells no languages; that of its country is assumed.
            "languages": [made.of("language", code="fr", name="français")],
            "cost_options": [made.of("cost", currency="EUR", amount=0)]
            if service.frais is Frais.GRATUIT
            else [],
            "x_relay": {
                "slug": slug_of(service.id),
                "level": served.level,
                "country": "FR",
                "role": THEMES[themes[0]][1] if themes else Kind.SOCIAL,
                "needs": _needs(service),
                "channels": [name for name, so in channels.items() if so],
                "always_open": False,
                "anonymous": None,
                "confidence": "medium",
                "confidence_hours": "low" if week else "unknown",
                "on_holidays": OnHolidays.CLOSED
                if week and week.shut_on_holidays
                else OnHolidays.NOT_SAID,
                "hours_told": written,
                "accessibility": None
                if structure.accessibilite_lieu is None
                else str(structure.accessibilite_lieu),
                "source": [f"data·inclusion, {service.source}: {service.id}"],
                "source_updated_on": service.date_maj.isoformat(),
                "verified_at": None,
            },
        }
    )


def _told(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what is not known: HSDS leaves that out."""
    return {name: value for name, value in row.items() if value is not None and value != []}


@dataclass(frozen=True)
class _Maker:
    """Makes ids that are the same at every import."""

    known: str

    def id(self, kind: str, at: int = 0) -> str:
        return str(uuid.uuid5(_OURS, f"{kind}:{self.known}:{at}"))

    def of(self, kind: str, at: int = 0, **told: Any) -> dict[str, Any]:
        """An object of HSDS that belongs to the service."""
        return {"id": self.id(kind, at), "service_id": self.id("service"), **told}


def _needs(service: Service) -> list[str]:
    """What it is for first: for one group alone where it says so, then by its themes."""
    publics = service.publics or set()
    group = [need for public, need in ONLY_FOR.items() if publics and publics <= {public}]
    themes = [THEMES[each][0] for each in THEMES if each in (service.thematiques or ())]
    return [need.value for need in dict.fromkeys([*group, *themes])]


def _eligible(service: Service) -> str | None:
    publics = sorted(public.label for public in service.publics or ())
    told = (", ".join(publics), service.publics_precisions, service.conditions_acces)
    return ". ".join(each for each in told if each) or None


def _by_whom(service: Service) -> str | None:
    """How it is asked; said where only a professional may."""
    ways = [way.label for way in sorted(service.modes_mobilisation or ())]
    if service.mobilisable_par == {PersonneMobilisatrice.PROFESSIONNELS}:
        ways.insert(0, "Par un professionnel seulement")
    return ", ".join(ways) or None
