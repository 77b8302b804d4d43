"""One drill for each alert: how it is provoked, and on which shape of the platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg

from deploy.drill import budgets
from deploy.drill.stage import Stage, quietly
from deploy.synthetic.metrics import Result, Step, record_attempt

Provoke = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Drill:
    """How one alert is provoked."""

    provoke: Provoke
    does: str  #: in one line, for whoever watches
    apart: bool = False  #: one process for each service
    rate: int = 60  #: domain seconds per real second; who talks needs time to take an offer
    within_seconds: float = 90.0  #: real time until it must fire


async def _nothing(stage: Stage) -> None:
    """It fires by itself."""


async def _a_caller_waits(stage: Stage) -> None:
    await stage.call()


async def _nobody_answers(stage: Stage) -> None:
    """One talk is had first: an increase of nothing is seen only where there is a count."""
    desk, contact_id = await stage.talk()
    with quietly():
        await desk.post(
            f"/desk/contacts/{contact_id}/end", {"outcome": "listened", "nature": "test"}
        )
        await desk.end_duty()
    for _ in range(4):
        await stage.listener()
    for _ in range(4):
        await stage.call()


async def _an_alert_stands(stage: Stage) -> None:
    desk, contact_id = await stage.talk()
    await desk.post(f"/desk/contacts/{contact_id}/alert", {"signals": []})


async def _quality_stands_still(stage: Stage) -> None:
    stage.freeze("quality")


async def _postgres_lets_nobody_in(stage: Stage) -> None:
    admin = stage.platform.owner_dsn.rsplit("/", 1)[0] + "/postgres"

    def let(in_: bool) -> None:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE helpline ALLOW_CONNECTIONS {in_}".encode())
            if not in_:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'helpline'"
                )

    stage.undo.callback(let, True)
    let(False)


async def _somebody_else_holds_the_lease(stage: Stage) -> None:
    lease = "UPDATE assignment.lease SET holder = '{}', until = clock_timestamp() {} interval '1 h'"
    stage.change(lease.format("drill", "+"))
    stage.undo.callback(stage.change, lease.format("nobody", "-"))


async def _nats_stands_still(stage: Stage) -> None:
    stage.freeze("nats")
    await stage.call()


async def _a_desk_without_a_stream(stage: Stage) -> None:
    await stage.listener(stream=False)


async def _a_message_is_put_aside(stage: Stage) -> None:
    stage.change(
        "INSERT INTO quality.parked"
        " (stream, stream_sequence, durable, type, reason)"
        " VALUES ('DRILL', 1, 'drill', 'drill', 'unreadable')"
    )
    stage.undo.callback(stage.change, "DELETE FROM quality.parked WHERE durable = 'drill'")


async def _a_rescue_fails(stage: Stage) -> None:
    desk, contact_id = await stage.talk()
    told = await desk.post(
        f"/desk/contacts/{contact_id}/rescue", {"whom": "european", "confirmed": True}
    )
    rescue = told["result"]["rescue_id"]
    await desk.post(f"/desk/rescues/{rescue}/arrival", {"arrival": "refused"})


async def _a_referral_is_not_sent(stage: Stage) -> None:
    stage.change(
        "INSERT INTO referral.referral (referral_id, contact_id, programme, relay_id, state, mode,"
        " need, urgency, minor, scope, consented_at, outcome_given, version) VALUES ('drill',"
        " 'drill', 'sos-crise', 'fr-sos-amitie', 'consented', 'information', 'solitude', 'P3',"
        " false, '{}', public.helpline_now() - interval '20 min', false, 0)"
    )
    stage.undo.callback(stage.change, "DELETE FROM referral.referral WHERE referral_id = 'drill'")


async def _three_attempts_fail(stage: Stage) -> None:
    """The synthetic caller's own figures, from the drill's process."""
    for _ in range(3):
        record_attempt(Result.FAILED, Step.OPEN)
    stage.undo.callback(record_attempt, Result.ANSWERED)


DRILLS: dict[str, Drill] = {
    "Watchdog": Drill(_nothing, "nothing is done"),
    "NobodyOnDutyWhileOpen": Drill(_nothing, "lines are open and nobody is there"),
    "CallerWaitsTooLong": Drill(_a_caller_waits, "somebody calls, nobody is there"),
    "OffersUnanswered": Drill(_nobody_answers, "four callers, and four who let it ring", rate=10),
    "AlertUntaken": Drill(_an_alert_stands, "an alert is raised, nobody supervises", rate=10),
    "NobodyReachedForAlert": Drill(
        _an_alert_stands, "an alert is raised, nobody supervises", rate=10
    ),
    "ServiceAbsent": Drill(_quality_stands_still, "quality is stopped", apart=True),
    "PostgresAway": Drill(_postgres_lets_nobody_in, "Postgres lets nobody in"),
    "NobodyLeads": Drill(_somebody_else_holds_the_lease, "another process holds the lease"),
    "OutboxNotPublished": Drill(_nats_stands_still, "NATS is stopped"),
    "DesksHearNothing": Drill(_a_desk_without_a_stream, "a listener's desk has no stream"),
    "MessageParked": Drill(_a_message_is_put_aside, "a message is put aside"),
    "ReferralUnsent": Drill(_a_referral_is_not_sent, "a referral was agreed to and is not sent"),
    "RescueFailed": Drill(_a_rescue_fails, "a rescue is called and refused", rate=10),
    "DoorBudgetBurnsFast": Drill(budgets.callers_wait_for_the_door, "intake cannot read its lines"),
    "DoorBudgetBurns": Drill(budgets.callers_wait_for_the_door, "intake cannot read its lines"),
    "HandlingBudgetBurnsFast": Drill(budgets.handlers_are_slow, "what was handled is noted slowly"),
    "HandlingBudgetBurns": Drill(budgets.handlers_are_slow, "what was handled is noted slowly"),
    "AnswerBudgetBurns": Drill(budgets.nobody_is_there, "thirty call, nobody is there"),
    "SyntheticCallerUnanswered": Drill(_three_attempts_fail, "three attempts fail"),
}

#: Alerts without a drill yet, each with what its drill needs. Only ever fewer.
WITHOUT: dict[str, str] = {
    "BeatsNotTold": "an assignment that answers and refuses; frozen, its absence is told instead",
    "ContactInLimbo": "a contact lost by a living assignment; frozen, its absence is told instead",
    "EventRefused": "an event no stream takes, from a service's own outbox",
    "HandlersFail": "twenty failures at the pace of real retries",
    "SyntheticCallerGone": "a program of its own that is ended",
    "DutyCallLapsed": "a duty professional whose webhook leads nowhere",
    "DutyCallsBroken": "a duty professional whose webhook leads nowhere",
    "NobodySignsIn": "an issuer of accounts that refuses",
    "TextsCannotBeOpened": "a day's key taken away under a live chat",
}
