"""Who may write and read what."""

from datetime import timedelta

import pytest

from contracts.text import LONGEST_TEXT_CHARACTERS
from contracts.vocabulary import (
    AuthorKind,
    Channel,
    EndedBy,
    OfferId,
    Outcome,
    PersonId,
    Refusal,
    Role,
    Stage,
    TextKind,
)
from services.intake.domain import Ended, Life, Take, Talking, Waiting
from services.intake.written import (
    NOTES_AFTER_END,
    Human,
    MayNot,
    NotSeenYet,
    Writes,
    is_text,
    read_as_human,
    readable,
    write_after_end,
    write_as_caller,
    write_as_human,
)
from tests.intake.conftest import NOON

BRUNO = Human(PersonId("v-bruno"), Role.LISTENER)
ANNA = Human(PersonId("r-anna"), Role.REGULATOR)
EVE = Human(PersonId("v-eve"), Role.LISTENER)
SAM = Human(PersonId("s-sam"), Role.SUPERVISOR)

WAITING = Waiting(Stage.LISTENER)
WITH_BRUNO = Talking(Take(Stage.LISTENER, OfferId("o"), BRUNO.person_id, NOON))
ENDED = Ended(Outcome.LISTENED, EndedBy.LISTENER, stage=Stage.LISTENER, person_id=BRUNO.person_id)

TEXTS: dict[str, tuple[str, bool]] = {
    "a word": ("ok", True),
    "lines and tabs": ("un\r\n\tdeux", True),
    "the longest": ("x" * LONGEST_TEXT_CHARACTERS, True),
    "one too many": ("x" * (LONGEST_TEXT_CHARACTERS + 1), False),
    "nothing": ("", False),
    "blanks": (" \n\t", False),
    "a NUL": ("a\0b", False),
    "an escape": ("a\x1b[31m", False),
    "an emoji made of several": ("👩‍👧 ça va", True),
    "Arabic": ("مرحبا", True),
}


@pytest.mark.parametrize(("text", "is_one"), TEXTS.values(), ids=TEXTS)
def test_what_is_a_text(text: str, is_one: bool) -> None:
    assert is_text(text) is is_one


CALLERS: dict[str, tuple[Life, Channel, Writes | MayNot]] = {
    "chat, waiting": (WAITING, Channel.CHAT, Writes(TextKind.LINE, AuthorKind.CALLER)),
    "chat, talking": (WITH_BRUNO, Channel.CHAT, Writes(TextKind.LINE, AuthorKind.CALLER)),
    "chat, over": (ENDED, Channel.CHAT, MayNot(Refusal.CONTACT_OVER)),
    "message": (WAITING, Channel.MESSAGE, Writes(TextKind.MESSAGE, AuthorKind.CALLER)),
    "phone": (WITH_BRUNO, Channel.PHONE, MayNot(Refusal.WRONG_STATE)),
}


@pytest.mark.parametrize(("life", "channel", "may"), CALLERS.values(), ids=CALLERS)
def test_what_a_caller_may_write(life: Life, channel: Channel, may: Writes | MayNot) -> None:
    assert write_as_caller(life, channel) == may


LISTENER, SUPERVISOR = AuthorKind.LISTENER, AuthorKind.SUPERVISOR
HUMANS: dict[str, tuple[Life, Channel, TextKind, Human, object]] = {
    "holder, line": (WITH_BRUNO, Channel.CHAT, TextKind.LINE, BRUNO, LISTENER),
    "holder, note by telephone": (WITH_BRUNO, Channel.PHONE, TextKind.NOTE, BRUNO, LISTENER),
    "holder, capsule": (WITH_BRUNO, Channel.CHAT, TextKind.CAPSULE, BRUNO, LISTENER),
    "holder, message": (WITH_BRUNO, Channel.MESSAGE, TextKind.MESSAGE, BRUNO, LISTENER),
    "a line in a message": (WITH_BRUNO, Channel.MESSAGE, TextKind.LINE, BRUNO, Refusal.WRONG_STATE),
    "a line by telephone": (WITH_BRUNO, Channel.PHONE, TextKind.LINE, BRUNO, Refusal.WRONG_STATE),
    "somebody else": (WITH_BRUNO, Channel.CHAT, TextKind.LINE, EVE, Refusal.NOT_YOURS),
    "the regulator of before": (WITH_BRUNO, Channel.CHAT, TextKind.NOTE, ANNA, Refusal.NOT_YOURS),
    "supervisor, note": (WITH_BRUNO, Channel.CHAT, TextKind.NOTE, SAM, SUPERVISOR),
    "supervisor, help": (WITH_BRUNO, Channel.PHONE, TextKind.HELP, SAM, SUPERVISOR),
    "holder, help": (WITH_BRUNO, Channel.PHONE, TextKind.HELP, BRUNO, LISTENER),
    "supervisor, line": (WITH_BRUNO, Channel.CHAT, TextKind.LINE, SAM, Refusal.NOT_YOURS),
    "nobody has it yet": (WAITING, Channel.CHAT, TextKind.LINE, BRUNO, NotSeenYet()),
    "over": (ENDED, Channel.CHAT, TextKind.LINE, BRUNO, Refusal.CONTACT_OVER),
}


@pytest.mark.parametrize(("life", "channel", "kind", "who", "may"), HUMANS.values(), ids=HUMANS)
def test_what_a_human_may_write(
    life: Life, channel: Channel, kind: TextKind, who: Human, may: object
) -> None:
    found = write_as_human(life, channel, kind, who)
    if isinstance(may, AuthorKind):
        assert found == Writes(kind, may)
    else:
        assert found == (MayNot(may) if isinstance(may, Refusal) else may)


def test_a_note_may_follow_the_end_for_a_while_and_by_who_was_there() -> None:
    may = Writes(TextKind.NOTE, AuthorKind.LISTENER)
    assert write_after_end(ENDED, NOTES_AFTER_END, TextKind.NOTE, BRUNO) == may
    late = NOTES_AFTER_END + timedelta(seconds=1)
    over, not_yours = MayNot(Refusal.CONTACT_OVER), MayNot(Refusal.NOT_YOURS)
    assert write_after_end(ENDED, late, TextKind.NOTE, BRUNO) == over
    assert write_after_end(ENDED, timedelta(), TextKind.LINE, BRUNO) == over
    assert write_after_end(ENDED, timedelta(), TextKind.NOTE, EVE) == not_yours


OFFERED = Human(EVE.person_id, EVE.role, offered=True)
READERS: dict[str, tuple[Life, Human, object]] = {
    "holder": (WITH_BRUNO, BRUNO, None),
    "somebody else": (WITH_BRUNO, EVE, MayNot(Refusal.NOT_YOURS)),
    "who had it": (ENDED, BRUNO, MayNot(Refusal.CONTACT_OVER)),
    "before a take is known": (WAITING, BRUNO, NotSeenYet()),
    "supervisor, waiting": (WAITING, SAM, None),
    "supervisor, over": (ENDED, SAM, None),
    "who is offered it": (WAITING, OFFERED, None),
    "who was offered it and did not take it": (WITH_BRUNO, OFFERED, MayNot(Refusal.NOT_YOURS)),
    "who was offered it, over": (ENDED, OFFERED, MayNot(Refusal.CONTACT_OVER)),
}


@pytest.mark.parametrize(("life", "who", "may"), READERS.values(), ids=READERS)
def test_who_may_read(life: Life, who: Human, may: object) -> None:
    assert read_as_human(life, who) == may


def test_before_taking_an_offer_the_capsule_alone_is_read() -> None:
    assert readable(OFFERED) == {TextKind.CAPSULE}
    assert readable(BRUNO) == set(TextKind)
