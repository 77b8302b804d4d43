"""Referrals of nobody: what a sandbox plays and a conformance kit posts.

Whoever gets one can tell: its line and its partner are called `sandbox`, its relay is of no country
there is, and its reference begins with eight zeros.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.partner import (
    SANDBOX,
    PartnerEvent,
    PartnerReferralExpired,
    PartnerReferralSent,
    PartnerReferralWithdrawn,
)
from contracts.vocabulary import (
    AgeBand,
    Departement,
    LanguageCode,
    Need,
    PartnerId,
    PartnerReference,
    Priority,
    ProgrammeId,
    ReferralField,
    RelayId,
    SealedBox,
    Withdrawing,
)

PROGRAMME = ProgrammeId(SANDBOX)
RELAY = RelayId("zz-sandbox")
_MARK = "00000000"
_SCOPE = (
    ReferralField.NEED,
    ReferralField.URGENCY,
    ReferralField.DEPARTEMENT,
    ReferralField.LANGUAGE,
    ReferralField.AGE_BAND,
)
_CONSENTED_BEFORE = timedelta(minutes=2)


def new_reference() -> PartnerReference:
    """A reference that no referral of a person has."""
    return PartnerReference(_MARK + secrets.token_hex(12))


def is_canned(reference: str) -> bool:
    """Whether a reference is marked so."""
    return reference.startswith(_MARK)


@dataclass(frozen=True)
class Canned:
    """A referral of nobody, to one partner."""

    partner: PartnerId
    reference: PartnerReference

    def sent(
        self, at: datetime, answer_by: datetime, token: SealedBox | None = None
    ) -> PartnerReferralSent:
        """Somebody said yes, it says."""
        return PartnerReferralSent(
            partner=self.partner,
            programme=PROGRAMME,
            reference=self.reference,
            relay_id=RELAY,
            need=Need.DEUIL,
            urgency=Priority.P3,
            departement=Departement("75"),
            language=LanguageCode.FR,
            age_band=AgeBand.A35_49,
            scope=_SCOPE,
            consented_at=at - _CONSENTED_BEFORE,
            sent_at=at,
            answer_by=answer_by,
            outcome_token=token,
        )

    def expired(self, at: datetime) -> PartnerReferralExpired:
        """Nobody answered."""
        return PartnerReferralExpired(
            partner=self.partner, programme=PROGRAMME, reference=self.reference, expired_at=at
        )

    def withdrawn(self, at: datetime) -> PartnerReferralWithdrawn:
        """Forget it."""
        return PartnerReferralWithdrawn(
            partner=self.partner,
            programme=PROGRAMME,
            reference=self.reference,
            why=Withdrawing.CONSENT_WITHDRAWN,
            withdrawn_at=at,
        )


def one_of_each(at: datetime) -> tuple[PartnerEvent, ...]:
    """Each event there is, of one referral."""
    canned = Canned(PartnerId(SANDBOX), new_reference())
    return canned.sent(at, at + timedelta(hours=4)), canned.expired(at), canned.withdrawn(at)
