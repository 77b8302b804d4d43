"""The number of a relay is its row's, and says when it is only written to."""

from services.referral.directory.committed import read_directory
from services.referral.directory.numbers import PublicNumber, number_of


def test_number_of_a_relay_is_the_one_spoken_to_and_says_when_it_is_written_to() -> None:
    known = {str(relay.slug): (relay.number, relay.by_text) for relay in read_directory().relays}
    assert known["fr-3114"] == ("3114", False)
    assert known["fr-114"] == ("114", True)


def test_number_one_speaks_to_comes_before_one_to_write_to() -> None:
    written, spoken = {"number": "31 114", "type": "text"}, {"number": "3114", "type": "voice"}
    assert number_of([written, spoken]) == PublicNumber("3114", by_text=False)
    assert number_of([written]) == PublicNumber("31114", by_text=True)
    assert number_of([{"number": "by letter"}]) is None
