"""The ladder: four texts, and rungs that hold at the hour somebody rings."""

from datetime import UTC, datetime

from contracts.ladder import CallerTerms, Ladder, PartnerLine, Rung, Wording
from contracts.opening import OpeningRule
from contracts.vocabulary import (
    Act,
    Channel,
    LanguageCode,
    OnHolidays,
    RelayId,
    Situation,
    WayOut,
)
from services.intake.answers import LadderTold, RungTold
from services.intake.ladder import ladder_told, never_closes

NOON, MIDNIGHT = (datetime(2020, 11, 2, hour, tzinfo=UTC) for hour in (11, 23))
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
DAY, ALWAYS = RelayId("fr-day"), RelayId("fr-always")


def a_partner(
    partner: RelayId, opens_at: str, closes_at: str, days: tuple[int, ...] = EVERY_DAY
) -> PartnerLine:
    return PartnerLine(
        partner=partner,
        title="Une ligne",
        channel=Channel.PHONE,
        number="0639980001",
        country="FR",
        timezone="Europe/Paris",
        opening=(
            OpeningRule(channel=Channel.PHONE, days=days, opens_at=opens_at, closes_at=closes_at),
        ),
        anonymous=True,
    )


def callers(*rungs: Rung, situation: Situation = Situation.CLOSED) -> CallerTerms:
    return CallerTerms(
        ladders=(
            Ladder(
                situation=situation,
                wordings=(Wording(language=LanguageCode.FR, words="Fermé."),),
                rungs=rungs,
            ),
        ),
        partners=(a_partner(DAY, "09:00", "18:00"), a_partner(ALWAYS, "00:00", "00:00")),
    )


SAYS = Rung(act=Act.SAYS)
BY_DAY_OR_ALWAYS = Rung(act=Act.CONNECTS, partners=(DAY, ALWAYS))


def told(
    rungs: tuple[Rung, ...], moment: datetime | None, channel: Channel = Channel.PHONE
) -> LadderTold:
    found = ladder_told(callers(*rungs), Situation.CLOSED, channel, moment)
    assert found is not None
    return found


def led_to(rung: RungTold) -> str | None:
    return None if rung.partner is None else rung.partner.partner


def test_the_first_partner_that_is_open_at_that_moment_is_connected() -> None:
    assert led_to(told((BY_DAY_OR_ALWAYS,), NOON).rungs[0]) == DAY
    assert led_to(told((BY_DAY_OR_ALWAYS,), MIDNIGHT).rungs[0]) == ALWAYS


def test_when_the_time_is_not_known_only_a_line_that_never_closes_counts() -> None:
    assert led_to(told((BY_DAY_OR_ALWAYS,), None).rungs[0]) == ALWAYS


def test_a_rung_that_leads_to_a_closed_line_is_left_out() -> None:
    by_day = Rung(act=Act.CONNECTS, partners=(DAY,))
    found = told((SAYS, by_day, BY_DAY_OR_ALWAYS), MIDNIGHT)
    assert [(rung.act, led_to(rung)) for rung in found.rungs] == [
        (Act.SAYS, None),
        (Act.CONNECTS, ALWAYS),
    ]


def test_who_writes_is_offered_the_line_a_voice_is_connected_to() -> None:
    assert told((BY_DAY_OR_ALWAYS,), NOON, Channel.PHONE).rungs[0].act is Act.CONNECTS
    assert told((BY_DAY_OR_ALWAYS,), NOON, Channel.CHAT).rungs[0].act is Act.OFFERS


def test_an_offer_that_leads_nowhere_else_is_told_at_any_hour() -> None:
    box = Rung(act=Act.OFFERS, way_out=WayOut.MESSAGE_BOX)
    assert told((box,), MIDNIGHT).rungs[0].way_out is WayOut.MESSAGE_BOX


def test_each_situation_has_words_of_its_own() -> None:
    line = callers(SAYS, situation=Situation.ALL_BUSY)
    assert ladder_told(line, Situation.CLOSED, Channel.PHONE, NOON) is None
    busy = ladder_told(line, Situation.ALL_BUSY, Channel.PHONE, NOON)
    assert busy is not None
    assert busy.wordings[0].words == "Fermé."


def test_a_line_never_closes_only_if_no_day_and_no_holiday_closes_it() -> None:
    always = a_partner(ALWAYS, "00:00", "00:00")
    assert never_closes(always)
    assert not never_closes(always.model_copy(update={"on_holidays": OnHolidays.CLOSED}))
    assert not never_closes(a_partner(DAY, "00:00", "23:59"))
    assert not never_closes(a_partner(DAY, "00:00", "00:00", (1, 2, 3, 4, 5, 6)))
