"""Quality, whole: what it consumes, publishes and waits for; it only tells what was published."""

from datetime import timedelta

from contracts.activity import SeeActivity
from contracts.assignment import (
    ContactSentUntriaged,
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened, UrgencyDeclared
from contracts.programme import ProgrammePublished
from contracts.quality import HourCounted
from contracts.referral import ReferralClosed, RelayOutcomeGiven
from contracts.risk import AlertAcknowledged, AlertRaised
from contracts.text import TextSealed, WrittenAnswered, WrittenClockRang, WrittenFirstRead
from contracts.triage import ContactTriaged
from services.bus.forgetting import forgetting
from services.bus.table import Answer, Due, On, Service
from services.quality import handlers
from services.quality.settings import SETTINGS
from services.quality.standing import expect_callers
from services.quality.store import tables

SERVICE = Service(
    name="quality",
    tables=tables,
    consumes=(
        On(ProgrammePublished, handlers.on_programme_published, even_late=True),
        On(ContactOpened, handlers.on_contact_fact, even_late=True),
        On(ContactTriaged, handlers.on_contact_fact, even_late=True),
        On(ContactSentUntriaged, handlers.on_contact_fact, even_late=True),
        On(ContactEnded, handlers.on_contact_fact, even_late=True),
        On(OfferMade, handlers.on_contact_fact, even_late=True),
        On(OfferTaken, handlers.on_contact_fact, even_late=True),
        On(OfferDeclined, handlers.on_contact_fact, even_late=True),
        On(OfferExpired, handlers.on_contact_fact, even_late=True),
        On(OfferWithdrawn, handlers.on_contact_fact, even_late=True),
        On(WayOutOffered, handlers.on_contact_fact, even_late=True),
        On(UrgencyDeclared, handlers.on_contact_fact, even_late=True),
        On(AlertRaised, handlers.on_contact_fact, even_late=True),
        On(AlertAcknowledged, handlers.on_contact_fact, even_late=True),
        On(WrittenFirstRead, handlers.on_contact_fact, even_late=True),
        On(WrittenAnswered, handlers.on_contact_fact, even_late=True),
        On(WrittenClockRang, handlers.on_contact_fact, even_late=True),
        On(TextSealed, handlers.on_text_sealed, even_late=True),
        On(ReferralClosed, handlers.on_contact_fact, even_late=True),
        On(LiveStateEntered, handlers.on_live_state_entered, even_late=True),
        On(RelayOutcomeGiven, handlers.on_relay_outcome_given, even_late=True),
    ),
    answers=(Answer(SeeActivity, handlers.on_see_activity, kept=False),),
    publishes=(HourCounted,),
    deadlines=(
        Due("hour", handlers.on_hour_due),
        Due("limbo", handlers.on_limbo_due),
        forgetting("quality", "contact"),
    ),
    standing=expect_callers,
    workers=SETTINGS.workers,
    statement_timeout=timedelta(seconds=5),  # nobody waits for a figure
    longest_retry=timedelta(seconds=30),
)
