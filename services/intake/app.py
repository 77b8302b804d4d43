"""Intake, whole: what it consumes, answers and publishes, what it waits for, and its door."""

from contracts.assignment import (
    ContactSentUntriaged,
    LineStaffed,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import (
    ContactEnded,
    ContactOpened,
    CorrectNature,
    EndContact,
    GiveReturnPass,
    HumanWanted,
    NatureCorrected,
    SlowReturns,
    UrgencyDeclared,
)
from contracts.programme import ApplyProgramme, ProgrammePublished
from contracts.text import (
    EraseTexts,
    JudgeFlag,
    TextSealed,
    WantHumanNow,
    WrittenAnswered,
    WrittenClockRang,
    WrittenFirstRead,
)
from contracts.triage import ContactTriaged
from contracts.withdrawal import ConsentWithdrawn
from services.bus.table import Answer, Due, On, Service
from services.intake import asked, chats, handlers, keeping, message_clocks, returns, ways_out
from services.intake.door import open_door
from services.intake.settings import Settings
from services.intake.standing import set_gauges
from services.intake.store import tables

SERVICE = Service(
    name="intake",
    tables=tables,
    consumes=(
        On(OfferTaken, handlers.on_offer_taken),
        On(OfferWithdrawn, handlers.on_offer_withdrawn),
        On(ContactTriaged, handlers.on_contact_triaged),
        On(ContactSentUntriaged, handlers.on_contact_sent_untriaged),
        On(WayOutOffered, ways_out.on_way_out_offered),
        On(LineStaffed, ways_out.on_line_staffed),
    ),
    answers=(
        Answer(EndContact, handlers.on_end_contact),
        Answer(ApplyProgramme, handlers.on_apply_programme),
        Answer(JudgeFlag, handlers.on_judge_flag),
        Answer(EraseTexts, handlers.on_erase_texts),
        Answer(WantHumanNow, asked.on_want_human_now),
        Answer(CorrectNature, asked.on_correct_nature),
        Answer(GiveReturnPass, asked.on_give_return_pass),
        Answer(SlowReturns, asked.on_slow_returns),
    ),
    publishes=(
        ContactOpened,
        ContactEnded,
        HumanWanted,
        UrgencyDeclared,
        NatureCorrected,
        ProgrammePublished,
        TextSealed,
        WrittenFirstRead,
        WrittenAnswered,
        WrittenClockRang,
        ConsentWithdrawn,
    ),
    deadlines=(
        Due(keeping.SWEEP, handlers.on_sweep_due),
        Due(chats.SILENT, handlers.on_caller_silent_due),
        Due(chats.RESUME_OVER, handlers.on_resume_over_due),
        Due(message_clocks.FIRST_READING, message_clocks.on_first_reading_due),
        Due(message_clocks.ANSWER, message_clocks.on_answer_due),
        Due(returns.RETURN_OVER, returns.on_return_over_due),
        Due(returns.PASS_OVER, returns.on_pass_over_due),
        Due(returns.SLOW_OVER, returns.on_slow_over_due),
    ),
    door=open_door,
    standing=set_gauges,
    workers=Settings.from_environment().workers,
)
