"""Triage, whole: what it consumes, answers and publishes."""

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.programme import ProgrammePublished
from contracts.triage import ContactTriaged, DecideTriage, ProposeTriage
from services.bus.forgetting import forgetting
from services.bus.table import Answer, On, Service
from services.triage import handlers
from services.triage.settings import SETTINGS
from services.triage.store import tables

SERVICE = Service(
    name="triage",
    tables=tables,
    consumes=(
        On(ProgrammePublished, handlers.on_programme_published, even_late=True),
        On(ContactOpened, handlers.on_contact_opened),
        On(OfferTaken, handlers.on_offer_taken),
        On(OfferWithdrawn, handlers.on_offer_withdrawn),
        On(ContactSentUntriaged, handlers.on_contact_sent_untriaged),
        On(ContactEnded, handlers.on_contact_ended),
    ),
    answers=(
        Answer(DecideTriage, handlers.on_decide_triage),
        Answer(ProposeTriage, handlers.on_propose_triage, kept=False),
    ),
    publishes=(ContactTriaged,),
    deadlines=(forgetting("triage", "contact"),),
    workers=SETTINGS.workers,
)
