"""What a person may be offered, and when that ends."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from contracts.roster import Accreditation
from contracts.vocabulary import Channel, LanguageCode, Need, Role
from services.roster.domain import HEARS_CALLERS, Flaw, Rows, establish, in_one_form, read_rows
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


def test_eligibility_ends_with_the_first_accreditation_that_lapses() -> None:
    phone, chat = an_accreditation(Channel.PHONE, 30), an_accreditation(Channel.CHAT, 10)
    eligibility = establish(a_qualification(phone, chat), NOON)
    assert eligibility.qualification == a_qualification(phone, chat)
    assert eligibility.valid_until == eligibility.lapses_at == in_days(10)


def test_lapsed_channel_is_left_out_and_the_other_goes_on() -> None:
    phone, chat = an_accreditation(Channel.PHONE, 30), an_accreditation(Channel.CHAT, 10)
    eligibility = establish(a_qualification(phone, chat), in_days(10))
    assert eligibility.qualification == a_qualification(phone)
    assert eligibility.valid_until == eligibility.lapses_at == in_days(30)


def test_accreditation_has_lapsed_at_its_very_moment() -> None:
    held = a_qualification(an_accreditation(days=10))
    assert establish(held, in_days(10) - timedelta(microseconds=1)).lapses_at == in_days(10)
    assert establish(held, in_days(10)).lapses_at is None


def test_nothing_in_date_leaves_only_roles_that_hear_no_caller() -> None:
    everything = tuple(Role)
    held = a_qualification(
        an_accreditation(Channel.PHONE, -9), an_accreditation(Channel.CHAT, -2), roles=everything
    )
    eligibility = establish(held, NOON)
    assert eligibility.qualification.roles == (Role.COORDINATOR, Role.OPERATOR)
    assert eligibility.valid_until == in_days(-2)
    assert eligibility.lapses_at is None


@given(ACCREDITATIONS, ROLES)
def test_nobody_hears_callers_past_what_is_announced(
    accreditations: list[Accreditation], roles: set[Role]
) -> None:
    held = a_qualification(*accreditations, roles=tuple(roles))
    eligibility = establish(held, NOON)
    announced = eligibility.qualification
    if eligibility.valid_until > NOON:
        assert set(announced.roles) == roles
        assert all(a.valid_until >= eligibility.valid_until for a in announced.accreditations)
        assert eligibility.lapses_at == eligibility.valid_until
    else:
        assert not HEARS_CALLERS & set(announced.roles)
        assert eligibility.lapses_at is None


@given(ACCREDITATIONS)
def test_every_lapse_has_its_turn_and_then_nothing_is_left(
    accreditations: list[Accreditation],
) -> None:
    held = a_qualification(*accreditations)
    moments = []
    eligibility = establish(held, NOON)
    while eligibility.lapses_at is not None:
        moments.append(eligibility.lapses_at)
        eligibility = establish(held, eligibility.lapses_at)
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
