"""The driver's callers beside the platform's contacts."""

from deploy.day.caller import Caller
from deploy.day.ledger import compare
from deploy.day.stamps import Line, Stamps
from deploy.day.trace import Call
from tests.day.virtual import VirtualPlatform


def a_caller(contact_id: str | None, place: Line) -> Caller:
    """A caller at the end of their day."""
    call = Call("c1", 0.0, "ecoute", ("fr",), 0, 10.0, 10.0, 10.0, 10.0, hard=False)
    caller = Caller(call, VirtualPlatform((), 1), Stamps())
    caller.contact_id, caller.place = contact_id, place
    return caller


def test_equal_sides_are_sound() -> None:
    callers = (a_caller("a", Line.ENDED), a_caller("b", Line.GONE))
    found = compare({"a": ("ended", "listened"), "b": ("ended", "abandoned")}, callers)
    assert found.sound
    assert found.endings == {
        ("listened to", "listened"): 1,
        ("gone", "abandoned"): 1,
    }


def test_each_difference_is_found() -> None:
    one = (a_caller("a", Line.ENDED),)
    assert compare({}, one).lost == 1
    assert compare({"a": ("ended", "listened"), "b": ("ended", "abandoned")}, one).twice == 1
    assert compare({"a": ("with_listener", None)}, one).not_ended == 1
    assert compare({}, (a_caller(None, Line.GONE),)).never_opened == 1
    assert not compare({}, one).sound
