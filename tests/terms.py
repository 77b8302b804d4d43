"""A line for tests: open by telephone every day from nine to nine, regulators first."""

from typing import Any

from contracts.programme import OpeningRule, ProgrammeTerms, RestRules, ServiceTimes, WaitPrices
from contracts.vocabulary import Channel, LanguageCode, Need, Priority, Stage


def a_line(**changes: Any) -> ProgrammeTerms:
    """The terms of a line; `changes` replace whole fields."""
    return ProgrammeTerms(
        name="Ligne d'essai",
        country="FR",
        timezone="Europe/Paris",
        opening=(
            OpeningRule(
                channel=Channel.PHONE,
                days=(1, 2, 3, 4, 5, 6, 7),
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
    ).model_copy(update=changes)
