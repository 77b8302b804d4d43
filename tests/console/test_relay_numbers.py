"""The number of a relay is the directory's, and says when it is only written to."""

from contracts.vocabulary import RelayId
from services.console.relay_numbers import PublicNumber, numbers
from services.referral.directory import read_directory


def test_number_of_a_relay_is_the_one_spoken_to_and_says_when_it_is_written_to() -> None:
    assert numbers()[RelayId("fr-3114")] == PublicNumber("3114", by_text=False)
    assert numbers()[RelayId("fr-114")] == PublicNumber("114", by_text=True)


def test_every_number_is_of_a_relay_that_referral_knows() -> None:
    known = {relay.slug for relay in read_directory().relays}
    assert set(numbers()) < known  # some have an address alone
