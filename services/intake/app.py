"""Intake, whole: what it consumes, answers and publishes, and the door of callers."""

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.programme import ApplyProgramme, ProgrammePublished
from contracts.text import EraseTexts, JudgeFlag, TextSealed
from contracts.triage import ContactTriaged
from services.bus.table import Answer, Due, On, Service
from services.intake import handlers, keeping
from services.intake.door import open_door
from services.intake.settings import Settings
from services.intake.store import tables

SERVICE = Service(
    name="intake",
    tables=tables,
    consumes=(
        On(OfferTaken, handlers.on_offer_taken),
        On(OfferWithdrawn, handlers.on_offer_withdrawn),
        On(ContactTriaged, handlers.on_contact_triaged),
        On(ContactSentUntriaged, handlers.on_contact_sent_untriaged),
    ),
    answers=(
        Answer(EndContact, handlers.on_end_contact),
        Answer(ApplyProgramme, handlers.on_apply_programme),
        Answer(JudgeFlag, handlers.on_judge_flag),
        Answer(EraseTexts, handlers.on_erase_texts),
    ),
    publishes=(ContactOpened, ContactEnded, ProgrammePublished, TextSealed),
    deadlines=(Due(keeping.SWEEP, handlers.on_sweep_due),),
    door=open_door,
    workers=Settings.from_environment().workers,
)
