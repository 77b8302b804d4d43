"""Intake, whole: what it consumes, answers and publishes, and the door of callers."""

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.programme import ApplyProgramme, ProgrammePublished
from contracts.triage import ContactTriaged
from services.bus.table import Answer, On, Service
from services.intake import handlers
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
    ),
    publishes=(ContactOpened, ContactEnded, ProgrammePublished),
    door=open_door,
    workers=Settings.from_environment().workers,
)
