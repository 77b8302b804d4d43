"""Referral, whole: what it consumes, answers, publishes and waits for."""

from contracts.assignment import OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.directory import CorrectRelay, LookUpRelays, SeeRelay, TakeBackCorrection
from contracts.envelope import Stream
from contracts.information import (
    ExtendCard,
    LookUpCards,
    RevokeCard,
    SeeCard,
    SeeCards,
    WriteCard,
)
from contracts.partner import (
    AnswerReferral,
    ApplyPartner,
    OpenReferral,
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
    PartnerWebhookGivenUp,
    PartnerWebhookSeenTo,
    PlayReferral,
    PlayToPartner,
    ReplayPartner,
    SeeDesk,
    TellOutcome,
    TellSaturation,
    UpdateEntry,
)
from contracts.programme import ProgrammePublished
from contracts.referral import (
    CloseReferral,
    FindRelays,
    GiveContactMeans,
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
    ReferralUndelivered,
    RelayOutcomeGiven,
    SendReferral,
    VerifyRelay,
)
from contracts.withdrawal import ConsentWithdrawn, WithdrawConsent
from services.bus.forgetting import Through, forgetting
from services.bus.table import Answer, Due, On, Service
from services.referral import handlers
from services.referral.cards import handlers as card_handlers
from services.referral.directory import finding_handlers
from services.referral.directory import handlers as relay_handlers
from services.referral.partners import desk, handing, posting, receipts, sandbox, webhooks
from services.referral.partners.postman import post_to_partners
from services.referral.settings import SETTINGS
from services.referral.standing import set_gauges
from services.referral.store import tables

SERVICE = Service(
    name="referral",
    tables=tables,
    consumes=(
        On(ProgrammePublished, handlers.on_programme_published),
        On(ContactOpened, handlers.on_contact_opened),
        On(OfferTaken, handlers.on_offer_taken),
        On(OfferWithdrawn, handlers.on_offer_withdrawn),
        On(ContactEnded, handlers.on_contact_ended),
        On(ConsentWithdrawn, handlers.on_consent_withdrawn),
    ),
    answers=(
        Answer(FindRelays, finding_handlers.on_find_relays, kept=False),
        Answer(LookUpRelays, relay_handlers.on_look_up_relays, kept=False),
        Answer(SeeRelay, relay_handlers.on_see_relay, kept=False),
        Answer(ObserveRelay, finding_handlers.on_observe_relay),
        Answer(CorrectRelay, relay_handlers.on_correct_relay),
        Answer(TakeBackCorrection, relay_handlers.on_take_back_correction),
        Answer(VerifyRelay, finding_handlers.on_verify_relay),
        Answer(ProposeReferral, handlers.on_propose_referral),
        Answer(RecordConsent, handlers.on_record_consent),
        Answer(GiveContactMeans, handlers.on_give_contact_means),
        Answer(SendReferral, handlers.on_send_referral),
        Answer(RecordAnswer, handlers.on_record_answer),
        Answer(GiveOutcome, handlers.on_give_outcome),
        Answer(CloseReferral, handlers.on_close_referral),
        Answer(WithdrawConsent, handlers.on_withdraw_consent),
        Answer(ApplyPartner, handing.on_apply_partner),
        Answer(ReplayPartner, posting.on_replay_partner),
        Answer(AnswerReferral, handlers.on_partner_answer),
        Answer(TellOutcome, handlers.on_partner_outcome),
        Answer(PlayReferral, sandbox.on_partner_play),
        Answer(PlayToPartner, sandbox.on_play_to_partner),
        Answer(TellSaturation, desk.on_tell_saturation, kept=False),
        Answer(UpdateEntry, relay_handlers.on_partner_entry),
        Answer(SeeDesk, desk.on_see_desk, kept=False),
        Answer(OpenReferral, desk.on_open_referral, kept=False),
        Answer(WriteCard, card_handlers.on_write_card),
        Answer(ExtendCard, card_handlers.on_extend_card),
        Answer(RevokeCard, card_handlers.on_revoke_card),
        Answer(SeeCards, card_handlers.on_see_cards, kept=False),
        Answer(SeeCard, card_handlers.on_see_card, kept=False),
        Answer(LookUpCards, card_handlers.on_look_up_cards, kept=False),
    ),
    publishes=(
        ReferralProposed,
        ReferralConsented,
        ReferralSent,
        ReferralAnswered,
        ReferralExpired,
        ReferralUndelivered,
        ReferralClosed,
        RelayOutcomeGiven,
        PartnerReferralSent,
        PartnerReferralWithdrawn,
        PartnerReferralExpired,
        PartnerWebhookGivenUp,
        PartnerWebhookSeenTo,
    ),
    deadlines=(
        Due(handing.ANSWER_DUE, handlers.on_answer_due),
        Due(handing.DELIVERY_DUE, handing.on_delivery_due),
        Due(webhooks.OLD_POSTS, posting.on_old_posts_due),
        Due(sandbox.PLAYED_DUE, sandbox.on_played_due),
        forgetting(
            "referral",
            Through("handed", of="referral", by="referral_id"),
            "referral",
            "contact",
        ),
    ),
    errands=(receipts.watch, post_to_partners),
    looks_after=Stream.PARTNER,
    standing=set_gauges,
    workers=SETTINGS.workers,
)
