"""What people put right of a relay: laid over its list, kept through imports, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.directory import CorrectRelay, LookUpRelays, RelayField, RelayStanding
from contracts.directory import TakeBackCorrection as TakeBack
from contracts.envelope import Reply, ReplyStatus
from contracts.referral import FindRelays, VerifyRelay
from contracts.vocabulary import Need, Refusal, RelayId, Role
from services.bus.testing import ServiceUnderTest
from tests.referral.lists import exported, row, taken
from tests.referral.test_browsing import empty, listed, told, verify
from tests.triage.builders import NOON

__all__ = ["empty"]

A = RelayId("fr-a")
NUMBER, ANOTHER = "0199001234", "+33199005678"


def a_row(**changed: Any) -> dict[str, Any]:
    made = row(A, conflicts=[], **changed)
    made["phones"][0]["number"] = NUMBER
    return made


def correct(it: ServiceUnderTest, role: Role = Role.COORDINATOR, **said: Any) -> Reply:
    return it.ask(CorrectRelay(relay_id=A, **said), "coordinator-1", role)


def done(reply: Reply) -> None:
    assert reply.status is ReplyStatus.DONE, reply


def found(it: ServiceUnderTest) -> list[str]:
    wish = FindRelays(needs=(Need.CRISE_SUICIDAIRE,))
    result = it.ask(wish, "regulator-1", Role.REGULATOR).result
    assert result is not None
    return [each["relay_id"] for each in result["now"]]


def test_a_correction_holds_and_every_source_is_shown_beside_it(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    done(correct(empty, number="+33 1 99 00 56 78"))
    seen = told(empty, A)
    assert (seen.number, seen.corrected) == (ANOTHER, True)
    (number,) = (each for each in seen.fields if each.field is RelayField.NUMBER)
    assert number.differs
    assert [(each.source, each.said, each.holds, each.ours) for each in number.tellings] == [
        ("ours", ANOTHER, True, True),
        ("one", NUMBER, False, False),
    ]
    assert number.tellings[0].told_by == "coordinator-1"
    assert [(each.act, each.of, each.by) for each in seen.acts] == [
        ("corrected", RelayField.NUMBER, "coordinator-1")
    ]
    assert listed(empty, standing=RelayStanding.CORRECTED) == [A]


def test_an_import_never_overwrites_a_correction(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    done(correct(empty, number=ANOTHER))
    newer = a_row()
    newer["phones"][0]["number"] = "0199009999"
    newer["name"] = "Another name"
    assert taken(empty, [newer], "one").changed == 1
    seen = told(empty, A)
    assert (seen.number, seen.called) == (ANOTHER, "Another name")
    assert taken(empty, [newer], "one").unchanged == 1  # it is compared with what the list told


def test_a_correction_that_is_taken_back_leaves_what_the_list_says_now(
    empty: ServiceUnderTest,
) -> None:
    taken(empty, [a_row()], "one")
    done(correct(empty, number=ANOTHER, website="https://example.org/aide"))
    wish = TakeBack(relay_id=A, field=RelayField.NUMBER)
    done(empty.ask(wish, "coordinator-2", Role.COORDINATOR))
    seen = told(empty, A)
    assert (seen.number, seen.corrected) == (NUMBER, True)  # its page is still ours
    assert (seen.acts[0].act, seen.acts[0].by) == ("correction-taken-back", "coordinator-2")
    wish = TakeBack(relay_id=A, field=RelayField.WEBSITE)
    done(empty.ask(wish, "coordinator-2", Role.COORDINATOR))
    assert not told(empty, A).corrected
    done(empty.ask(wish, "coordinator-2", Role.COORDINATOR))  # nothing is there: as it was


def test_corrected_hours_are_those_a_search_goes_by(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    assert found(empty) == [A]
    done(correct(empty, hours="SA,SU 09:00-18:00"))  # it is Wednesday
    assert found(empty) == []
    assert not told(empty, A).always_open
    done(correct(empty, hours="MO,TU,WE,TH,FR,SA,SU 00:00-24:00"))
    assert found(empty) == [A]
    assert told(empty, A).always_open


def test_who_is_closed_until_a_day_is_proposed_again_after_it(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    done(correct(empty, closed_until="2026-01-14"))
    assert found(empty) == []
    empty.at(NOON.replace(day=15))
    assert found(empty) == [A]


def test_a_successor_stands_in_for_what_works_no_longer(empty: ServiceUnderTest) -> None:
    other = row("fr-b", conflicts=[], needs=["solitude"])
    taken(empty, [a_row(), other], "one")
    done(correct(empty, successor="fr-b"))
    seen = told(empty, A)
    assert (seen.status, seen.successor, seen.proposed) == ("defunct", "fr-b", False)
    assert found(empty) == ["fr-b"]
    done(
        empty.ask(
            TakeBack(relay_id=A, field=RelayField.SUCCESSOR), "coordinator-1", Role.COORDINATOR
        )
    )
    assert found(empty) == [A]


def test_what_its_list_has_no_longer_is_not_brought_back_by_a_correction(
    empty: ServiceUnderTest,
) -> None:
    taken(empty, [a_row()], "one")
    taken(empty, [], "one")
    done(correct(empty, number=ANOTHER))
    assert found(empty) == []
    assert not told(empty, A).proposed


BAD: dict[str, tuple[dict[str, Any], Refusal, str]] = {
    "no number": ({"number": "by letter"}, Refusal.INVALID_FIELD, "number"),
    "too long a number": ({"number": "0" * 17}, Refusal.INVALID_FIELD, "number"),
    "hours nobody reads": ({"hours": "the mornings"}, Refusal.INVALID_FIELD, "hours"),
    "a day twice": ({"hours": "MO,MO 09:00-12:00"}, Refusal.INVALID_FIELD, "hours"),
    "hours of no length": ({"hours": "MO 09:00-09:00"}, Refusal.INVALID_FIELD, "hours"),
    "an hour that is none": ({"hours": "MO 09:00-25:00"}, Refusal.INVALID_FIELD, "hours"),
    "no page": ({"website": "javascript:alert(1)"}, Refusal.INVALID_FIELD, "website"),
    "an empty place": ({"place": "  "}, Refusal.INVALID_FIELD, "place"),
    "a day that is none": ({"last_day": "2026-02-30"}, Refusal.INVALID_FIELD, "last_day"),
    "a day before it began": ({"last_day": "2019-01-01"}, Refusal.INVALID_FIELD, "last_day"),
    "shut for ever": ({"closed_until": "2999-01-01"}, Refusal.INVALID_FIELD, "closed_until"),
    "a successor nobody knows": ({"successor": "fr-x"}, Refusal.UNKNOWN_RELAY, "successor"),
    "itself": ({"successor": "fr-a"}, Refusal.INVALID_FIELD, "successor"),
    "one that leads back": ({"successor": "fr-b"}, Refusal.INVALID_FIELD, "successor"),
    "nothing": ({}, Refusal.INVALID_FIELD, "number"),
    "one that is sound beside one that is not": (
        {"number": ANOTHER, "hours": "never"},
        Refusal.INVALID_FIELD,
        "hours",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_sound_is_refused_by_its_name_and_nothing_changes(
    empty: ServiceUnderTest, name: str
) -> None:
    said, why, field = BAD[name]
    back = row("fr-b", conflicts=[], replaced_by=A, status="defunct")
    taken(empty, [a_row(valid_from="2020-01-01"), back], "one")
    before = told(empty, A)
    reply = correct(empty, **said)
    assert (reply.refusal, reply.field) == (why, field)
    assert told(empty, A) == before


def test_who_only_reads_puts_nothing_right(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    for role in (Role.LISTENER, Role.REGULATOR, Role.SUPERVISOR):
        assert correct(empty, role, number=ANOTHER).refusal is Refusal.ROLE_NOT_PERMITTED
        wish = TakeBack(relay_id=A, field=RelayField.NUMBER)
        assert empty.ask(wish, "p-1", role).refusal is Refusal.ROLE_NOT_PERMITTED


def test_what_nobody_knows_cannot_be_put_right(empty: ServiceUnderTest) -> None:
    reply = correct(empty, number=ANOTHER)
    assert (reply.refusal, reply.field) == (Refusal.UNKNOWN_RELAY, "relay_id")


def test_an_export_has_what_was_put_right_and_is_still_hsds(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    said = {"number": ANOTHER, "hours": "MO 22:00-06:00", "place": "1 rue Inventée, Paris"}
    done(
        correct(empty, Role.OPERATOR, **said, last_day="2026-12-31", website="https://example.org/")
    )
    (written,) = exported(empty)
    assert written["phones"][0]["number"] == ANOTHER
    assert written["schedules"][0]["x_crosses_midnight"]
    assert written["x_relay"]["place"] == "1 rue Inventée, Paris"
    assert written["x_relay"]["valid_to"] == "2026-12-31"


def test_verifications_are_kept_with_who_and_when(empty: ServiceUnderTest) -> None:
    taken(empty, [a_row()], "one")
    verify(empty, A)
    empty.at(NOON.replace(day=15))
    taking_back = VerifyRelay(relay_id=A, verified=False)
    done(empty.ask(taking_back, "operator-1", Role.OPERATOR))
    assert [(each.act, each.by, each.at) for each in told(empty, A).acts] == [
        ("taken-back", "operator-1", NOON.replace(day=15)),
        ("verified", "coordinator-1", NOON),
    ]
    assert LookUpRelays.roles > CorrectRelay.roles
