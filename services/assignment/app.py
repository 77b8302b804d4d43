"""The table of assignment: one leased assigner, one thread, a decision after every commit."""

from contracts.assignment import (
    BeatHeart,
    ContactSentUntriaged,
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    HardContactNoted,
    LineStaffed,
    LiveStateEntered,
    OfferDeclined,
    OfferExpired,
    OfferMade,
    OfferTaken,
    OfferWithdrawn,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
    WayOutOffered,
)
from contracts.contact import ContactEnded, ContactOpened, HumanWanted
from contracts.programme import ProgrammePublished
from contracts.roster import EligibilityEstablished
from contracts.triage import ContactTriaged
from services.assignment import handlers, store
from services.assignment.settle import settle
from services.assignment.standing import set_gauges
from services.assignment.writing import saving
from services.bus.forgetting import forgetting
from services.bus.table import Answer, Due, On, Service

SERVICE = Service(
    name="assignment",
    tables=store.tables,
    exclusive=True,
    settle=settle,
    standing=set_gauges,
    consumes=(
        On(ProgrammePublished, handlers.on_programme_published),
        On(EligibilityEstablished, handlers.on_eligibility_established),
        On(ContactOpened, handlers.on_contact_opened),
        On(HumanWanted, saving(handlers.on_human_wanted)),
        On(ContactTriaged, saving(handlers.on_contact_triaged)),
        On(ContactEnded, saving(handlers.on_contact_ended)),
    ),
    answers=(
        Answer(StartDuty, saving(handlers.on_start_duty)),
        Answer(EndDuty, saving(handlers.on_end_duty)),
        Answer(Pause, saving(handlers.on_pause)),
        Answer(Resume, saving(handlers.on_resume)),
        Answer(TakeOffer, saving(handlers.on_take_offer)),
        Answer(DeclineOffer, saving(handlers.on_decline_offer)),
        Answer(FinishWrapUp, saving(handlers.on_finish_wrap_up)),
        Answer(BeatHeart, handlers.on_beat_heart, kept=False),
    ),
    deadlines=(
        Due("offer_expires", saving(handlers.on_offer_expires_due)),
        Due("rest_over", saving(handlers.on_rest_over_due)),
        Due("look_again", handlers.on_look_again_due),
        forgetting("assignment", "offer", "contact"),
    ),
    publishes=(
        OfferMade,
        OfferTaken,
        OfferDeclined,
        OfferExpired,
        OfferWithdrawn,
        ContactSentUntriaged,
        WayOutOffered,
        LiveStateEntered,
        LineStaffed,
        HardContactNoted,
    ),
)
