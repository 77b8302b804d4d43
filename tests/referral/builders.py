"""What the tests of the directory are about: a row, and somebody to find it for."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from contracts.vocabulary import Need, RelayId
from services.referral.directory.question import Question
from services.referral.directory.relay import Area, Confidence, Kind, Level, Period, Relay, Status

RELAY = RelayId("fr-3114")  #: not anonymous, by its own word
PARIS = ZoneInfo("Europe/Paris")
WEEK = frozenset(range(1, 8))
SUNDAY = frozenset({7})
WORKING_DAYS = frozenset(range(1, 6))


def at(clock: str, zone: str = "Europe/Paris") -> datetime:
    """An aware moment from a local wall time, for instance `2026-01-14 15:20`."""
    return datetime.fromisoformat(clock).replace(tzinfo=ZoneInfo(zone))


def hours(
    opens: str, closes: str, days: frozenset[int] = WEEK, zone: str = "Europe/Paris"
) -> Period:
    """A period by phone; `closes` may be beyond 24:00 for the next day."""
    return Period("phone", ZoneInfo(zone), days, _minutes(opens), _minutes(closes))


def a_relay(slug: str = "fr-somebody", *needs: Need, **other: Any) -> Relay:
    """A national support line by phone in French, its hours unknown."""
    row = Relay(
        slug=RelayId(slug),
        name=slug,
        status=Status.ACTIVE,
        kind=Kind.SUPPORT,
        level=Level.NATIONAL,
        country="FR",
        needs=needs or (Need.SOLITUDE,),
        channels=frozenset({"phone"}),
        languages=frozenset({"fr"}),
        areas=(Area("FR", None, None),),
        periods=(),
        always_open=False,
        anonymous=True,
        confidence=Confidence.HIGH,
        confidence_hours=Confidence.HIGH,
    )
    return replace(row, **other)


def an_open_relay(slug: str = "fr-somebody", *needs: Need, **other: Any) -> Relay:
    return a_relay(slug, *needs, **({"periods": (hours("00:00", "24:00"),)} | other))


def a_question(*needs: Need, **other: Any) -> Question:
    """Somebody in Paris on a Wednesday afternoon."""
    asked = Question(
        needs=needs or (Need.SOLITUDE,),
        country="FR",
        departement="75",
        at=at("2026-01-14 15:20"),
    )
    return replace(asked, **other)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
