"""The roster, whole: what it consumes, answers, publishes and waits for."""

from datetime import timedelta

from contracts.assignment import HardContactNoted
from contracts.care import (
    AnswerDebrief,
    CloseDebrief,
    DebriefClosed,
    DebriefOffered,
    DebriefOverdue,
    DebriefWanted,
)
from contracts.programme import ProgrammePublished
from contracts.risk import AlertRaised
from contracts.roster import (
    DeclareLimits,
    EligibilityEstablished,
    ImportVolunteers,
    RecordSupervision,
    RecordTraining,
    SeeVolunteers,
)
from contracts.shift import (
    AgreeToLastMinutes,
    CancelShift,
    HoleFilled,
    HoleForeseen,
    LeaveShift,
    PlanShifts,
    SeeShifts,
    TakeShift,
)
from services.bus.table import Answer, Due, On, Service
from services.roster import care, handlers, planning
from services.roster.settings import SETTINGS
from services.roster.store import tables

SERVICE = Service(
    name="roster",
    tables=tables,
    consumes=(
        On(ProgrammePublished, handlers.on_programme_published, even_late=True),
        On(HardContactNoted, care.on_hard_contact_noted, even_late=True),
        On(AlertRaised, care.on_alert_raised, even_late=True),
    ),
    answers=(
        Answer(ImportVolunteers, handlers.on_import_volunteers),
        Answer(RecordTraining, handlers.on_record_training),
        Answer(RecordSupervision, handlers.on_record_supervision),
        Answer(SeeVolunteers, handlers.on_see_volunteers, kept=False),
        Answer(DeclareLimits, handlers.on_declare_limits),
        Answer(PlanShifts, planning.on_plan_shifts),
        Answer(CancelShift, planning.on_cancel_shift),
        Answer(TakeShift, planning.on_take_shift),
        Answer(LeaveShift, planning.on_leave_shift),
        Answer(SeeShifts, planning.on_see_shifts, kept=False),
        Answer(AgreeToLastMinutes, planning.on_agree_to_last_minutes),
        Answer(AnswerDebrief, care.on_answer_debrief),
        Answer(CloseDebrief, care.on_close_debrief),
    ),
    publishes=(
        EligibilityEstablished,
        HoleForeseen,
        HoleFilled,
        DebriefOffered,
        DebriefWanted,
        DebriefOverdue,
        DebriefClosed,
    ),
    deadlines=(
        Due("lapse", handlers.on_lapse_due),
        Due("shift_border", handlers.on_shift_border_due),
        Due("terms", handlers.on_terms_due),
        Due("plan", planning.on_plan_due),
        Due("debrief", care.on_debrief_due),
    ),
    workers=SETTINGS.workers,
    statement_timeout=timedelta(seconds=5),  # an import of 200 rows; nobody waits on the line
)
