"""What is written in a contact, at the doors of both sides: kept sealed, told to who may read."""

import asyncio
import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select

from contracts.contact import EndContact
from contracts.envelope import ReplyStatus
from contracts.text import EraseTexts, JudgeFlag, TextSealed
from contracts.vocabulary import (
    Attention,
    AuthorKind,
    ContactId,
    FlagOutcome,
    Outcome,
    PersonId,
    ProgrammeId,
    Role,
    SealedId,
    TextKind,
)
from contracts.writing import WritingTerms
from services.bus.door import GroundAway
from services.bus.testing import ServiceUnderTest
from services.intake import sealed
from services.intake.day_keys import DayKeys
from services.intake.door import build
from services.intake.listening import hear
from services.intake.sealed import FlagRow, ReadingRow
from services.intake.settings import Settings
from services.intake.words import TEXT_NOT_KEPT
from tests.intake.builders import LISTENER, a_listener, a_written_line, apply_line
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, TextDesk, a_key
from tests.intake.doors import Client, DoorUnderTest

CANARY = "Je m'appelle Marie Dupont, 06 39 98 00 12 💧"
EVE = PersonId("v-eve")
SAM = PersonId("s-sam")


@pytest.fixture
def door(intake: ServiceUnderTest) -> DoorUnderTest:
    apply_line(intake, terms=a_written_line())
    return DoorUnderTest(intake)


@pytest.fixture
def client(door: DoorUnderTest) -> Client:
    return Client(build(door, Settings()))


def test_who_waits_for_news_is_not_taken_for_slow(door: DoorUnderTest) -> None:
    """Each address that lets somebody wait says so, and no other."""
    addresses = build(door, Settings()).addresses
    let_wait = {
        (each.method, each.path)
        for each in addresses
        for asked in each.operation.get("parameters", ())
        if asked.get("name") == "wait_seconds"
    }
    assert len(let_wait) == 2
    assert {(each.method, each.path) for each in addresses if each.waits} == let_wait


def open_contact(client: Client, channel: str = "chat") -> CallerSide:
    call = {"programme": "sos-crise", "channel": channel}
    opened = client.post("/contacts", json=call, headers=a_key())
    assert opened.status_code == 201, opened.text
    return CallerSide(client, opened.json())


@pytest.fixture
def caller(client: Client) -> CallerSide:
    return open_contact(client)


@pytest.fixture
def desk(client: Client, caller: CallerSide, intake: ServiceUnderTest) -> TextDesk:
    """The listener in the caller's chat."""
    intake.deliver(a_listener(caller.contact_id).taken())
    return TextDesk(client, caller.contact_id)


def all_of_the_database(intake: ServiceUnderTest) -> str:
    with intake.session() as session:
        names = session.execute(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'intake'")
        ).scalars()
        rows = [
            str(row)
            for name in names
            for row in session.execute(text(f"SELECT * FROM intake.{name}"))
        ]
    return "\n".join(rows)


# --- to and fro -----------------------------------------------------------------------------------


def test_what_one_writes_the_other_reads_in_order(caller: CallerSide, desk: TextDesk) -> None:
    caller.write("Bonsoir")
    desk.write("Bonsoir, je vous lis.")
    caller.write(CANARY)
    said = ["Bonsoir", "Bonsoir, je vous lis.", CANARY]
    assert caller.texts() == said
    assert desk.texts() == said
    told = caller.read().json()["texts"]
    assert [each["author"] for each in told] == ["caller", "listener", "caller"]
    assert "v-bruno" not in caller.read().text


def test_who_asks_after_the_last_one_is_told_what_is_new(
    caller: CallerSide, desk: TextDesk
) -> None:
    caller.write("un")
    last = caller.read().json()["last"]
    assert caller.read(last).json()["texts"] == []
    desk.write("deux")
    news = caller.read(last).json()
    assert [each["text"] for each in news["texts"]] == ["deux"]
    assert news["last"] > last


def test_the_bus_hears_that_something_was_written_and_not_what(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest
) -> None:
    kept = caller.write(CANARY).json()
    desk.write("Je suis là", kind="note")
    first, second = intake.announced(TextSealed)
    assert first.sealed_id == kept["sealed_id"]
    assert (first.kind, first.author, first.characters) == (
        TextKind.LINE,
        AuthorKind.CALLER,
        len(CANARY),
    )
    assert (second.kind, second.author) == (TextKind.NOTE, AuthorKind.LISTENER)


def test_notes_and_capsules_are_for_humans_alone(caller: CallerSide, desk: TextDesk) -> None:
    desk.write("À rappeler : dit être seule ce soir", kind="note")
    desk.write("Reprendre au sujet de sa sœur", kind="capsule")
    assert caller.texts() == []
    assert len(desk.texts()) == 2


def test_newest_note_of_a_person_takes_the_place_of_the_one_before(
    caller: CallerSide, desk: TextDesk
) -> None:
    supervisor = replace(desk, person_id=PersonId("supervisor-1"), role=Role.SUPERVISOR)
    desk.write("Dit êt", kind="note")
    supervisor.write("Relu", kind="note")
    caller.write("Une ligne")
    desk.write("Dit être seule", kind="note")
    assert desk.texts() == ["Relu", "Une ligne", "Dit être seule"]


def test_line_that_keeps_no_notes_refuses_them_and_nothing_else(
    intake: ServiceUnderTest, client: Client
) -> None:
    terms = a_written_line()
    frame = terms.frame.model_copy(update={"keeps_notes": False})
    apply_line(intake, terms=terms.model_copy(update={"frame": frame}))
    chat = open_contact(client)
    intake.deliver(a_listener(chat.contact_id).taken())
    at_desk = TextDesk(client, chat.contact_id)
    refused = at_desk.write("Ceci ne s'écrit pas", kind="note")
    assert (refused.status_code, refused.json()["field"]) == (409, "kind")
    assert at_desk.write("Je suis là").status_code == 201
    assert at_desk.texts() == ["Je suis là"]


def test_help_passes_between_the_desk_and_a_supervisor_alone(
    caller: CallerSide, desk: TextDesk
) -> None:
    supervisor = replace(desk, person_id=PersonId("supervisor-1"), role=Role.SUPERVISOR)
    assert desk.write("Je ne sais plus quoi dire", kind="help").status_code == 201
    assert supervisor.write("Je suis là, restez avec elle", kind="help").status_code == 201
    assert (
        desk.texts()
        == supervisor.texts()
        == [
            "Je ne sais plus quoi dire",
            "Je suis là, restez avec elle",
        ]
    )
    assert caller.texts() == []


def test_a_follower_hears_at_once_what_is_written(
    door: DoorUnderTest, client: Client, caller: CallerSide, desk: TextDesk
) -> None:
    app = build(door, Settings())
    last = caller.read().json()["last"]

    async def follow() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as http:
            address = f"{caller.address}/texts?after={last}&wait_seconds=20"
            following = asyncio.create_task(http.get(address, headers=caller.token))
            await asyncio.sleep(0.2)
            assert not following.done()
            await asyncio.to_thread(desk.write, "Je vous lis")
            return await asyncio.wait_for(following, 5)

    assert [each["text"] for each in asyncio.run(follow()).json()["texts"]] == ["Je vous lis"]


def test_a_follower_hears_that_the_contact_moves(
    door: DoorUnderTest, caller: CallerSide, intake: ServiceUnderTest
) -> None:
    last = caller.read().json()["last"]
    intake.deliver(a_listener(caller.contact_id).taken())
    news = caller.read(last).json()
    assert news["last"] > last
    assert news["words"] == "Un écoutant est avec vous."


def test_a_repeat_with_the_same_key_is_kept_once(
    caller: CallerSide, intake: ServiceUnderTest
) -> None:
    key = str(uuid4())
    first = caller.write("une fois", **{"Idempotency-Key": key})
    again = caller.write("une fois", **{"Idempotency-Key": key})
    assert first.json() == again.json()
    assert len(intake.announced(TextSealed)) == 1
    other = caller.write("autre chose", **{"Idempotency-Key": key})
    assert (other.status_code, other.json()["code"]) == (409, "repeated_with_another_body")


# --- sealed ---------------------------------------------------------------------------------------


def test_no_word_is_in_the_database_or_a_log(
    caller: CallerSide,
    desk: TextDesk,
    intake: ServiceUnderTest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caller.write(CANARY)
    desk.write(CANARY, kind="note")
    caller.write(CANARY + "\0")
    caller.write(CANARY * 400)
    assert desk.texts() == [CANARY, CANARY]
    kept = all_of_the_database(intake) + caplog.text
    for word in ("Marie", "Dupont", "0639980012", "06 39 98", caller.opened["token"]):
        assert word not in kept


def test_without_the_key_of_the_day_nothing_opens(
    caller: CallerSide, desk: TextDesk, tmp_path: Path
) -> None:
    caller.write(CANARY)
    DayKeys(tmp_path / "days").destroy(NOON.date())
    assert desk.texts() == []
    assert caller.texts() == []


def test_every_reading_of_a_desk_is_kept_and_a_caller_leaves_none(
    caller: CallerSide, desk: TextDesk, client: Client, intake: ServiceUnderTest
) -> None:
    caller.write("un")
    caller.write("deux")
    caller.texts()
    desk.texts()
    replace(desk, person_id=SAM, role=Role.SUPERVISOR).texts()
    rows = intake.read(lambda session: session.exec(select(ReadingRow)).all())
    assert [(row.person_id, row.role, row.texts) for row in rows] == [
        (LISTENER, Role.LISTENER, 2),
        (SAM, Role.SUPERVISOR, 2),
    ]


def test_a_reading_that_cannot_be_kept_is_not_given(
    caller: CallerSide, desk: TextDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller.write("un")

    def away(*_: object) -> None:
        raise GroundAway

    monkeypatch.setattr(sealed, "add_reading", away)
    answer = desk.read()
    assert answer.status_code == 503
    assert "texts" not in answer.json()


# --- who may not ----------------------------------------------------------------------------------


def test_a_token_of_another_contact_opens_nothing(client: Client, caller: CallerSide) -> None:
    other = open_contact(client)
    thief = CallerSide(client, caller.opened | {"token": other.opened["token"]})
    caller.write("à moi")
    for answer in (thief.read(), thief.write("à toi")):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_yours")


WRONG_DESKS = {
    "nobody's key": {"signed_with": b"x" * 32},
    "another purpose": {"purpose": "audit"},
    "expired": {"expires_at": NOON},
    "a role without contacts": {"role": Role.COORDINATOR},
}


@pytest.mark.parametrize("wrong", WRONG_DESKS.values(), ids=WRONG_DESKS)
def test_a_capability_that_does_not_stand_opens_nothing(
    desk: TextDesk, caller: CallerSide, wrong: dict[str, object]
) -> None:
    caller.write("à moi")
    stranger = replace(desk, **wrong)  # type: ignore[arg-type] # one field each
    for answer in (stranger.read(), stranger.write("bonjour")):
        assert (answer.status_code, answer.json()["code"]) == (401, "not_yours")


def test_a_capability_opens_its_own_contact_alone(client: Client, desk: TextDesk) -> None:
    other = open_contact(client)
    answer = client.get(f"/desk/contacts/{other.contact_id}/texts", headers=desk.capability)
    assert answer.status_code == 401


def test_people_of_another_line_read_nothing(desk: TextDesk) -> None:
    other = replace(desk, programme=ProgrammeId("sos-detresse"), role=Role.SUPERVISOR)
    assert (other.read().status_code, other.write("x", "note").status_code) == (403, 403)


def test_only_the_human_in_the_contact_reads(desk: TextDesk, caller: CallerSide) -> None:
    caller.write("à vous")
    eve = replace(desk, person_id=EVE)
    assert (eve.read().status_code, eve.write("coucou").status_code) == (403, 403)


def test_a_desk_without_capability_is_told_what_is_wanted(client: Client, desk: TextDesk) -> None:
    answer = client.get(desk.address)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_yours")


# --- what cannot be kept, and is lost to nobody ---------------------------------------------------

BODIES: dict[str, tuple[bytes, int]] = {
    "not JSON": (b"bonjour", 400),
    "not UTF-8": (b'{"text": "\xff\xfe"}', 400),
    "a lone surrogate": (rb'{"text": "\ud800"}', 400),
    "a list": (b'["bonjour"]', 400),
    "another field": (b'{"text": "bonjour", "kind": "note"}', 400),
    "no text": (b"{}", 400),
    "a number": (b'{"text": 12}', 400),
    "a NUL": (rb'{"text": "a\u0000b"}', 400),
    "blank": (b'{"text": "  "}', 400),
    "one character too many": (json.dumps({"text": "x" * 10_001}).encode(), 413),
    "a megabyte": (json.dumps({"text": "x" * 1_000_000}).encode(), 413),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_text_is_refused_and_changes_nothing(
    client: Client, caller: CallerSide, intake: ServiceUnderTest, body: bytes, status: int
) -> None:
    headers = caller.token | a_key() | {"Content-Type": "application/json"}
    answer = client.post(f"{caller.address}/texts", content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["emergency_numbers"]
    assert "bonjour" not in answer.text
    assert caller.texts() == []
    assert intake.announced(TextSealed) == []


def test_a_text_of_10_000_characters_is_kept_whole(caller: CallerSide, desk: TextDesk) -> None:
    long = "é😔" * 5_000
    assert caller.write(long).status_code == 201
    assert desk.texts() == [long]


def test_a_text_too_long_is_told_by_how_much(caller: CallerSide) -> None:
    answer = caller.write("x" * 10_007)
    assert (answer.status_code, answer.json()["field"]) == (413, "text")
    assert "7 caractères de trop" in answer.json()["detail"]
    assert "il reste chez vous" in answer.json()["detail"]
    assert caller.write("\x07").json()["detail"] == TEXT_NOT_KEPT


def test_nothing_is_added_after_the_end_but_a_note_of_who_was_there(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest
) -> None:
    caller.write("Merci, au revoir")
    end = EndContact(contact_id=caller.contact_id, outcome=Outcome.LISTENED)
    assert intake.ask(end, LISTENER, Role.LISTENER).status is ReplyStatus.DONE
    answer = caller.write("Encore une chose")
    assert (answer.status_code, answer.json()["code"]) == (410, "contact_over")
    assert desk.write("Allait mieux", kind="note").status_code == 201
    assert desk.write("Au revoir").status_code == 410
    assert desk.read().status_code == 410
    assert replace(desk, person_id=SAM, role=Role.SUPERVISOR).texts() == [
        "Merci, au revoir",
        "Allait mieux",
    ]


def test_a_caller_by_telephone_writes_nothing(client: Client) -> None:
    answer = open_contact(client, "phone").write("allô ?")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99999999999", "wait_seconds=26"])
def test_a_question_that_makes_no_sense_is_refused(caller: CallerSide, query: str) -> None:
    answer = caller.client.get(f"{caller.address}/texts?{query}", headers=caller.token)
    assert (answer.status_code, answer.json()["field"]) == (400, query.split("=")[0])


# --- erasure --------------------------------------------------------------------------------------


def erase(
    intake: ServiceUnderTest, contact_id: ContactId, role: Role = Role.SUPERVISOR
) -> dict[str, Any]:
    return intake.ask(EraseTexts(contact_id=contact_id), SAM, role).result or {}


def test_an_erasure_takes_key_and_texts_and_says_how_far_it_has_come(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest, tmp_path: Path
) -> None:
    caller.write(CANARY)
    desk.write("noté", kind="note")
    told = erase(intake, caller.contact_id)
    assert told == {
        "sealed": 2,
        "erased_at": "2020-11-02T11:00:00Z",
        "in_backups_until": "2020-11-10T00:00:00Z",
    }
    assert desk.texts() == caller.texts() == []
    with intake.session() as session:
        for table in ("contact_key", "sealed_text"):
            assert session.execute(text(f"SELECT count(*) FROM intake.{table}")).scalar() == 0
    assert erase(intake, caller.contact_id) == told
    intake.at(NOON + timedelta(days=8))
    assert erase(intake, caller.contact_id) == told  # the file is still there
    DayKeys(tmp_path / "days").destroy(NOON.date())
    assert erase(intake, caller.contact_id) == {**told, "in_backups_until": None}


def test_a_contact_goes_on_after_an_erasure_with_another_key(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest
) -> None:
    caller.write("à oublier")
    erase(intake, caller.contact_id)
    caller.write("à garder")
    assert desk.texts() == ["à garder"]


def test_only_a_supervisor_of_the_line_erases(caller: CallerSide, intake: ServiceUnderTest) -> None:
    caller.write("à moi")
    assert erase(intake, caller.contact_id, Role.LISTENER) == {}
    command = EraseTexts(contact_id=caller.contact_id)
    other = intake.ask(command, SAM, Role.SUPERVISOR, programme="sos-detresse")
    assert other.refusal == "not_in_programme"
    assert caller.texts() == ["à moi"]


def test_a_flag_nobody_raised_cannot_be_judged(
    caller: CallerSide, desk: TextDesk, intake: ServiceUnderTest
) -> None:
    kept = caller.write("tout va bien").json()
    command = JudgeFlag(
        contact_id=caller.contact_id,
        sealed_id=SealedId(kept["sealed_id"]),
        outcome=FlagOutcome.UNFOUNDED,
    )
    reply = intake.ask(command, LISTENER, Role.LISTENER)
    assert (reply.refusal, reply.field) == ("invalid_field", "sealed_id")


# --- the indicator --------------------------------------------------------------------------------

SAID = "Je vais me tuer ce soir"


@pytest.fixture
def listened_to(intake: ServiceUnderTest) -> CallerSide:
    """A chat on a line whose indicator has a clinical owner."""
    writing = WritingTerms(indicator_owner=PersonId("p-claire"))
    apply_line(intake, terms=a_written_line(writing=writing))
    return open_contact(Client(build(DoorUnderTest(intake), Settings())))


def test_without_a_clinical_owner_nothing_is_listened_to(
    caller: CallerSide, intake: ServiceUnderTest
) -> None:
    caller.write(SAID)
    (event,) = intake.announced(TextSealed)
    assert (event.attention, event.rule_ids) == (Attention.NONE, ())


def test_a_flag_names_rules_on_the_bus_and_words_to_who_may_read(
    listened_to: CallerSide, intake: ServiceUnderTest
) -> None:
    listened_to.write("Bonsoir")
    kept = listened_to.write(SAID).json()
    plain, flagged = intake.announced(TextSealed)
    assert plain.attention is Attention.NONE
    assert flagged.attention is Attention.RAISE_NOW
    assert flagged.rule_ids
    assert listened_to.read().json()["texts"][1]["attention"] == "none"
    assert "fr-" not in listened_to.read().text
    supervisor = TextDesk(listened_to.client, listened_to.contact_id, SAM, Role.SUPERVISOR)
    told = supervisor.read().json()["texts"][1]
    words = {SAID[each["start"] : each["end"]] for each in told["heard"]}
    assert any("tuer" in each for each in words)
    command = JudgeFlag(
        contact_id=listened_to.contact_id,
        sealed_id=SealedId(kept["sealed_id"]),
        outcome=FlagOutcome.CONFIRMED,
    )
    assert intake.ask(command, SAM, Role.SUPERVISOR).status is ReplyStatus.DONE
    flags = intake.read(lambda session: session.exec(select(FlagRow)).all())
    assert [(row.outcome, row.judged_by) for row in flags] == [(FlagOutcome.CONFIRMED, SAM)]


def test_what_was_heard_before_is_not_said_again() -> None:
    assert hear([], SAID).level is Attention.RAISE_NOW
    assert hear([SAID], "Merci de me lire").rules == ()
    assert hear([SAID], "Je ne veux pas mourir").level is Attention.WATCH


def test_a_wish_and_its_hour_belong_together_across_lines() -> None:
    apart = hear(["Je veux mourir"], "Ce soir")
    assert apart.rules == ("wish-with-its-hour",)
    assert apart.level is Attention.RAISE_NOW


def test_what_people_at_desks_write_is_not_listened_to(
    listened_to: CallerSide, intake: ServiceUnderTest
) -> None:
    intake.deliver(a_listener(listened_to.contact_id).taken())
    TextDesk(listened_to.client, listened_to.contact_id).write(SAID)
    assert intake.announced(TextSealed)[-1].attention is Attention.NONE


def test_newest_capsule_of_a_side_takes_the_place_of_the_one_before(
    caller: CallerSide, desk: TextDesk
) -> None:
    desk.write("Parle bas.", kind="capsule")
    caller.write("Une ligne")
    desk.write("Parle bas, sa fille dort.", kind="capsule")
    assert desk.texts() == ["Une ligne", "Parle bas, sa fille dort."]


def test_capsule_is_taken_back_by_who_may_write_one_and_by_nobody_else(
    caller: CallerSide, desk: TextDesk
) -> None:
    desk.write("Parle bas.", kind="capsule")
    caller.write("Finalement non")
    address = f"/desk/contacts/{caller.contact_id}/take-back-capsule"
    eve = replace(desk, person_id=EVE)
    assert desk.client.post(address, headers=eve.capability).status_code == 403
    assert "Parle bas." in desk.texts()
    for _ in range(2):  # one that is not there is as good
        assert desk.client.post(address, headers=desk.capability).status_code == 200
    assert desk.texts() == ["Finalement non"]
