"""Information cards on a real database: who writes them, and that only what holds is ever found."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contracts.envelope import Command, Reply, ReplyStatus
from contracts.information import (
    MOST_FOUND,
    CardsFound,
    CardsSeen,
    CardTold,
    ExtendCard,
    InformationCard,
    LookUpCards,
    RevokeCard,
    SeeCard,
    SeeCards,
    WriteCard,
)
from contracts.looking_up import words_of
from contracts.vocabulary import CardId, Departement, PersonId, ProgrammeId, Refusal, Role
from services.bus.testing import ServiceUnderTest, service_under_test
from services.referral.app import SERVICE
from services.referral.cards import cards
from services.referral.cards.cards import CardAct, Question, Revision
from services.referral.metrics import card_searches, cards_expired, cards_expiring, cards_shown
from services.referral.standing import set_gauges
from tests.triage.builders import NOON

LINE, ANOTHER = ProgrammeId("sos-crise"), ProgrammeId("sos-amitie")
DAY = timedelta(days=1)
CARD = CardId("55555555-5555-4555-8555-555555555555")


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


def a_card(**changes: Any) -> InformationCard:
    said = {
        "programmes": (LINE,),
        "title": "L’attestation de déplacement",
        "paragraphs": (
            "Pour sortir, il faut une attestation datée du jour.",
            "Elle se remplit aussi sur le téléphone.",
        ),
        "source": "Ministère de l’Intérieur",
        "source_url": "https://www.interieur.gouv.fr/",
        "source_on": "2026-01-12",
        "owner_role": Role.COORDINATOR,
        "valid_from": NOON - DAY,
        "expires_at": NOON + 7 * DAY,
    }
    return InformationCard.model_validate(said | changes)


def keeps(
    referral: ServiceUnderTest,
    command: Command,
    programme: ProgrammeId = LINE,
    read_version: int | None = None,
) -> Reply:
    return referral.ask(
        command,
        "coordinator-1",
        Role.COORDINATOR,
        programme=programme,
        expected_version=read_version,
    )


def writes(
    referral: ServiceUnderTest, content: InformationCard, programme: ProgrammeId = LINE
) -> CardId:
    reply = keeps(referral, WriteCard(card=content), programme)
    assert reply.result is not None, reply
    return CardId(reply.result["card_id"])


def looks_up(
    referral: ServiceUnderTest,
    typed: str,
    programme: ProgrammeId = LINE,
    departement: str | None = None,
) -> list[str]:
    """Titles of what is found, the nearest first."""
    place = None if departement is None else Departement(departement)
    question = LookUpCards(words=words_of(typed), departement=place)
    reply = referral.ask(question, "regulator-1", Role.REGULATOR, programme=programme)
    return [each.card.title for each in CardsFound.model_validate(reply.result, strict=False).cards]


def told(referral: ServiceUnderTest, card_id: CardId) -> CardTold:
    reply = keeps(referral, SeeCard(card_id=card_id))
    return CardTold.model_validate(reply.result, strict=False)


# --- looking up -----------------------------------------------------------------------------------

TITLE = a_card().title
ASKED = {
    "a word of its title": "attestation",
    "without accents": "deplacement",
    "in capitals": "ATTESTATION",
    "the beginning of a word": "attest",
    "with a wrong letter": "atestation",
    "in the plural": "attestations",
    "a word of its text": "téléphone",
    "a question in full": "Est-ce qu’il me faut une attestation pour sortir de chez moi ?",
    "a word it does not say beside one that it says": "attestation gratuite",
}


@pytest.mark.parametrize("typed", ASKED.values(), ids=ASKED.keys())
def test_card_is_found_by(referral: ServiceUnderTest, typed: str) -> None:
    writes(referral, a_card())
    assert looks_up(referral, typed) == [TITLE]


NOT_ASKED = {
    "another word": "vaccin",
    "little words of its text alone": "vaccin pour une",
    "a number it does not say": "115",
}


@pytest.mark.parametrize("typed", NOT_ASKED.values(), ids=NOT_ASKED.keys())
def test_card_is_not_found_by(referral: ServiceUnderTest, typed: str) -> None:
    writes(referral, a_card())
    assert looks_up(referral, typed) == []


def test_number_is_meant_whole(referral: ServiceUnderTest) -> None:
    writes(referral, a_card(title="Le 115", paragraphs=("Appeler le 115.",)))
    writes(referral, a_card(title="Le 1155", paragraphs=("Appeler le 1155.",)))
    assert looks_up(referral, "le 115") == ["Le 115"]


def test_card_whose_title_says_it_comes_before_one_whose_text_does(
    referral: ServiceUnderTest,
) -> None:
    writes(referral, a_card(title="Sortir le soir", expires_at=NOON + 9 * DAY))
    writes(referral, a_card())
    assert looks_up(referral, "attestation") == [TITLE, "Sortir le soir"]


def test_card_of_a_departement_is_found_there_and_where_nobody_said_where(
    referral: ServiceUnderTest,
) -> None:
    writes(referral, a_card(departements=("75", "92")))
    assert looks_up(referral, "attestation", departement="75") == [TITLE]
    assert looks_up(referral, "attestation") == [TITLE]
    assert looks_up(referral, "attestation", departement="31") == []


def test_card_is_shown_from_its_first_moment_until_before_its_last(
    referral: ServiceUnderTest,
) -> None:
    writes(referral, a_card(valid_from=NOON + DAY, expires_at=NOON + 2 * DAY))
    second = timedelta(seconds=1)
    for moment, shown in {
        NOON + DAY - second: [],
        NOON + DAY + second: [TITLE],
        NOON + 2 * DAY - second: [TITLE],
        NOON + 2 * DAY + second: [],
    }.items():
        referral.at(moment)
        assert looks_up(referral, "attestation") == shown, moment


def test_another_line_finds_none_of_it(referral: ServiceUnderTest) -> None:
    writes(referral, a_card())
    assert looks_up(referral, "attestation", ANOTHER) == []


def test_no_expired_revoked_or_foreign_card_is_ever_found_and_none_that_holds_is_missing(
    referral: ServiceUnderTest,
) -> None:
    """Any lives of any cards, asked at any moment, beside what their dates say."""
    lines = (LINE, ANOTHER, ProgrammeId("sos-detresse"))
    for seed in range(60):
        draw = Random(seed)
        lives = [_a_life(draw, number, lines) for number in range(draw.randint(1, MOST_FOUND))]
        moments = [NOON + draw.randint(-5, 20) * DAY for _ in range(6)]
        moments += [each for life in lives for each in (life.valid_from, life.expires_at)]
        with referral.session() as session:
            revoked = set()
            for number, life in enumerate(lives):
                card_id = _id(number)
                row = cards.keep(session, None, life, _made(card_id, CardAct.WRITTEN))
                if draw.random() < 0.2:
                    cards.keep(session, row, life, _made(card_id, CardAct.REVOKED))
                    revoked.add(card_id)
            session.flush()
            for moment in moments:
                for line in lines:
                    rows = cards.found(session, Question(line, ("attestation",)), moment)
                    holds = {
                        _id(number)
                        for number, life in enumerate(lives)
                        if line in life.programmes
                        and life.valid_from <= moment < life.expires_at
                        and _id(number) not in revoked
                    }
                    assert {row.card_id for row in rows} == holds, (seed, moment, line)
            session.rollback()


def _a_life(draw: Random, number: int, lines: tuple[ProgrammeId, ...]) -> InformationCard:
    start = NOON + draw.randint(-5, 10) * DAY
    return a_card(
        title=f"Attestation {number}",
        programmes=tuple(draw.sample(lines, draw.randint(1, len(lines)))),
        valid_from=start,
        expires_at=start + draw.randint(1, 10) * DAY,
    )


def _id(number: int) -> CardId:
    return CardId(f"00000000-0000-4000-8000-{number:012d}")


def _made(card_id: CardId, act: CardAct) -> Revision:
    return Revision(card_id, act, PersonId("coordinator-1"), NOON)


# --- keeping --------------------------------------------------------------------------------------


def test_amended_card_says_the_new_and_its_history_who_and_when(
    referral: ServiceUnderTest,
) -> None:
    card_id = writes(referral, a_card())
    referral.at(NOON + DAY)
    amended = WriteCard(card_id=card_id, card=a_card(title="Le couvre-feu"))
    assert keeps(referral, amended, read_version=1).version == 2
    assert looks_up(referral, "couvre-feu") == ["Le couvre-feu"]
    assert looks_up(referral, "déplacement") == []
    history = told(referral, card_id).history
    assert [(each.version, each.act, each.by) for each in history] == [
        (2, "amended", "coordinator-1"),
        (1, "written", "coordinator-1"),
    ]
    assert history[0].at - history[1].at >= DAY - timedelta(minutes=1)


def test_card_amended_by_another_meanwhile_stays_as_they_wrote_it(
    referral: ServiceUnderTest,
) -> None:
    card_id = writes(referral, a_card())
    amend = partial(WriteCard, card_id=card_id)
    keeps(referral, amend(card=a_card(title="Le couvre-feu")), read_version=1)
    late = keeps(referral, amend(card=a_card(title="Les marchés")), read_version=1)
    assert (late.status, late.refusal) == (ReplyStatus.REFUSED, Refusal.STALE_VERSION)
    assert told(referral, card_id).card.title == "Le couvre-feu"


def test_extended_card_is_found_for_longer(referral: ServiceUnderTest) -> None:
    card_id = writes(referral, a_card())
    referral.at(NOON + 8 * DAY)
    assert looks_up(referral, "attestation") == []
    extended = ExtendCard(card_id=card_id, expires_at=NOON + 30 * DAY)
    assert keeps(referral, extended).version == 2
    assert looks_up(referral, "attestation") == [TITLE]
    assert told(referral, card_id).card.expires_at == NOON + 30 * DAY


def test_revoked_card_is_found_by_nobody_and_comes_back_for_nobody(
    referral: ServiceUnderTest,
) -> None:
    card_id = writes(referral, a_card())
    keeps(referral, RevokeCard(card_id=card_id))
    assert looks_up(referral, "attestation") == []
    for command in (
        ExtendCard(card_id=card_id, expires_at=NOON + 30 * DAY),
        WriteCard(card_id=card_id, card=a_card()),
        RevokeCard(card_id=card_id),
    ):
        assert keeps(referral, command).refusal is Refusal.WRONG_STATE
    assert looks_up(referral, "attestation") == []
    assert told(referral, card_id).history[0].act == "revoked"


REFUSED: dict[str, tuple[dict[str, Any], Refusal, str]] = {
    "one for another line": (
        {"programmes": (LINE, ANOTHER)},
        Refusal.NOT_IN_PROGRAMME,
        "card.programmes",
    ),
    "one nobody answers for": (
        {"owner_role": None},
        Refusal.INVALID_FIELD,
        "card.owner_role",
    ),
    "one two answer for": (
        {"owner_id": PersonId("coordinator-1")},
        Refusal.INVALID_FIELD,
        "card.owner_role",
    ),
    "one that has expired": (
        {"expires_at": NOON - timedelta(hours=1)},
        Refusal.INVALID_FIELD,
        "card.expires_at",
    ),
    "one that ends before it begins": (
        {"valid_from": NOON + 3 * DAY, "expires_at": NOON + 2 * DAY},
        Refusal.INVALID_FIELD,
        "card.expires_at",
    ),
    "one nobody looks at for two years": (
        {"expires_at": NOON + 730 * DAY},
        Refusal.INVALID_FIELD,
        "card.expires_at",
    ),
    "one with a source of the future": (
        {"source_on": "2026-02-01"},
        Refusal.INVALID_FIELD,
        "card.source_on",
    ),
}


@pytest.mark.parametrize(("changes", "why", "field"), REFUSED.values(), ids=REFUSED.keys())
def test_card_is_refused_that_is(
    referral: ServiceUnderTest, changes: dict[str, Any], why: Refusal, field: str
) -> None:
    reply = keeps(referral, WriteCard(card=a_card(**changes)))
    assert (reply.status, reply.refusal, reply.field) == (ReplyStatus.REFUSED, why, field)
    assert looks_up(referral, "attestation") == []


def test_card_of_another_line_is_as_good_as_none(referral: ServiceUnderTest) -> None:
    card_id = writes(referral, a_card(programmes=(ANOTHER,)), ANOTHER)
    commands: tuple[Command, ...] = (
        WriteCard(card_id=card_id, card=a_card()),
        ExtendCard(card_id=card_id, expires_at=NOON + DAY),
        RevokeCard(card_id=card_id),
        SeeCard(card_id=card_id),
    )
    for command in commands:
        assert keeps(referral, command).refusal is Refusal.UNKNOWN_CARD
    assert looks_up(referral, "attestation", ANOTHER) == [TITLE]


def test_card_there_is_not_is_refused(referral: ServiceUnderTest) -> None:
    assert keeps(referral, RevokeCard(card_id=CARD)).refusal is Refusal.UNKNOWN_CARD
    assert keeps(referral, SeeCard(card_id=CARD)).refusal is Refusal.UNKNOWN_CARD


def test_list_begins_with_what_expires_first_and_ends_with_what_holds_no_longer(
    referral: ServiceUnderTest,
) -> None:
    for title, days in (("plus tard", 9), ("bientôt", 2), ("passée", 1)):
        writes(referral, a_card(title=title, expires_at=NOON + days * DAY))
    keeps(referral, RevokeCard(card_id=writes(referral, a_card(title="retirée"))))
    referral.at(NOON + DAY + timedelta(hours=1))
    seen = CardsSeen.model_validate(keeps(referral, SeeCards()).result, strict=False)
    titles = [each.head.title for each in seen.cards]
    assert titles[:2] == ["bientôt", "plus tard"]
    assert set(titles[2:]) == {"passée", "retirée"}


# --- what is told of it ---------------------------------------------------------------------------


def test_searches_are_counted_by_line_and_whether_anything_was_found(
    referral: ServiceUnderTest,
) -> None:
    before = [_count(card_searches, LINE, found) for found in ("something", "nothing")]
    shown = _count(cards_shown, LINE)
    writes(referral, a_card())
    looks_up(referral, "attestation")
    looks_up(referral, "vaccin")
    after = [_count(card_searches, LINE, found) for found in ("something", "nothing")]
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1]
    assert _count(cards_shown, LINE) - shown == 1


def _count(counter: Any, *labels: str) -> float:
    return float(counter.labels(*labels)._value.get())


def test_gauge_counts_cards_that_hold_and_expire_within_seven_days(
    referral: ServiceUnderTest,
) -> None:
    for days in (6, 8):
        writes(referral, a_card(expires_at=NOON + days * DAY))
    writes(referral, a_card(valid_from=NOON + DAY, expires_at=NOON + 3 * DAY))
    gone = writes(referral, a_card(expires_at=NOON + 2 * DAY))
    keeps(referral, RevokeCard(card_id=gone))
    referral.read(set_gauges)
    assert cards_expiring.labels(LINE)._value.get() == 1
    referral.at(NOON + 7 * DAY)
    referral.read(set_gauges)
    assert cards_expiring.labels(LINE)._value.get() == 1  # the other one now
    assert cards_expired.labels(LINE)._value.get() == 2  # a revoked one is nobody's to renew
    referral.at(NOON + 39 * DAY)
    referral.read(set_gauges)
    assert cards_expired.labels(LINE)._value.get() == 0  # nobody was going to


def test_no_event_is_announced_of_a_card(referral: ServiceUnderTest) -> None:
    card_id = writes(referral, a_card())
    keeps(referral, ExtendCard(card_id=card_id, expires_at=NOON + 9 * DAY))
    keeps(referral, RevokeCard(card_id=card_id))
    assert referral.announced() == []


def test_text_of_a_card_stands_in_its_own_tables_alone(referral: ServiceUnderTest) -> None:
    mark = "passerelle"
    card_id = writes(referral, a_card(paragraphs=(f"Prendre la {mark}.",)))
    keeps(referral, SeeCard(card_id=card_id))
    assert looks_up(referral, mark) == [TITLE]
    assert _tables_that_hold(referral, mark) == {"card", "card_revision"}


def _tables_that_hold(referral: ServiceUnderTest, words: str) -> set[str]:
    """Tables with a row that says so, in letters or as bytes."""
    names = "SELECT tablename FROM pg_tables WHERE schemaname = 'referral'"
    rows = "SELECT coalesce(string_agg(t::text, chr(10)), '') FROM referral.{} AS t"
    with referral.session() as session:
        ask = session.connection().exec_driver_sql
        held = {name: str(ask(rows.format(name)).scalar_one()) for (name,) in ask(names).all()}
    return {name for name, said in held.items() if words in said or words.encode().hex() in said}
