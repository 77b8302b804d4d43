"""What referral does with each command about the directory as people browse it: load, decide, keep.

Nothing is announced: nobody else keeps a copy of the directory, and no event holds a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from contracts.directory import (
    LONGEST_TOLD,
    MOST_TELLINGS,
    FieldTold,
    LookUpRelays,
    RelayField,
    RelayListed,
    RelaysListed,
    RelayStatus,
    RelayTold,
    SaturationTold,
    SeeRelay,
    Telling,
)
from contracts.envelope import Reply, done, refused
from contracts.vocabulary import Departement, LanguageCode, PersonId, Refusal
from services.bus.work import Work
from services.referral import browsing
from services.referral.entries import relay_of
from services.referral.relay import Relay

_MOST_CONFLICTS, _MOST_PLACES = 40, 110
_LONGEST_SOURCE, _LONGEST_DESCRIPTION = 60, 2000


def on_look_up_relays(command: LookUpRelays, work: Work) -> Reply:
    """Say what there is; nothing is changed."""
    page = browsing.page_of(work.session, command)
    listed = tuple(RelayListed(**_listed(row, relay_of(row))) for row in page.rows)
    return done(result=RelaysListed(relays=listed, more=page.more))


def on_see_relay(command: SeeRelay, work: Work) -> Reply:
    """Say everything that is known of one, and who says it; nothing is changed."""
    seen = browsing.one(work.session, command.relay_id)
    if seen is None:
        return refused(Refusal.UNKNOWN_RELAY, "relay_id")
    return done(result=_told(seen))


def _listed(row: Any, relay: Relay) -> dict[str, Any]:
    return {
        "relay_id": relay.slug,
        "called": relay.name,
        "need": relay.needs[0],
        "number": relay.number,
        "in_writing": relay.by_text,
        "always_open": relay.always_open,
        "anonymous": relay.anonymous,
        "proposed": row.active,
        "holds_until": row.holds_until if row.holds else None,
        "sources_differ": row.differs,
        "corrected": row.corrected,
    }


def _told(seen: browsing.Seen) -> RelayTold:
    row = seen.row
    relay = relay_of(row)
    areas = [area.departements for area in relay.areas]
    near = set() if None in areas else {code for area in areas for code in area or ()}
    return RelayTold(
        **_listed(row, relay),
        belongs_to=row.source[:_LONGEST_SOURCE],
        told_at=row.imported_at,
        description=_description(row.document),
        status=RelayStatus(relay.status.value),
        needs=relay.needs,
        languages=tuple(sorted({_language(code) for code in relay.languages})),
        departements=tuple(map(Departement, sorted(near)))[:_MOST_PLACES],
        fields=tuple(_fields(seen.said)),
        conflicts=tuple(
            each[:LONGEST_TOLD] for each in (*relay.conflicts, *row.differing)[:_MOST_CONFLICTS]
        ),
        first_day=None if relay.first_day is None else relay.first_day.isoformat(),
        last_day=None if relay.last_day is None else relay.last_day.isoformat(),
        successor=row.successor,
        successor_called=row.successor_called,
        saturation=_saturation(row, relay),
        verified_at=row.checked_at,
        verified_by=None if row.verified_by is None else PersonId(row.verified_by),
        partner=row.partner,
    )


def _language(code: str) -> LanguageCode:
    return LanguageCode(code) if code in set(LanguageCode) else LanguageCode.OTHER


def _description(document: dict[str, Any]) -> str | None:
    told = str(document.get("description") or "").strip()
    return told[:_LONGEST_DESCRIPTION] or None


def _fields(said: Sequence[browsing.Said]) -> Iterator[FieldTold]:
    for field in RelayField:
        tellings = tuple(_tellings(field, said))[:MOST_TELLINGS]
        different = len({each.said for each in tellings}) > 1
        yield FieldTold(field=field, tellings=tellings, differs=different)


def _tellings(field: RelayField, said: Sequence[browsing.Said]) -> Iterator[Telling]:
    """What each says of a field; the first of them holds."""
    holds = True
    for each in said:
        if field in each.fields:
            yield Telling(
                source=each.source[:_LONGEST_SOURCE],
                said=each.fields[field][:LONGEST_TOLD],
                told_at=each.at,
                holds=holds,
            )
            holds = False


def _saturation(row: Any, relay: Relay) -> SaturationTold | None:
    """What people saw goes before what the list tells."""
    if row.saturated is not None:
        lifetime = timedelta(minutes=row.lifetime_minutes)
        return SaturationTold(
            saturated=row.saturated,
            observed_at=row.observed_at,
            holds_until=row.observed_at + lifetime,
            observed_by=PersonId(row.observed_by),
        )
    if relay.saturation is None:
        return None
    seen = relay.saturation
    return SaturationTold(
        saturated=seen.saturated,
        observed_at=seen.observed_at,
        holds_until=seen.observed_at + seen.lifetime,
    )
