"""Who may bring whom to which relay, on which consent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.envelope import CommandEnvelope
from contracts.referral import CloseReferral, ProposeReferral, RecordAnswer, RecordConsent
from contracts.vocabulary import (
    AgeBand,
    ConsentGivenBy,
    ContactId,
    Departement,
    LanguageCode,
    Need,
    PersonId,
    Priority,
    ProgrammeId,
    ReferralClosing,
    ReferralField,
    ReferralId,
    ReferralMode,
    ReferralState,
    Refusal,
    RelayId,
    Role,
)
from services.referral.directory.relay import AgreedTransfer, Kind, Relay, Status
from services.referral.domain import (
    AFTER_THE_CONTACT,
    ANSWER_WITHIN,
    AlreadySo,
    Asked,
    Consented,
    ContactKnown,
    MayNot,
    Moved,
    NotYet,
    Proposed,
    ReferralKnown,
    Sent,
    judge_answer,
    judge_closing,
    judge_consent,
    judge_expiry,
    judge_proposal,
    judge_sending,
)
from tests.referral.builders import an_open_relay, at
from tests.triage.builders import an_asker

NOON = at("2026-01-14 12:00")
CONTACT = ContactId("11111111-1111-4111-8111-111111111111")
REFERRAL = ReferralId("22222222-2222-4222-8222-222222222222")
LINE = ProgrammeId("sos-crise")
HELD = ContactKnown(LINE, frozenset({PersonId("regulator-1"), PersonId("listener-1")}), None)
RELAY = an_open_relay("fr-relay", verified_at=at("2026-01-01 12:00"))
KNOWN = ReferralKnown(
    programme=LINE,
    contact_id=CONTACT,
    relay_id=RelayId("fr-relay"),
    state=ReferralState.PROPOSED,
    mode=ReferralMode.MESSAGE,
    need=Need.SOLITUDE,
    urgency=Priority.P3,
    departement=Departement("75"),
    language=LanguageCode.FR,
    age_band=None,
    minor=False,
    scope=(),
    outcome_given=False,
)
YES = replace(
    KNOWN,
    state=ReferralState.CONSENTED,
    scope=(ReferralField.NEED, ReferralField.DEPARTEMENT, ReferralField.AGE_BAND),
)
SUPERVISOR = an_asker("supervisor-1", Role.SUPERVISOR)
HOLDER = an_asker("regulator-1")


def asked(who: CommandEnvelope = HOLDER, after: timedelta = timedelta()) -> Asked:
    return Asked(who, NOON + after)


def a_proposal(**other: object) -> ProposeReferral:
    wish = ProposeReferral(
        contact_id=CONTACT, relay_id=RelayId("fr-relay"), need=Need.SOLITUDE, urgency=Priority.P3
    )
    return wish.model_copy(update=other)


def a_yes(**other: object) -> RecordConsent:
    wish = RecordConsent(
        referral_id=REFERRAL, scope=(ReferralField.DEPARTEMENT, ReferralField.NEED)
    )
    return wish.model_copy(update=other)


# --- whose contact, which relay -------------------------------------------------------------------

HINDRANCES: dict[str, tuple[ContactKnown, Relay | None, Asked, MayNot]] = {
    "somebody else's contact": (
        HELD,
        RELAY,
        asked(an_asker("listener-2", Role.LISTENER)),
        MayNot(Refusal.NOT_YOURS),
    ),
    "another line": (
        HELD,
        RELAY,
        asked(an_asker("regulator-1", programme="sos-other")),
        MayNot(Refusal.NOT_IN_PROGRAMME),
    ),
    "over for too long": (
        replace(HELD, ended_at=NOON),
        RELAY,
        asked(after=AFTER_THE_CONTACT + timedelta(seconds=1)),
        MayNot(Refusal.CONTACT_OVER),
    ),
    "a relay nobody knows": (HELD, None, asked(), MayNot(Refusal.UNKNOWN_RELAY, "relay_id")),
    "a relay that is gone": (
        HELD,
        replace(RELAY, status=Status.DEFUNCT),
        asked(),
        MayNot(Refusal.RELAY_CLOSED, "relay_id"),
    ),
    "a relay whose dates are over": (
        HELD,
        replace(RELAY, last_day=at("2026-01-13 12:00").date()),
        asked(),
        MayNot(Refusal.RELAY_CLOSED, "relay_id"),
    ),
}


@pytest.mark.parametrize("name", HINDRANCES)
def test_what_hinders_hinders_at_every_step(name: str) -> None:
    contact, relay, who, expected = HINDRANCES[name]
    assert judge_proposal(contact, relay, a_proposal(), who) == expected
    assert judge_consent((KNOWN, contact), relay, a_yes(), who) == expected
    assert judge_sending((YES, contact), relay, who) == expected


def test_a_contact_not_heard_of_yet_is_awaited() -> None:
    assert judge_proposal(None, RELAY, a_proposal(), asked()) == NotYet()


def test_what_was_agreed_may_be_written_down_shortly_after() -> None:
    ended = replace(HELD, ended_at=NOON)
    decided = judge_proposal(ended, RELAY, a_proposal(), asked(after=AFTER_THE_CONTACT))
    assert decided == Proposed(anonymity_to_say=False, minor=False)


def test_a_supervisor_of_the_line_may_too() -> None:
    assert isinstance(judge_proposal(HELD, RELAY, a_proposal(), asked(SUPERVISOR)), Proposed)


LIVE = {"mode": ReferralMode.LIVE_TRANSFER}
AGREED = replace(RELAY, transfer=AgreedTransfer("attended", "0199000000"))


def test_a_live_transfer_needs_an_agreement_and_a_verified_row() -> None:
    no = MayNot(Refusal.NO_TRANSFER_AGREED, "mode")
    assert judge_proposal(HELD, RELAY, a_proposal(**LIVE), asked()) == no
    unverified = replace(AGREED, verified_at=None)
    assert judge_proposal(HELD, unverified, a_proposal(**LIVE), asked()) == no
    assert isinstance(judge_proposal(HELD, AGREED, a_proposal(**LIVE), asked()), Proposed)


@pytest.mark.parametrize(
    ("age_band", "box", "minor"),
    [(AgeBand.TEEN, False, True), (None, True, True), (AgeBand.YOUNG, False, False)],
)
def test_a_minor_is_known_by_age_or_by_the_box(
    age_band: AgeBand | None, box: bool, minor: bool
) -> None:
    wish = a_proposal(age_band=age_band, minor=box)
    assert judge_proposal(HELD, RELAY, wish, asked()) == Proposed(False, minor)


# --- consent --------------------------------------------------------------------------------------


def test_a_yes_keeps_its_scope_in_one_order_and_once() -> None:
    wish = a_yes(scope=(ReferralField.DEPARTEMENT, ReferralField.NEED, ReferralField.NEED))
    expected = Consented((ReferralField.NEED, ReferralField.DEPARTEMENT))
    assert judge_consent((KNOWN, HELD), RELAY, wish, asked()) == expected


def test_the_same_yes_twice_is_one_and_another_replaces_it() -> None:
    same = a_yes(scope=YES.scope)
    assert judge_consent((YES, HELD), RELAY, same, asked()) == AlreadySo()
    narrower = a_yes(scope=(ReferralField.NEED,))
    assert judge_consent((YES, HELD), RELAY, narrower, asked()) == Consented((ReferralField.NEED,))


ANONYMITY: dict[str, tuple[bool | None, Kind, bool, bool]] = {
    "anonymous, not said": (True, Kind.SUPPORT, False, True),
    "not anonymous, not said": (False, Kind.SUPPORT, False, False),
    "not known, not said": (None, Kind.SUPPORT, False, False),
    "not anonymous, said": (False, Kind.SUPPORT, True, True),
    "an emergency, told and not asked": (False, Kind.EMERGENCY, False, True),
}


@pytest.mark.parametrize("name", ANONYMITY)
def test_anonymity_false_or_unknown_must_have_been_said(name: str) -> None:
    anonymous, kind, said, accepted = ANONYMITY[name]
    relay = replace(RELAY, anonymous=anonymous, kind=kind)
    decided = judge_consent((KNOWN, HELD), relay, a_yes(anonymity_said=said), asked())
    if accepted:
        assert isinstance(decided, Consented)
    else:
        assert decided == MayNot(Refusal.INVALID_FIELD, "anonymity_said")


CHILD = replace(KNOWN, minor=True)
BY_PROFESSIONAL = {"given_by": ConsentGivenBy.PROFESSIONAL}
MINORS: dict[str, tuple[RecordConsent, CommandEnvelope, bool]] = {
    "on their own word": (a_yes(), SUPERVISOR, False),
    "a volunteer decides": (
        a_yes(**BY_PROFESSIONAL),
        an_asker("listener-1", Role.LISTENER),
        False,
    ),
    "a professional decides": (a_yes(**BY_PROFESSIONAL), SUPERVISOR, True),
}


@pytest.mark.parametrize("name", MINORS)
def test_a_minors_consent_rests_on_a_professional(name: str) -> None:
    wish, who, accepted = MINORS[name]
    decided = judge_consent((CHILD, HELD), RELAY, wish, asked(who))
    if accepted:
        assert isinstance(decided, Consented)
    else:
        assert decided == MayNot(Refusal.ROLE_NOT_PERMITTED, "given_by")


def test_nobody_decides_for_an_adult() -> None:
    decided = judge_consent((KNOWN, HELD), RELAY, a_yes(**BY_PROFESSIONAL), asked(SUPERVISOR))
    assert decided == MayNot(Refusal.INVALID_FIELD, "given_by")


@pytest.mark.parametrize(
    "state",
    [state for state in ReferralState if state not in (KNOWN.state, YES.state)],
)
def test_no_consent_once_something_went_out(state: ReferralState) -> None:
    known = replace(YES, state=state)
    decided = judge_consent((known, HELD), RELAY, a_yes(), asked())
    assert decided == MayNot(Refusal.WRONG_STATE)


# --- sending --------------------------------------------------------------------------------------


def test_only_what_was_consented_to_and_is_known_is_carried() -> None:
    sent = judge_sending((YES, HELD), RELAY, asked())
    assert sent == Sent(
        frozenset({ReferralField.NEED, ReferralField.DEPARTEMENT}),
        NOON + ANSWER_WITHIN[Priority.P3],
    )


SENDINGS: dict[str, tuple[ReferralKnown, Relay, MayNot | AlreadySo]] = {
    "without consent": (KNOWN, RELAY, MayNot(Refusal.CONSENT_MISSING)),
    "to a row nobody verified": (
        YES,
        replace(RELAY, verified_at=None),
        MayNot(Refusal.RELAY_NOT_VERIFIED),
    ),
    "to a row verified later": (
        YES,
        replace(RELAY, verified_at=at("2026-01-15 12:00")),
        MayNot(Refusal.RELAY_NOT_VERIFIED),
    ),
    "twice": (replace(YES, state=ReferralState.SENT), RELAY, AlreadySo()),
    "after the answer": (
        replace(YES, state=ReferralState.ACCEPTED),
        RELAY,
        MayNot(Refusal.WRONG_STATE),
    ),
    "after it was closed": (
        replace(YES, state=ReferralState.CLOSED),
        RELAY,
        MayNot(Refusal.WRONG_STATE),
    ),
}


@pytest.mark.parametrize("name", SENDINGS)
def test_a_sending_that_is_refused(name: str) -> None:
    known, relay, expected = SENDINGS[name]
    assert judge_sending((known, HELD), relay, asked()) == expected


# --- what comes of it -----------------------------------------------------------------------------

_S = ReferralState
ANSWERS: dict[str, tuple[ReferralState, bool, Moved | AlreadySo | MayNot]] = {
    "accepted": (_S.SENT, True, Moved(_S.ACCEPTED)),
    "declined": (_S.SENT, False, Moved(_S.DECLINED)),
    "late": (_S.EXPIRED, True, Moved(_S.ACCEPTED)),
    "twice": (_S.ACCEPTED, True, AlreadySo()),
    "changed": (_S.ACCEPTED, False, MayNot(Refusal.WRONG_STATE)),
    "before it was sent": (_S.CONSENTED, True, MayNot(Refusal.WRONG_STATE)),
    "after it was closed": (_S.CLOSED, True, MayNot(Refusal.WRONG_STATE)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answer(name: str) -> None:
    state, accepted, expected = ANSWERS[name]
    wish = RecordAnswer(referral_id=REFERRAL, accepted=accepted)
    assert judge_answer(replace(YES, state=state), wish, asked()) == expected


def test_an_answer_is_recorded_on_its_own_line() -> None:
    wish = RecordAnswer(referral_id=REFERRAL, accepted=True)
    other = asked(an_asker(programme="sos-other"))
    decided = judge_answer(replace(YES, state=_S.SENT), wish, other)
    assert decided == MayNot(Refusal.NOT_IN_PROGRAMME)


@pytest.mark.parametrize("state", ReferralState)
def test_only_what_waits_for_an_answer_expires(state: ReferralState) -> None:
    expected = Moved(_S.EXPIRED) if state is _S.SENT else AlreadySo()
    assert judge_expiry(replace(YES, state=state)) == expected


CLOSINGS: dict[str, tuple[ReferralState, ReferralClosing, Moved | AlreadySo | MayNot]] = {
    "the person refused": (_S.PROPOSED, ReferralClosing.PERSON_REFUSED, Moved(_S.CLOSED)),
    "taken up": (_S.ACCEPTED, ReferralClosing.TAKEN_UP, Moved(_S.CLOSED)),
    "taken up, and never sent": (
        _S.CONSENTED,
        ReferralClosing.TAKEN_UP,
        MayNot(Refusal.INVALID_FIELD, "why"),
    ),
    "twice": (_S.CLOSED, ReferralClosing.BY_MISTAKE, AlreadySo()),
}


@pytest.mark.parametrize("name", CLOSINGS)
def test_closing(name: str) -> None:
    state, why, expected = CLOSINGS[name]
    wish = CloseReferral(referral_id=REFERRAL, why=why)
    assert judge_closing(replace(YES, state=state), wish, asked()) == expected
