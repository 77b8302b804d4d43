"""Every event and command there is. Adding one here is the first step of CONTRIBUTING.md."""

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
from contracts.envelope import Command, Contract, Event
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
    ReferralHandedOver,
    ReferralMade,
    ReferralProposed,
    ReferralSent,
    RelayOutcomeGiven,
    RelaysFound,
    SendReferral,
    VerifyRelay,
)
from contracts.roster import (
    DeclareLimits,
    EligibilityEstablished,
    ImportVolunteers,
    RecordSupervision,
    RecordTraining,
    VolunteersImported,
)
from contracts.shift import (
    AgreeToLastMinutes,
    CancelShift,
    HoleFilled,
    HoleForeseen,
    LeaveShift,
    PlanShifts,
    SeeShifts,
    ShiftsPlanned,
    ShiftsSeen,
    TakeShift,
)
from contracts.text import EraseTexts, Erasure, JudgeFlag, TextSealed
from contracts.triage import ContactTriaged, DecideTriage, ProposeTriage, TriageProposal

EVENTS: tuple[type[Event], ...] = (
    ProgrammePublished,
    ContactOpened,
    ContactTriaged,
    ContactSentUntriaged,
    ContactEnded,
    OfferMade,
    OfferTaken,
    OfferDeclined,
    OfferExpired,
    OfferWithdrawn,
    LiveStateEntered,
    EligibilityEstablished,
    HoleForeseen,
    HoleFilled,
    HourCounted,
    TextSealed,
    ReferralProposed,
    ReferralConsented,
    ReferralSent,
    ReferralAnswered,
    ReferralExpired,
    ReferralClosed,
    RelayOutcomeGiven,
)

COMMANDS: tuple[type[Command], ...] = (
    ApplyProgramme,
    EndContact,
    DecideTriage,
    ProposeTriage,
    StartDuty,
    EndDuty,
    Pause,
    Resume,
    TakeOffer,
    DeclineOffer,
    FinishWrapUp,
    BeatHeart,
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
)

#: What a command finds out, in the `result` of its reply; the others find out nothing.
RESULTS: dict[type[Command], type[Contract]] = {
    ProposeTriage: TriageProposal,
    ImportVolunteers: VolunteersImported,
    PlanShifts: ShiftsPlanned,
    SeeShifts: ShiftsSeen,
    EraseTexts: Erasure,
    FindRelays: RelaysFound,
    ProposeReferral: ReferralMade,
    SendReferral: ReferralHandedOver,
}

EVENT_TYPES: dict[str, type[Event]] = {event.type_name(): event for event in EVENTS}
COMMAND_TYPES: dict[str, type[Command]] = {command.type_name(): command for command in COMMANDS}
