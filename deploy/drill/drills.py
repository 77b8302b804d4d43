"""One drill for each alert: how it is provoked, and on which shape of the platform."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.drill import budgets, provoking
from deploy.drill.stage import NOWHERE, Stage

Provoke = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True)
class Drill:
    """How one alert is provoked."""

    provoke: Provoke
    does: str  #: in one line, for whoever watches
    apart: bool = False  #: one process for each service
    rate: int = 60  #: domain seconds per real second; who talks needs time to take an offer
    within_seconds: float = 90.0  #: real time until it must fire
    #: What the platform is told at start beside the usual; `{folder}` is the drill's own.
    settings: Mapping[str, str] = field(default_factory=dict)

    def environment(self, folder: Path) -> dict[str, str]:
        """Its settings, with the folder in place; the secret they name is made there."""
        (folder / "secret").write_text("0" * 64)
        return {name: value.format(folder=folder) for name, value in self.settings.items()}


#: Risk may dial an address of this machine at which nobody answers.
_DIALS_NOWHERE = {"HELPLINE_RISK_OUTBOUND": NOWHERE}
#: The issuer of accounts is there as well.
_ISSUER_AWAY = {
    "HELPLINE_OIDC_ISSUER": NOWHERE,
    "HELPLINE_OIDC_CLIENT_ID": "drill",
    "HELPLINE_OIDC_CLIENT_SECRET_FILE": "{folder}/secret",
    "HELPLINE_OIDC_REDIRECT_URI": f"{NOWHERE}/entrer/retour",
}

DRILLS: dict[str, Drill] = {
    "Watchdog": Drill(provoking.nothing, "nothing is done"),
    "NobodyOnDutyWhileOpen": Drill(provoking.nothing, "lines are open and nobody is there"),
    "CallerWaitsTooLong": Drill(provoking.a_caller_waits, "somebody calls, nobody is there"),
    "OffersUnanswered": Drill(
        provoking.nobody_answers, "four callers, and four who let it ring", rate=10
    ),
    "ContactInLimbo": Drill(
        provoking.a_contact_is_lost, "a caller waits and assignment's ledger loses them"
    ),
    "AlertUntaken": Drill(
        provoking.an_alert_stands, "an alert is raised, nobody supervises", rate=10
    ),
    "NobodyReachedForAlert": Drill(
        provoking.an_alert_stands, "an alert is raised, nobody supervises", rate=10
    ),
    "DutyCallLapsed": Drill(
        provoking.calls_lead_nowhere,
        "an alert stands, the duty professional's address answers nothing",
        rate=10,
        settings=_DIALS_NOWHERE,
    ),
    "DutyCallsBroken": Drill(
        provoking.calls_lead_nowhere,
        "an alert stands, the duty professional's address answers nothing",
        rate=10,
        settings=_DIALS_NOWHERE,
    ),
    "RescueFailed": Drill(provoking.a_rescue_fails, "a rescue is called and refused", rate=10),
    "TextsCannotBeOpened": Drill(
        provoking.keys_of_days_are_away, "the folder of the keys of days is away", rate=1
    ),
    "ReferralUnsent": Drill(
        provoking.a_referral_is_not_sent,
        "a caller agrees to a referral, the listener does not send it",
        rate=20,
    ),
    "NobodySignsIn": Drill(
        provoking.nobody_can_sign_in,
        "the issuer of accounts is away, eight people come",
        settings=_ISSUER_AWAY,
    ),
    "ServiceAbsent": Drill(provoking.quality_stands_still, "quality is stopped", apart=True),
    "PostgresAway": Drill(provoking.postgres_lets_nobody_in, "Postgres lets nobody in"),
    "FiguresNotRead": Drill(provoking.a_table_is_locked, "a table of assignment stays locked"),
    "NobodyLeads": Drill(
        provoking.somebody_else_holds_the_lease, "another process holds the lease"
    ),
    "OutboxNotPublished": Drill(provoking.nats_stands_still, "NATS is stopped"),
    "NatsUnwell": Drill(provoking.nats_stands_still, "NATS is stopped"),
    "ReadersBehind": Drill(
        provoking.quality_does_not_follow, "quality is stopped, sixty people call", apart=True
    ),
    "StreamNearlyFull": Drill(
        provoking.a_stream_has_little_room, "a stream may keep little more than it holds"
    ),
    "BackupTooOld": Drill(
        provoking.nobody_copied_for_two_nights,
        "streams were copied and the database dumped two nights ago, and not since",
    ),
    "CertificateEndsSoon": Drill(
        provoking.a_certificate_ends_soon, "NATS shows a certificate that ends in twenty days"
    ),
    "DesksHearNothing": Drill(provoking.a_desk_without_a_stream, "a listener's desk has no stream"),
    "BeatsNotTold": Drill(
        provoking.assignment_stands_still,
        "a listener is there, assignment is stopped",
        apart=True,
        rate=1,
    ),
    "PartnerBehind": Drill(
        provoking.a_partner_does_not_read,
        "a partner is sent a referral and reads nothing",
        rate=20,
    ),
    "WebhookFailing": Drill(
        provoking.a_webhook_answers_nothing,
        "a partner's webhook is at a name nobody has",
        rate=40,
    ),
    "WebhookGivenUp": Drill(
        provoking.a_webhook_is_given_up,
        "a partner's webhook fails for the tenth time",
        rate=20,
    ),
    "MessageParked": Drill(
        provoking.a_malformed_event_is_published, "a malformed event is published"
    ),
    "EventRefused": Drill(
        provoking.a_stream_takes_nothing_so_large, "a stream takes no message of this size"
    ),
    "HandlersFail": Drill(
        provoking.a_right_is_missing, "quality has lost a right in its tables, six people call"
    ),
    "SyntheticCallerUnanswered": Drill(
        provoking.the_robot_is_not_answered,
        "the synthetic caller runs, Postgres lets nobody in",
        rate=1,
    ),
    "SyntheticCallerGone": Drill(
        provoking.the_robot_ends, "the synthetic caller runs and is killed", rate=1
    ),
    "DoorBudgetBurnsFast": Drill(budgets.callers_wait_for_the_door, "intake cannot read its lines"),
    "DoorBudgetBurns": Drill(budgets.callers_wait_for_the_door, "intake cannot read its lines"),
    "HandlingBudgetBurnsFast": Drill(budgets.handlers_are_slow, "what was handled is noted slowly"),
    "HandlingBudgetBurns": Drill(budgets.handlers_are_slow, "what was handled is noted slowly"),
    "AnswerBudgetBurns": Drill(budgets.nobody_is_there, "thirty call, nobody is there"),
}
