"""The number of a relay is the directory's, and says when it is only written to."""

from contracts.vocabulary import RelayId
from services.console.relay_numbers import PublicNumber, number_of, numbers
from services.referral.directory import read_directory


def test_number_of_a_relay_is_the_one_spoken_to_and_says_when_it_is_written_to() -> None:
    assert numbers()[RelayId("fr-3114")] == PublicNumber("3114", by_text=False)
    assert numbers()[RelayId("fr-114")] == PublicNumber("114", by_text=True)


def test_every_number_is_of_a_relay_that_referral_knows() -> None:
    known = {relay.slug for relay in read_directory().relays}
    assert set(numbers()) < known  # some have an address alone


def test_number_one_speaks_to_comes_before_one_to_write_to() -> None:
    written, spoken = {"number": "31 114", "type": "text"}, {"number": "3114", "type": "voice"}
    assert number_of([written, spoken]) == PublicNumber("3114", by_text=False)
    assert number_of([written]) == PublicNumber("31114", by_text=True)
    assert number_of([{"number": "by letter"}]) is None
