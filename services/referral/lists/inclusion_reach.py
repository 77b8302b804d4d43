"""Where a service of data·inclusion serves, how it is reached and when its doors are open.

Where it serves is only what codes of INSEE say: a postcode may lie in two départements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from data_inclusion.schema.v1 import Service, Structure

from services.referral.directory.relay import Level
from services.referral.lists.osm_hours import DAYS, Span

_WHOLE_COUNTRY = frozenset({"france", "99100"})  #: the word, and INSEE's code
_OTHER_COUNTRY = re.compile(r"99[0-5]\d{2}")  #: INSEE's codes of countries
_COMMUNE = re.compile(r"\w{5}")
_DEPARTEMENT = re.compile(r"\w{2,3}")
_NATIONAL_NUMBER = re.compile(r"0\d{9}")
#: Words of an address that belongs to a desk and not to a person.
_DESKS = frozenset(
    {
        *("accueil", "action", "agence", "aide", "antenne", "asso"),
        *("association", "bureau", "ccas", "centre", "cias", "cidff"),
        *("cmp", "contact", "coordination", "csapa", "direction", "ecoute"),
        *("emploi", "espace", "formation", "info", "informations", "infos"),
        *("inscription", "mairie", "maison", "mission", "orientation", "permanence"),
        *("plateforme", "pole", "reception", "secretariat", "service", "services"),
        *("siao", "siege", "social", "solidarite"),
    }
)
_DAY = 24 * 60


class Unreadable(Exception):
    """A service cannot be a relay of ours."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


@dataclass(frozen=True)
class Served:
    """Where a service answers; no départements: the whole country."""

    departements: tuple[str, ...]
    communes: tuple[str, ...] = ()  #: of them, where it does not serve the whole départements

    @property
    def level(self) -> Level:
        if not self.departements:
            return Level.NATIONAL
        if self.communes:
            return Level.LOCAL
        if all(_is_overseas(each) for each in self.departements):
            return Level.TERRITORIAL
        return Level.DEPARTMENTAL if len(self.departements) == 1 else Level.REGIONAL

    def areas(self) -> Iterator[dict[str, Any]]:
        if not self.departements:
            yield {"name": "France", "x_country": "FR", "x_departements": None}
        for code in self.departements:
            communes = [each for each in self.communes if departement_of(each) == code]
            yield {
                "name": f"Département {code}",
                "x_country": "FR",
                "x_departements": [code],
                "x_communes": communes or None,
            }


def departement_of(commune: str) -> str:
    """The département of a commune, by its INSEE code (not its postcode)."""
    return commune[:3] if _is_overseas(commune) else commune[:2]


def _is_overseas(code: str) -> bool:
    return code.startswith(("97", "98"))


def served_by(service: Service, structure: Structure) -> Served:
    """By its own zone; where that says nothing we can read, the commune it is in, to be checked."""
    codes = set(service.zone_eligibilite or ())
    if codes & _WHOLE_COUNTRY:
        return Served(())
    countries = set(filter(_OTHER_COUNTRY.fullmatch, codes))
    if countries and countries == codes:
        raise Unreadable("zone_eligibilite", "is another country")
    departements = set(filter(_DEPARTEMENT.fullmatch, codes))
    communes = set(filter(_COMMUNE.fullmatch, codes - countries))
    communes = {code for code in communes if departement_of(code) not in departements}
    if not departements | communes:
        here = service.code_insee or structure.code_insee
        if here is None:
            raise Unreadable(
                "zone_eligibilite", "no département, commune or country of INSEE, and no code_insee"
            )
        communes = {here}
    departements |= {departement_of(code) for code in communes}
    return Served(tuple(sorted(departements)), tuple(sorted(communes)))


# --- how it is reached, and when ------------------------------------------------------------------


def phone_of(told: str | None, served: Served) -> str | None:
    """A number as it is dialled from anywhere; overseas, where 0 has many codes, as it is there."""
    if told is None or not told.strip():
        return None
    number = re.sub(r"[\s.\-()/]", "", told)
    number = f"+{number[2:]}" if number.startswith("00") else number
    number = number.replace("+330", "+33", 1)
    if not re.fullmatch(r"\+[1-9]\d{6,14}|\d{2,10}", number):
        raise Unreadable("telephone", "no number that could be dialled")
    overseas = bool(served.departements) and _is_overseas(served.departements[0])
    if _NATIONAL_NUMBER.fullmatch(number) and not overseas:
        return f"+33{number[1:]}"
    return number


def mail_of_a_desk(service: Service, structure: Structure) -> str | None:
    """The address of the service or of its structure, where each word of it is a desk's.

    A name one cannot tell from a person's is left out: nothing of a person is kept.
    """
    known = set(_words(f"{structure.nom} {service.commune or ''} {structure.commune or ''}"))
    for mail in (service.courriel, structure.courriel):
        words = _words(str(mail or "").partition("@")[0])
        if words and words[0] in _DESKS and set(words) <= _DESKS | known:
            return str(mail)
    return None


def _words(told: str) -> list[str]:
    return [each for each in re.split(r"[^a-zà-ÿ]+", told.lower()) if each]


def schedule_of(span: Span, zone: str) -> dict[str, Any]:
    closes = span.closes if span.closes != _DAY else _DAY - 1  # HSDS: the last minute is meant too
    return {
        "freq": "WEEKLY",
        "wkst": "MO",
        "byday": ",".join(DAYS[day - 1].upper() for day in span.days),
        "opens_at": _clock(span.opens),
        "closes_at": _clock(closes % _DAY),
        "x_timezone": zone,
        "x_channel": "in_person",
        "x_crosses_midnight": closes >= _DAY,
    }


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
