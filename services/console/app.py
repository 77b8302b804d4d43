"""The console's table: a newcomer reads it first."""

from contracts.assignment import (
    BeatHeart,
    ContactSentUntriaged,
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
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
)
from contracts.contact import ContactEnded, ContactOpened, EndContact
from contracts.programme import ApplyProgramme, ProgrammePublished
from contracts.quality import HourCounted
from contracts.referral import (
    CloseReferral,
    FindRelays,
    GiveOutcome,
    ObserveRelay,
    ProposeReferral,
    RecordAnswer,
    RecordConsent,
    ReferralAnswered,
    ReferralClosed,
    ReferralConsented,
    ReferralExpired,
    ReferralProposed,
    ReferralSent,
    SendReferral,
    VerifyRelay,
)
from contracts.roster import (
    DeclareLimits,
    EligibilityEstablished,
    ImportVolunteers,
    RecordSupervision,
    RecordTraining,
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
from contracts.text import EraseTexts, JudgeFlag, TextSealed
from contracts.triage import ContactTriaged, DecideTriage, ProposeTriage
from services.bus.table import Due, On, Service
from services.console import handlers
from services.console.door import open_door
from services.console.store import tables

SERVICE = Service(
    name="console",
    tables=tables,
    consumes=(
        # Offers fold forward only, so that a late one of theirs can only be told, never undone.
        On(OfferMade, handlers.on_offer_made, even_late=True),
        On(OfferTaken, handlers.on_offer_taken, even_late=True),
        On(OfferDeclined, handlers.on_offer_declined, even_late=True),
        On(OfferExpired, handlers.on_offer_expired, even_late=True),
        On(OfferWithdrawn, handlers.on_offer_withdrawn, even_late=True),
        On(LiveStateEntered, handlers.on_live_state_entered),
        On(ContactOpened, handlers.on_contact_opened),
        On(ContactTriaged, handlers.on_contact_triaged),
        On(ContactSentUntriaged, handlers.on_contact_sent_untriaged, even_late=True),
        On(ContactEnded, handlers.on_contact_ended),
        On(EligibilityEstablished, handlers.on_eligibility_established),
        On(ProgrammePublished, handlers.on_programme_published),
        On(HourCounted, handlers.on_hour_counted),
        On(HoleForeseen, handlers.on_hole_foreseen),
        On(HoleFilled, handlers.on_hole_filled),
        On(TextSealed, handlers.on_text_sealed, even_late=True),
        On(ReferralProposed, handlers.on_referral_moved),
        On(ReferralConsented, handlers.on_referral_moved),
        On(ReferralSent, handlers.on_referral_moved),
        On(ReferralAnswered, handlers.on_referral_moved),
        On(ReferralExpired, handlers.on_referral_moved),
        On(ReferralClosed, handlers.on_referral_moved),
    ),
    deadlines=(Due("sweep", handlers.on_sweep_due),),
    sends=(
        StartDuty,
        EndDuty,
        Pause,
        Resume,
        BeatHeart,
        TakeOffer,
        DeclineOffer,
        FinishWrapUp,
        DecideTriage,
        ProposeTriage,
        EndContact,
        JudgeFlag,
        EraseTexts,
        FindRelays,
        ObserveRelay,
        VerifyRelay,
        ProposeReferral,
        RecordConsent,
        SendReferral,
        RecordAnswer,
        GiveOutcome,
        CloseReferral,
        ImportVolunteers,
        RecordTraining,
        RecordSupervision,
        DeclareLimits,
        PlanShifts,
        CancelShift,
        TakeShift,
        LeaveShift,
        SeeShifts,
        AgreeToLastMinutes,
        ApplyProgramme,
    ),
    door=open_door,
)
