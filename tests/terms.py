"""A line for tests: open by telephone every day from nine to nine, regulators first."""

from typing import Any

from contracts.frame import AlertDuty, FrameTerms, ReportRecipient
from contracts.ladder import CallerTerms, Ladder, LineNumber, PartnerLine, Rung, Wording
from contracts.opening import OpeningRule
from contracts.programme import ProgrammeTerms, RestRules, ServiceTimes, WaitPrices
from contracts.vocabulary import (
    Act,
    AlertRole,
    Channel,
    LanguageCode,
    Need,
    Priority,
    RelayId,
    ReportKind,
    Situation,
    Stage,
    WayOut,
)

EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)


def a_line(**changes: Any) -> ProgrammeTerms:
    """The terms of a line; `changes` replace whole fields."""
    return ProgrammeTerms(
        name="Ligne d'essai",
        country="FR",
        timezone="Europe/Paris",
        opening=(
            OpeningRule(
                channel=Channel.PHONE,
                days=EVERY_DAY,
                opens_at="09:00",
                closes_at="21:00",
            ),
        ),
        channels=(Channel.PHONE,),
        languages=(LanguageCode.FR,),
        needs=(Need.SOLITUDE,),
        first_stage=Stage.REGULATOR,
        untriaged_priority=Priority.P3,
        answer_target_seconds=20,
        times=ServiceTimes(
            regulator_answer_seconds=20,
            untriaged_after_seconds=60,
            regulator_offer_seconds=15,
            listener_offer_seconds=20,
            topic_fallback_seconds=30,
            level_fallback_seconds=45,
            heartbeat_lost_seconds=15,
        ),
        rest=RestRules(
            after_hard_seconds=600,
            max_consecutive_contacts=4,
            break_seconds=600,
            missed_offers_before_pause=2,
        ),
        prices=WaitPrices(
            wait_per_minute=(1, 2, 6, 10),
            abandoned=(10, 20, 60, 100),
            topic_mismatch=2,
            level_mismatch=10,
        ),
        emergency_numbers=("15", "112", "114"),
        frame=FrameTerms(
            alert_duty=(
                AlertDuty(
                    role=AlertRole.SUPERVISOR, days=EVERY_DAY, begins_at="00:00", ends_at="00:00"
                ),
            ),
            report_recipients=tuple(
                ReportRecipient(kind=kind, recipient=RelayId("fr-119")) for kind in ReportKind
            ),
        ),
    ).model_copy(update=changes)


def what_callers_are_told(line: ProgrammeTerms) -> CallerTerms:
    """All that a line must say to callers, in few words; numbers are reserved for fiction."""
    words = tuple(Wording(language=language, words="Des mots.") for language in line.languages)
    partner = RelayId("fr-always")
    last = {
        Situation.ALL_BUSY: Rung(act=Act.OFFERS, way_out=WayOut.ANOTHER_LINE, partners=(partner,))
    }
    connects = Rung(act=Act.CONNECTS, partners=(partner,))
    return CallerTerms(
        numbers=(LineNumber(number="+33639980001"),),
        ladders=tuple(
            Ladder(situation=each, wordings=words, rungs=(last.get(each, connects),))
            for each in Situation
        ),
        partners=(
            PartnerLine(
                partner=partner,
                title="Toujours",
                channel=Channel.PHONE,
                number="0639980002",
                country="FR",
                timezone="Europe/Paris",
                opening=(
                    OpeningRule(
                        channel=Channel.PHONE, days=EVERY_DAY, opens_at="00:00", closes_at="00:00"
                    ),
                ),
                anonymous=True,
                in_writing=True,
            ),
        ),
        controllers=("Une association",),
        transparency=words,
    )
