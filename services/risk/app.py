"""Risk, whole: what it consumes, answers, publishes and waits for."""

from contracts.anonymity import (
    AskLift,
    DecideLift,
    LiftAgreed,
    LiftAsked,
    LiftRefused,
    LiftReviewed,
    LiftReviewMissed,
    LiftShown,
    ReviewLift,
)
from contracts.assignment import OfferTaken
from contracts.contact import ContactEnded
from contracts.programme import ProgrammePublished
from contracts.report import (
    AtRiskReportMissed,
    AtRiskReportOwed,
    AtRiskReportRead,
    AtRiskReportWritten,
    DecideLegalReport,
    LegalReportDecided,
    LegalReportProposed,
    ProposeLegalReport,
)
from contracts.rescue import (
    ReportArrival,
    RescueConfirmed,
    RescueFailed,
    RescueStarted,
    StartRescue,
)
from contracts.risk import (
    AcknowledgeAlert,
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertRaised,
    AlertStoodDown,
    AlertUnreached,
    CloseAlert,
    DutyCallDelivered,
    DutyCalled,
    DutyCallLapsed,
    EscalateAlert,
    RaiseAlert,
    StandDownAlert,
)
from contracts.roster import EligibilityEstablished
from contracts.triage import ContactTriaged
from services.bus.forgetting import Through, forgetting
from services.bus.table import Answer, Due, On, Service
from services.risk import calling, cards, handlers, lifting, reporting, rescuing, store
from services.risk.callout import carry_out_calls
from services.risk.door import open_door
from services.risk.settings import SETTINGS
from services.risk.standing import set_gauges
from services.risk.store import tables

SERVICE = Service(
    name="risk",
    tables=tables,
    consumes=(
        On(ProgrammePublished, handlers.on_programme_published, even_late=True),
        On(OfferTaken, handlers.on_offer_taken, even_late=True),
        On(ContactTriaged, reporting.on_contact_triaged),
        On(ContactEnded, handlers.on_contact_ended),
        On(EligibilityEstablished, handlers.on_eligibility_established),
    ),
    answers=(
        Answer(RaiseAlert, handlers.on_raise_alert),
        Answer(AcknowledgeAlert, handlers.on_acknowledge),
        Answer(EscalateAlert, handlers.on_escalate),
        Answer(StandDownAlert, handlers.on_stand_down),
        Answer(CloseAlert, handlers.on_close),
        Answer(StartRescue, rescuing.on_start_rescue),
        Answer(ReportArrival, rescuing.on_report_arrival),
        Answer(AskLift, lifting.on_ask_lift),
        Answer(DecideLift, lifting.on_decide_lift),
        Answer(ReviewLift, lifting.on_review_lift),
        Answer(ProposeLegalReport, reporting.on_propose_legal_report),
        Answer(DecideLegalReport, reporting.on_decide_legal_report),
    ),
    publishes=(
        AlertRaised,
        AlertAcknowledged,
        AlertEscalated,
        AlertUnreached,
        AlertStoodDown,
        AlertClosed,
        DutyCalled,
        DutyCallDelivered,
        DutyCallLapsed,
        RescueStarted,
        RescueConfirmed,
        RescueFailed,
        LiftAsked,
        LiftAgreed,
        LiftRefused,
        LiftShown,
        LiftReviewed,
        LiftReviewMissed,
        AtRiskReportOwed,
        AtRiskReportWritten,
        AtRiskReportRead,
        AtRiskReportMissed,
        LegalReportProposed,
        LegalReportDecided,
    ),
    deadlines=(
        Due("escalation", handlers.on_escalation_due),
        Due("call_over", calling.on_call_over_due),
        Due("arrival", rescuing.on_arrival_due),
        Due("card_over", cards.on_card_over_due),
        Due("showing", lifting.on_showing_due),
        Due("review", lifting.on_review_due),
        Due("report", reporting.on_report_due),
        forgetting(
            "risk",
            Through("call_attempt", of="duty_call", by="call_id"),
            "duty_call",
            "rescue",
            "card",
            "at_risk_report",
            "legal_report",
            "lift",
            "alert",
            "contact",
            spares=store.with_open_alert,
        ),
    ),
    door=open_door,
    errands=(carry_out_calls,),
    standing=set_gauges,
    workers=SETTINGS.workers,
)
