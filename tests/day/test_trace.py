"""Reading a trace, and some hours of one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.vocabulary import LanguageCode, Need, Role
from deploy.day.slices import Hours, take_hours
from deploy.day.trace import Shift, Trace, TraceUnreadable, join_shifts, read_trace, volunteers
from tests.day.traces import a_call, a_listener, a_shift, a_trace

NINE, TEN, ELEVEN, NOON = 32_400.0, 36_000.0, 39_600.0, 43_200.0


def a_morning(folder: Path) -> Trace:
    """Three callers, a regulator hour by hour, one listener early and one late."""
    return a_trace(
        folder,
        [
            a_call("late", 40_000.0),
            a_call("early", 32_500.0),
            a_call("middle", 37_000.0, langs="ar|fr", risk=3, hard=1),
        ],
        [a_listener("v1"), a_listener("v2", langs="fr|ar", accred=3), a_listener("v3")],
        [
            a_shift("g1", NINE, TEN, "regulator"),
            a_shift("g1", TEN, NOON, "regulator"),
            a_shift("v1", NINE, TEN),
            a_shift("v2", NINE, NOON),
            a_shift("v3", ELEVEN, NOON),
        ],
    )


def test_calls_are_read_in_order_of_time(tmp_path: Path) -> None:
    calls = a_morning(tmp_path).calls
    assert [call.call_id for call in calls] == ["early", "middle", "late"]
    assert (calls[1].languages, calls[1].risk, calls[1].hard) == (("ar", "fr"), 3, True)


def test_shifts_that_touch_are_one() -> None:
    shifts = (Shift(TEN, NOON), Shift(NINE, TEN), Shift(NOON + 1, NOON + 2))
    assert join_shifts(shifts) == (Shift(NINE, NOON), Shift(NOON + 1, NOON + 2))


def test_people_are_imported_in_our_words(tmp_path: Path) -> None:
    until = datetime(2021, 1, 1, tzinfo=UTC)
    imported = {
        str(volunteer.person_id): volunteer.qualification
        for volunteer in volunteers(a_morning(tmp_path), ("fr", "en"), until)
    }
    listener = imported["v2"]
    assert listener.roles == (Role.LISTENER,)
    assert listener.languages == (LanguageCode.FR, LanguageCode.AR)
    assert listener.topics == (Need.ECOUTE_GENERALISTE, Need.DEUIL)
    assert listener.accreditations[0].level == 3
    assert imported["g1"].roles == (Role.REGULATOR,)
    assert imported["g1"].languages == (LanguageCode.FR, LanguageCode.EN)


def test_an_hour_keeps_its_callers_and_who_is_present(tmp_path: Path) -> None:
    hour = take_hours(a_morning(tmp_path / "whole"), Hours(TEN, ELEVEN), tmp_path / "part")
    assert [call.call_id for call in hour.calls] == ["middle"]
    assert {worker.person_id: worker.shifts for worker in hour.workers} == {
        "g1": (Shift(TEN, NOON),),
        "v2": (Shift(TEN, NOON),),
    }
    assert hour.first_second == TEN


@pytest.mark.parametrize("missing", ["arrivals.csv", "meta.json"])
def test_folder_without_a_trace_is_refused_by_name(tmp_path: Path, missing: str) -> None:
    a_morning(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(TraceUnreadable, match=missing):
        read_trace(tmp_path)


def test_surge_has_so_many_callers_alike_for_each(tmp_path: Path) -> None:
    whole = Hours(NINE, NOON)
    surge = take_hours(a_morning(tmp_path / "whole"), whole, tmp_path / "surge", surge=10)
    assert len(surge.calls) == len({call.call_id for call in surge.calls}) == 30
    alike = [call for call in surge.calls if call.call_id.startswith("middle")]
    assert {(call.risk, call.languages) for call in alike} == {(3, ("ar", "fr"))}
    assert all(NINE <= call.at < NOON for call in surge.calls)
    again = take_hours(a_morning(tmp_path / "whole"), whole, tmp_path / "again", surge=10)
    assert again.calls == surge.calls
