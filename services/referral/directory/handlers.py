"""What referral does with each command about the directory as people browse it: load, decide, keep.

Nothing is announced: nobody else keeps a copy of the directory, and no event holds a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, assert_never

from contracts.directory import (
    LONGEST_TOLD,
    MOST_TELLINGS,
    CorrectRelay,
    FieldTold,
    LookUpRelays,
    RelayField,
    RelayListed,
    RelaysListed,
    RelayStatus,
    RelayTold,
    SaturationTold,
    SeeRelay,
    TakeBackCorrection,
    Telling,
    VerificationTold,
)
from contracts.envelope import Reply, done, refused
from contracts.partner import UpdateEntry, person_of
from contracts.vocabulary import Departement, LanguageCode, PersonId, Refusal, RelayId
from services.bus.work import Work
from services.referral.directory import browsing, entries, layers
from services.referral.directory.correcting import Sound, judge_correction
from services.referral.directory.entries import relay_of
from services.referral.directory.layers import Layer, Origin
from services.referral.directory.relay import Relay
from services.referral.domain import MayNot
from services.referral.partners import partners

#: What a partner may say of its own service.
_PARTNERS_FIELDS = (RelayField.NUMBER, RelayField.HOURS, RelayField.CLOSED_UNTIL)
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


def on_correct_relay(command: CorrectRelay, work: Work) -> Reply:
    """Lay what somebody of ours knows over what lists say."""
    told = {field: getattr(command, field.value) for field in RelayField}
    wanted = {field: str(words) for field, words in told.items() if words is not None}
    layer = Layer(Origin.OURS, work.command.actor, work.now)
    return put_right(work, command.relay_id, wanted, layer)


def put_right(
    work: Work, relay_id: RelayId, wanted: Mapping[RelayField, str], layer: Layer
) -> Reply:
    """Lay what somebody says over a list, where all of it is sound."""
    relay = entries.one(work.session, relay_id)
    successor = wanted.get(RelayField.SUCCESSOR)
    if successor is not None and entries.leads_to(work.session, RelayId(successor), relay_id):
        return refused(Refusal.INVALID_FIELD, RelayField.SUCCESSOR.value)
    match judge_correction(relay, wanted, work.now.date()):
        case MayNot(why, field):
            return refused(why, field)
        case Sound(said):
            if successor is not None and entries.one(work.session, RelayId(successor)) is None:
                return refused(Refusal.UNKNOWN_RELAY, RelayField.SUCCESSOR.value)
            layers.lay(work.session, relay_id, said, layer)
            entries.lay_anew(work.session, relay_id)
            return done()
        case unexpected:
            assert_never(unexpected)


def on_partner_entry(command: UpdateEntry, work: Work) -> Reply:
    """Lay what a partner says of a service of its own over lists, and under what we found out."""
    assert work.partner is not None
    partner = partners.partner_of(work.session, command.relay_id)
    if partner is None or partner.partner != work.partner:
        return refused(Refusal.UNKNOWN_RELAY, "relay_id")  # another's is as good as none
    told = {field: getattr(command, field.value) for field in _PARTNERS_FIELDS}
    wanted = {field: str(words) for field, words in told.items() if words is not None}
    layer = Layer(Origin.PARTNER, person_of(work.partner), work.now)
    return put_right(work, command.relay_id, wanted, layer)


def on_take_back_correction(command: TakeBackCorrection, work: Work) -> Reply:
    """Let the list say it again; what nobody had put right is as it was."""
    if entries.one(work.session, command.relay_id) is None:
        return refused(Refusal.UNKNOWN_RELAY, "relay_id")
    layer = Layer(Origin.OURS, work.command.actor, work.now)
    if layers.take_back(work.session, command.relay_id, command.field, layer):
        entries.lay_anew(work.session, command.relay_id)
    return done()


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
        acts=tuple(map(_act, seen.acts)),
    )


def _act(row: Any) -> VerificationTold:
    field = None if row.field is None else RelayField(row.field)
    return VerificationTold(act=row.act, of=field, at=row.done_at, by=PersonId(row.done_by))


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
                told_by=None if each.by is None else PersonId(each.by),
                ours=each.ours,
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
