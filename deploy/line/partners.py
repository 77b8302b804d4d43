"""Partner lines as the directory of relays knows them, and whether a line may lead to them."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from contracts.ladder import PartnerLine
from contracts.opening import OpeningRule
from contracts.vocabulary import Channel, OnHolidays, RelayId
from deploy.line.unfit import Unfit
from services.intake.flaws import first_contradiction
from services.intake.ladder import never_closes
from services.intake.numbers import from_anywhere
from services.referral.directory.committed import COMMITTED, read_directory
from services.referral.directory.numbers import PublicNumber, number_of
from services.referral.directory.relay import Relay, Status

#: As many as one rung of a ladder can name.
MOST = 6
#: Numbers of so few digits are dialled inside their country alone: 3114, 116 111.
_SHORT = 6
_MINUTES_A_DAY = 24 * 60
_CHANNELS = {"phone": Channel.PHONE, "chat": Channel.CHAT, "message": Channel.MESSAGE}


@lru_cache(maxsize=1)
def _rows() -> dict[str, tuple[Relay, dict[str, Any]]]:
    relays = {relay.slug: relay for relay in read_directory().relays}
    written = json.loads((COMMITTED / "relays.json").read_bytes())["services"]
    slugs = {row["x_relay"]["slug"]: row for row in written}
    return {str(slug): (relay, slugs[slug]) for slug, relay in relays.items()}


def partner_of(slug: str, country: str) -> PartnerLine:
    """A row of the directory as a line of `country` counts on it; Unfit when it cannot."""
    if slug not in _rows():
        reason = "is not in the directory of relays; look for one with: ./just relays find solitude"
        raise Unfit(f"{slug} {reason}")
    relay, row = _rows()[slug]
    if relay.status is not Status.ACTIVE:
        raise Unfit(f"{slug} does not work any more, says the directory")
    channel = _channel(relay)
    number = number_of(row.get("phones") or []) if channel is Channel.PHONE else None
    page = row.get("url")
    if channel is Channel.PHONE:
        if number is None or number.by_text:
            raise Unfit(f"{slug} has no number in the directory")
        if len(number.number) <= _SHORT and relay.country != country:
            raise Unfit(f"{slug} has a short number, which is not dialled from {country}")
    elif not isinstance(page, str) or not 0 < len(page) <= 120:
        raise Unfit(f"{slug} has no page on the web in the directory")
    return PartnerLine(
        partner=RelayId(slug),
        title=relay.name[:80],
        channel=channel,
        number=None if number is None else _dialled(number, relay.country),
        page=None if channel is Channel.PHONE else page,
        country=relay.country,
        timezone=str(relay.periods[0].zone),
        opening=_hours(relay, channel),
        on_holidays=_on_holidays(relay),
        anonymous=relay.anonymous,
        in_writing=channel is not Channel.PHONE,
    )


def _on_holidays(relay: Relay) -> OnHolidays:
    """As the directory says; whether a row that says nothing is open then, nobody knows."""
    said = relay.on_holidays.value
    if said == "not_said":
        return OnHolidays.AS_USUAL if relay.always_open else OnHolidays.CLOSED
    return OnHolidays(said)


def _channel(relay: Relay) -> Channel:
    for name, channel in _CHANNELS.items():
        if any(each.channel == name for each in relay.periods):
            return channel
    raise Unfit(f"the directory does not know when {relay.slug} is open; it may be a silent number")


def _hours(relay: Relay, channel: Channel) -> tuple[OpeningRule, ...]:
    periods = [each for each in relay.periods if _CHANNELS.get(each.channel) is channel]
    if any(each.first_day or each.last_day for each in periods):
        raise Unfit(f"{relay.slug} has other hours by season; write it into the manifest by hand")
    rules = tuple(
        OpeningRule(
            channel=channel,
            days=tuple(sorted(each.days)),
            opens_at=_clock(each.opens),
            closes_at=_clock(each.closes),
        )
        for each in periods
    )
    if len(rules) > 20 or first_contradiction(rules) is not None:
        raise Unfit(f"{relay.slug} has hours that overlap, in the directory")
    return rules


def _clock(minutes: int) -> str:
    hours, rest = divmod(minutes % _MINUTES_A_DAY, 60)
    return f"{hours:02}:{rest:02}"


def _dialled(number: PublicNumber, country: str) -> str:
    short = len(number.number) <= _SHORT
    return number.number if short else from_anywhere(number.number, country)


def holds_at_any_hour(partner: PartnerLine) -> bool:
    """Whether a caller may be connected to it at any hour without being asked for a name."""
    by_voice = partner.channel is Channel.PHONE and partner.anonymous is True
    return by_voice and never_closes(partner)
