"""What a person may be offered, and when that ends."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.programme import (
    ChannelPrerequisite,
    RosterTerms,
    SupervisionRule,
    TrainingRule,
)
from contracts.roster import Accreditation, Qualification
from contracts.vocabulary import (
    Channel,
    LanguageCode,
    Need,
    OrganisationId,
    Role,
    SkillCode,
    SupervisionKind,
)
from services.roster.domain import (
    ASKS_NOTHING,
    HEARS_CALLERS,
    Declared,
    Dossier,
    Eligibility,
    Flaw,
    Rows,
    Supervision,
    Training,
    establish,
    in_one_form,
    read_rows,
)
from tests.roster.builders import (
    NOON,
    a_qualification,
    a_volunteer,
    an_accreditation,
    in_days,
)

ACCREDITATIONS = st.lists(
    st.builds(
        an_accreditation,
        channel=st.sampled_from(Channel),
        days=st.integers(-5, 5),
        level=st.integers(0, 3),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda accreditation: accreditation.channel,
)
ROLES = st.sets(st.sampled_from(Role), max_size=5)


def established(held: Qualification, now: datetime) -> Eligibility:
    """Of somebody on a line that asks for nothing beyond the accreditation."""
    return establish(Dossier(held), ASKS_NOTHING, now)


def test_eligibility_ends_with_the_first_accreditation_that_lapses() -> None:
    phone, chat = an_accreditation(Channel.PHONE, 30), an_accreditation(Channel.CHAT, 10)
    eligibility = established(a_qualification(phone, chat), NOON)
    assert eligibility.qualification == a_qualification(phone, chat)
    assert eligibility.valid_until == eligibility.changes_at == in_days(10)


def test_lapsed_channel_is_left_out_and_the_other_goes_on() -> None:
    phone, chat = an_accreditation(Channel.PHONE, 30), an_accreditation(Channel.CHAT, 10)
    eligibility = established(a_qualification(phone, chat), in_days(10))
    assert eligibility.qualification == a_qualification(phone)
    assert eligibility.valid_until == eligibility.changes_at == in_days(30)


def test_accreditation_has_lapsed_at_its_very_moment() -> None:
    held = a_qualification(an_accreditation(days=10))
    assert established(held, in_days(10) - timedelta(microseconds=1)).changes_at == in_days(10)
    assert established(held, in_days(10)).changes_at is None


def test_nothing_in_date_leaves_only_roles_that_hear_no_caller() -> None:
    everything = tuple(Role)
    held = a_qualification(
        an_accreditation(Channel.PHONE, -9), an_accreditation(Channel.CHAT, -2), roles=everything
    )
    eligibility = established(held, NOON)
    assert set(eligibility.qualification.roles) == set(Role) - HEARS_CALLERS
    assert eligibility.valid_until == in_days(-2)
    assert eligibility.changes_at is None


@given(ACCREDITATIONS, ROLES)
def test_nobody_hears_callers_past_what_is_announced(
    accreditations: list[Accreditation], roles: set[Role]
) -> None:
    held = a_qualification(*accreditations, roles=tuple(roles))
    eligibility = established(held, NOON)
    announced = eligibility.qualification
    if eligibility.valid_until > NOON:
        assert set(announced.roles) == roles
        assert all(a.valid_until >= eligibility.valid_until for a in announced.accreditations)
        assert eligibility.changes_at == eligibility.valid_until
    else:
        assert not HEARS_CALLERS & set(announced.roles)
        assert eligibility.changes_at is None


@given(ACCREDITATIONS)
def test_every_lapse_has_its_turn_and_then_nothing_is_left(
    accreditations: list[Accreditation],
) -> None:
    held = a_qualification(*accreditations)
    moments = []
    eligibility = established(held, NOON)
    while eligibility.changes_at is not None:
        moments.append(eligibility.changes_at)
        eligibility = established(held, eligibility.changes_at)
    ahead = {a.valid_until for a in held.accreditations if a.valid_until > NOON}
    assert moments == sorted(ahead)


def test_rows_come_in_the_order_of_their_ids_and_in_one_form() -> None:
    mixed = a_qualification(
        an_accreditation(Channel.PHONE),
        an_accreditation(Channel.CHAT),
        languages=(LanguageCode.PT, LanguageCode.FR, LanguageCode.PT),
        topics=(Need.SOLITUDE, Need.DEUIL),
    )
    read = read_rows((a_volunteer("v-2", mixed), a_volunteer("v-1")))
    assert isinstance(read, Rows)
    assert [volunteer.person_id for volunteer in read.volunteers] == ["v-1", "v-2"]
    assert read.volunteers[1].qualification == a_qualification(
        an_accreditation(Channel.CHAT),
        an_accreditation(Channel.PHONE),
        languages=(LanguageCode.FR, LanguageCode.PT),
        topics=(Need.DEUIL, Need.SOLITUDE),
    )
    assert in_one_form(mixed) == read.volunteers[1].qualification


def test_person_named_twice_is_a_flaw_at_the_second_row() -> None:
    rows = (a_volunteer("v-1"), a_volunteer("v-2"), a_volunteer("v-1"))
    assert read_rows(rows) == Flaw("volunteers.2.person_id")


def test_channel_named_twice_is_a_flaw_at_the_second_accreditation() -> None:
    twice = a_qualification(an_accreditation(Channel.PHONE), an_accreditation(Channel.PHONE, 5))
    rows = (a_volunteer("v-1"), a_volunteer("v-2", twice))
    assert read_rows(rows) == Flaw("volunteers.1.qualification.accreditations.1.channel")


# --- trainings, supervisions, experience ----------------------------------------------------------

DROIT, TCHAT = SkillCode("SK-DROIT"), SkillCode("SK-TCHAT")
OURS, OTHERS = OrganisationId("sos-amitie"), OrganisationId("tele-accueil")
ONE_TO_ONE = SupervisionKind.INDIVIDUAL


def a_training(days: float, skill: SkillCode = DROIT, by: OrganisationId = OURS) -> Training:
    return Training(skill, by, in_days(days))


def until_days(dossier: Dossier, asks: RosterTerms, now: float = 0) -> float | None:
    """Days from noon until which somebody hears callers; None: they hear nobody."""
    eligibility = establish(dossier, asks, in_days(now))
    if not HEARS_CALLERS & set(eligibility.qualification.roles):
        return None
    return (eligibility.valid_until - NOON) / timedelta(days=1)


LAW = RosterTerms(trainings=(TrainingRule(skill=DROIT, grace_days=30),))
HELD = a_qualification(an_accreditation(days=400))

TRAINED = {
    "never followed": ((), None),
    "in date": ((a_training(20),), 50),
    "in its grace": ((a_training(-20),), 10),
    "past its grace": ((a_training(-30),), None),
    "another module": ((a_training(20, TCHAT),), None),
    "the newest counts": ((a_training(-40), a_training(300)), 330),
    "longer than the accreditation": ((a_training(900),), 400),
}


@pytest.mark.parametrize(("trainings", "until"), TRAINED.values(), ids=TRAINED.keys())
def test_training_that_the_line_asks_for_gates(
    trainings: tuple[Training, ...], until: float | None
) -> None:
    assert until_days(Dossier(HELD, trainings=trainings), LAW) == until


def test_training_of_another_organisation_counts_where_it_is_recognised() -> None:
    dossier = Dossier(HELD, trainings=(a_training(20, by=OTHERS),))
    assert until_days(dossier, LAW) == 50
    both = LAW.model_copy(update={"recognises": (OURS, OTHERS)})
    assert until_days(dossier, both) == 50
    ours_alone = LAW.model_copy(update={"recognises": (OURS,)})
    assert until_days(dossier, ours_alone) is None


def test_module_of_one_channel_leaves_the_other_alone() -> None:
    asks = RosterTerms(trainings=(TrainingRule(skill=TCHAT, channels=(Channel.CHAT,)),))
    held = a_qualification(an_accreditation(Channel.PHONE, 90), an_accreditation(Channel.CHAT, 90))
    announced = establish(Dossier(held), asks, NOON).qualification
    assert [each.channel for each in announced.accreditations] == [Channel.PHONE]
    trained = Dossier(held, trainings=(a_training(30, TCHAT),))
    announced = establish(trained, asks, NOON).qualification
    assert {a.channel: a.valid_until for a in announced.accreditations} == {
        Channel.PHONE: in_days(90),
        Channel.CHAT: in_days(30),
    }


SUPERVISED = {
    "none yet, joined lately": ((), -10, 110),
    "none yet, joined long ago": ((), -121, None),
    "held": ((Supervision(ONE_TO_ONE, in_days(-5)),), -999, 115),
    "due, in its grace": ((Supervision(ONE_TO_ONE, in_days(-100)),), -999, 20),
    "overdue": ((Supervision(ONE_TO_ONE, in_days(-120)),), -999, None),
    "held of the other kind": ((Supervision(SupervisionKind.GROUP, in_days(-5)),), -999, None),
}


@pytest.mark.parametrize(("held", "joined", "until"), SUPERVISED.values(), ids=SUPERVISED.keys())
def test_supervision_that_is_due_gates(
    held: tuple[Supervision, ...], joined: float, until: float | None
) -> None:
    rule = SupervisionRule(kind=ONE_TO_ONE, every_days=90, grace_days=30)
    dossier = Dossier(HELD, joined_at=in_days(joined), supervisions=held)
    assert until_days(dossier, RosterTerms(supervisions=(rule,))) == until


PHONE_FIRST = RosterTerms(
    prerequisites=(ChannelPrerequisite(channel=Channel.CHAT, after=Channel.PHONE, days=180),)
)


def since_days(days: float | None) -> Qualification:
    """Accredited for chat, and for the phone since so many days."""
    phone = an_accreditation(Channel.PHONE, 400)
    since = None if days is None else in_days(days)
    return a_qualification(
        phone.model_copy(update={"since": since}), an_accreditation(Channel.CHAT, 400)
    )


def test_online_listening_comes_after_experience_on_the_phone() -> None:
    beginner = establish(Dossier(since_days(-100)), PHONE_FIRST, NOON)
    assert [a.channel for a in beginner.qualification.accreditations] == [Channel.PHONE]
    assert beginner.valid_until == in_days(400)
    assert beginner.changes_at == in_days(80)
    then = establish(Dossier(since_days(-100)), PHONE_FIRST, in_days(80))
    assert [a.channel for a in then.qualification.accreditations] == [Channel.PHONE, Channel.CHAT]


def test_experience_nobody_wrote_down_is_none() -> None:
    eligibility = establish(Dossier(since_days(None)), PHONE_FIRST, NOON)
    assert [a.channel for a in eligibility.qualification.accreditations] == [Channel.PHONE]
    chat_only = a_qualification(an_accreditation(Channel.CHAT, 400))
    assert until_days(Dossier(chat_only), PHONE_FIRST) is None
    assert establish(Dossier(chat_only), PHONE_FIRST, NOON).changes_at is None


def test_line_that_asks_for_no_length_of_experience_asks_for_the_accreditation() -> None:
    at_once = ChannelPrerequisite(channel=Channel.CHAT, after=Channel.PHONE, days=0)
    asks = RosterTerms(prerequisites=(at_once,))
    both = establish(Dossier(since_days(None)), asks, NOON).qualification
    assert [a.channel for a in both.accreditations] == [Channel.PHONE, Channel.CHAT]
    assert until_days(Dossier(a_qualification(an_accreditation(Channel.CHAT, 400))), asks) is None


def test_what_a_person_declared_is_added_to_what_was_imported() -> None:
    declared = Declared(declines=(Need.DEUIL,))
    held = HELD.model_copy(update={"declines": (Need.ADDICTIONS,)})
    announced = establish(Dossier(held, declared=declared), ASKS_NOTHING, NOON).qualification
    assert announced.declines == (Need.ADDICTIONS, Need.DEUIL)


DOSSIERS = st.builds(
    Dossier,
    held=ACCREDITATIONS.map(lambda each: a_qualification(*each)),
    joined_at=st.integers(-200, 0).map(in_days),
    trainings=st.lists(
        st.builds(a_training, st.integers(-60, 60), st.sampled_from([DROIT, TCHAT])), max_size=3
    ).map(tuple),
    supervisions=st.lists(
        st.builds(Supervision, st.sampled_from(SupervisionKind), st.integers(-200, 0).map(in_days)),
        max_size=2,
    ).map(tuple),
)
ASKED = st.builds(
    RosterTerms,
    trainings=st.lists(
        st.builds(
            TrainingRule,
            skill=st.sampled_from([DROIT, TCHAT]),
            channels=st.sampled_from([(), (Channel.CHAT,)]),
            grace_days=st.integers(0, 40),
        ),
        max_size=2,
    ).map(tuple),
    supervisions=st.lists(
        st.builds(
            SupervisionRule,
            kind=st.sampled_from(SupervisionKind),
            every_days=st.integers(1, 200),
            grace_days=st.integers(0, 40),
        ),
        max_size=2,
    ).map(tuple),
)


@given(DOSSIERS, ASKED, st.integers(-50, 50))
def test_nothing_changes_between_now_and_the_moment_that_is_announced(
    dossier: Dossier, asks: RosterTerms, day: int
) -> None:
    now = in_days(day)
    eligibility = establish(dossier, asks, now)
    assert eligibility.changes_at is None or eligibility.changes_at > now
    end = eligibility.changes_at or in_days(9000)
    for moment in (now + (end - now) / 2, end - timedelta(seconds=1)):
        assert establish(dossier, asks, moment).qualification == eligibility.qualification


@given(DOSSIERS, ASKED, st.integers(-50, 50))
def test_asking_for_more_never_makes_anybody_eligible(
    dossier: Dossier, asks: RosterTerms, day: int
) -> None:
    strict = establish(dossier, asks, in_days(day))
    lenient = establish(dossier, ASKS_NOTHING, in_days(day))
    if strict.valid_until > in_days(day):
        ends = {a.channel: a.valid_until for a in lenient.qualification.accreditations}
        for each in strict.qualification.accreditations:
            assert each.valid_until <= ends[each.channel]
    assert set(strict.qualification.roles) <= set(lenient.qualification.roles)
