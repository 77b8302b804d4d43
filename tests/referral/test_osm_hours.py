"""Opening hours as OpenStreetMap writes them: a week is read, anything else stays unknown."""

import pytest

from services.referral.lists.osm_hours import Span, Week, read_week

WORKING = (1, 2, 3, 4, 5)
EVERY = (1, 2, 3, 4, 5, 6, 7)
WEEKS = {
    "Mo-Fr 08:30-12:30; PH off": Week((Span(WORKING, 510, 750),), shut_on_holidays=True),
    "24/7": Week((Span(EVERY, 0, 1440),), shut_on_holidays=False),
    "08:00-20:00": Week((Span(EVERY, 480, 1200),), shut_on_holidays=False),
    "Mo-Fr 9:00-12:00, 14:00-17:00; We off": Week(
        (Span((1, 2, 4, 5), 540, 720), Span((1, 2, 4, 5), 840, 1020)), shut_on_holidays=False
    ),
    "Sa-Mo 22:00-06:00": Week((Span((1, 6, 7), 1320, 1800),), shut_on_holidays=False),
    'Tu 09:00-24:00 "sur rendez-vous"': Week((Span((2,), 540, 1440),), shut_on_holidays=False),
}
UNKNOWN = (
    *("", "off", "Mo-Fr off", "sur rendez-vous", "Mo-Fr 25:00-26:00", "Mo 09:60-10:00"),
    *("Jan-Mar Mo 09:00-12:00", "week 1-53/2 Mo 09:00-10:00", "Mo[1] 09:00-10:00"),
    *("Mo-Fr 09:00+", "SH 09:00-12:00", "PH 09:00-12:00", "Mo-Fr 09:00-12:00; SH off"),
)


@pytest.mark.parametrize("written", WEEKS)
def test_hours_of_a_week_are_read(written: str) -> None:
    assert read_week(written) == WEEKS[written]


@pytest.mark.parametrize("written", UNKNOWN)
def test_what_is_not_the_same_every_week_is_unknown(written: str) -> None:
    assert read_week(written) is None
