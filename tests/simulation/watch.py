"""Supervisors and the duty professional: they see to alerts, and to what wants a second person."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from contracts.anonymity import DecideLift, LiftVerdict, ReviewLift
from contracts.care import CloseDebrief
from contracts.contact import EndContact
from contracts.envelope import Command, Reply
from contracts.referral import GiveOutcome, RecordAnswer
from contracts.report import (
    Danger,
    DecideLegalReport,
    LegalGround,
    ProposeLegalReport,
    TakenOverBy,
)
from contracts.rescue import Arrival, ReportArrival
from contracts.risk import (
    AcknowledgeAlert,
    AlertOutcome,
    CloseAlert,
    EscalateAlert,
    RaiseAlert,
    StandDownAlert,
    StandDownReason,
)
from contracts.text import EraseTexts, WantHumanNow
from contracts.vocabulary import Outcome, RelayOutcome, Role
from contracts.withdrawal import WithdrawConsent, hash_of_code
from services.intake.withdrawal_page import keep_withdrawal
from services.risk import lifting, reporting
from services.risk.domain import Asker
from tests.assignment.builders import SOS
from tests.simulation.asking import AtDoor, Person

if TYPE_CHECKING:
    from tests.simulation.house import House

_ALERTS = """
    SELECT alert_id, standing, held_by FROM console.alert WHERE standing IN ('open', 'taken')
    ORDER BY alert_id
"""
#: Whatever else waits for somebody, each with what it is.
_REST = """
    SELECT 'debrief', debrief_id FROM roster.debrief WHERE NOT closed
    UNION ALL SELECT 'lift', lift_id FROM risk.lift WHERE state = 'asked'
    UNION ALL SELECT 'agreed', lift_id FROM risk.lift WHERE state = 'agreed'
    UNION ALL SELECT 'review', lift_id FROM risk.lift WHERE alone AND NOT reviewed
    UNION ALL SELECT 'legal', report_id FROM risk.legal_report WHERE NOT decided
    UNION ALL SELECT state, report_id FROM risk.at_risk_report WHERE state <> 'read'
    UNION ALL SELECT 'sent', referral_id FROM referral.referral WHERE state IN ('sent', 'expired')
    UNION ALL SELECT 'message', contact_id FROM intake.contact
        WHERE channel = 'message' AND state <> 'ended'
    UNION ALL SELECT 'ended', contact_id FROM intake.contact WHERE state = 'ended'
    UNION ALL SELECT 'rescue', rescue_id FROM risk.rescue WHERE outcome IS NULL
    ORDER BY 1, 2
"""
_URGENT = frozenset({"lift", "agreed", "review", "sent"})
_OF_SUPERVISORS = frozenset({"debrief", "message", "ended", "sent"})


@dataclass
class Watch(Person):
    """Somebody who may take alerts."""

    shown: str | None = None  #: the lift that is being shown to them

    def wish(self, house: House, dice: Random) -> Command | AtDoor | None:
        """An alert comes first; then, now and then, something else that waits."""
        if self.shown is not None:
            lift, self.shown = self.shown, None
            found = dice.random() < 0.5
            return AtDoor("risk", partial(lifting.keep_shown, lift, self._asker, found))
        alerts = house.look(_ALERTS)
        if alerts and dice.random() < 0.7:
            return self._of_alert(dice.choice(alerts), dice)
        waiting = house.look(_REST)
        if not waiting or dice.random() < 0.2:
            return None
        urgent = [each for each in waiting if each[0] in _URGENT]
        what, id = dice.choice(urgent if urgent and dice.random() < 0.5 else waiting)
        return self._of_the_rest(what, id, house, dice)

    @property
    def _asker(self) -> Asker:
        return Asker(self.person_id, self.role, SOS)

    def _begins_to_see(self, lift: str, reply: Reply) -> None:
        if reply.status == "done":
            self.shown = lift

    def _of_alert(self, alert: tuple[Any, ...], dice: Random) -> Command:
        alert_id, standing, held_by = alert
        if standing == "open" or held_by != self.person_id:
            match dice.choices(("take", "on", "none"), (6, 1, 1)):
                case ["take"]:
                    return AcknowledgeAlert(alert_id=alert_id, take_over=dice.random() < 0.3)
                case ["on"]:
                    return EscalateAlert(alert_id=alert_id)
        elif dice.random() < 0.6:
            return CloseAlert(alert_id=alert_id, outcome=dice.choice(tuple(AlertOutcome)))
        return StandDownAlert(alert_id=alert_id, reason=dice.choice(tuple(StandDownReason)))

    def _of_the_rest(
        self, what: str, id: Any, house: House, dice: Random
    ) -> Command | AtDoor | None:
        asker = self._asker
        if what in _OF_SUPERVISORS and self.role is not Role.SUPERVISOR:
            return None
        match what:
            case "debrief":
                return CloseDebrief(debrief_id=id)
            case "lift":
                return DecideLift(lift_id=id, agree=dice.random() < 0.6)
            case "agreed":
                begins = partial(lifting.begin_showing, id, asker)
                return AtDoor("risk", begins, told=partial(self._begins_to_see, id))
            case "review":
                return ReviewLift(lift_id=id, verdict=dice.choice(tuple(LiftVerdict)))
            case "legal":
                return DecideLegalReport(report_id=id, make=dice.random() < 0.5)
            case "owed":
                written = reporting.Written((), Danger.PASSED, TakenOverBy.NOBODY, id.encode())
                return AtDoor("risk", partial(reporting.write_report, id, asker, written))
            case "written":
                return AtDoor("risk", partial(reporting.read_report, id, asker))
            case "sent" if house.town.withdrawal_codes and dice.random() < 0.3:
                code = house.town.withdrawal_codes.pop()
                if dice.random() < 0.5:
                    return WithdrawConsent(code=code)
                keep = partial(keep_withdrawal, SOS, hash_of_code(code))
                return AtDoor("intake", keep)
            case "sent" if house.town.outcome_tokens and dice.random() < 0.5:
                token = house.town.outcome_tokens.pop()
                return GiveOutcome(outcome_token=token, outcome=dice.choice(tuple(RelayOutcome)))
            case "sent":
                return RecordAnswer(referral_id=id, accepted=dice.random() < 0.5)
            case "message":
                return WantHumanNow(contact_id=id)
            case "ended":
                return self._of_an_ended_contact(id, dice)
            case _:
                return None

    def _of_an_ended_contact(self, id: Any, dice: Random) -> Command:
        match dice.choices(("legal", "erase", "alert"), (2, 1, 2)):
            case ["legal"]:
                ground = dice.choice(tuple(LegalGround))
                return ProposeLegalReport(contact_id=id, ground=ground)
            case ["erase"]:
                return EraseTexts(contact_id=id)
            case _:
                return RaiseAlert(contact_id=id)

    def see_to_the_end(self, house: House, key: str, *, knows: bool) -> None:
        """End one thing that must not stay: an alert, a rescue nobody speaks of, a message."""
        for wish in self._ends(house, knows):
            house.put(self.asking(wish, house, key))
            return

    def _ends(self, house: House, knows: bool) -> list[Command]:
        ends: list[Command] = []
        for alert_id, standing, held_by in house.look(_ALERTS):
            held = standing == "taken" and held_by == self.person_id
            over = CloseAlert(alert_id=alert_id, outcome=AlertOutcome.CALMED)
            ends.append(over if held else AcknowledgeAlert(alert_id=alert_id, take_over=True))
        for what, id in house.look(_REST):
            if what == "rescue" and knows:
                ends.append(ReportArrival(rescue_id=id, arrival=Arrival.CONFIRMED))
            elif what == "message":
                ends.append(EndContact(contact_id=id, outcome=Outcome.ABANDONED))
        return ends
