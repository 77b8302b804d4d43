"""A list of cards, taken into a running platform: a bad one costs itself alone."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.information import RevokeCard, WriteCard
from contracts.vocabulary import CardId
from deploy.cards import DEMONSTRATION, ListUnfit, main, read_list, take
from services.bus.testing import ServiceUnderTest, service_under_test
from services.bus.work import derived_id
from services.referral.app import SERVICE
from services.referral.cards import cards
from services.referral.cards.cards import CardRow
from services.referral.cards.importing import CardFlaw, CardsImported
from tests.referral.test_cards import LINE, a_card, keeps, looks_up, told
from tests.triage.builders import NOON


@pytest.fixture
def referral(fresh_database: str, tmp_path: Path) -> Iterator[ServiceUnderTest]:
    with service_under_test(SERVICE, fresh_database, tmp_path, NOON) as under_test:
        yield under_test


ROW: dict[str, Any] = {
    "key": "attestation",
    "title": "L’attestation",
    "text": "Datée du jour,\nheure comprise.\n\nElle est gratuite.",
    "source": "Ministère de l’Intérieur",
    "source_url": "https://www.interieur.gouv.fr/",
    "source_on": "2026-01-12",
    "owner_role": "coordinator",
    "valid_from": "2026-01-10",
    "expires_on": "2026-01-20",
}
NAMED = CardId(derived_id("information card", "liste", "attestation"))


def a_list(folder: Path, *rows: object, **changes: Any) -> Path:
    file = folder / "cards.yaml"
    head = {"format": "helpline-cards/1", "name": "liste", "programmes": [LINE]}
    text = yaml.safe_dump(head | changes | {"cards": list(rows)}, allow_unicode=True)
    file.write_text(text, "utf-8")
    return file


def taken(referral: ServiceUnderTest, file: Path) -> tuple[int, int, int, tuple[str, ...]]:
    became = take(referral.owner_dsn, file)
    return became.new, became.changed, became.unchanged, tuple(map(str, became.flaws))


def test_card_of_a_list_is_found_and_its_days_are_those_of_the_zone(
    referral: ServiceUnderTest, tmp_path: Path
) -> None:
    assert taken(referral, a_list(tmp_path, ROW)) == (1, 0, 0, ())
    assert looks_up(referral, "attestation") == ["L’attestation"]
    card = told(referral, NAMED)
    assert card.card.paragraphs == ("Datée du jour, heure comprise.", "Elle est gratuite.")
    assert card.card.valid_from.isoformat() == "2026-01-09T23:00:00+00:00"
    assert card.card.expires_at.isoformat() == "2026-01-20T23:00:00+00:00"
    assert [(each.act, each.by) for each in card.history] == [("imported", None)]


def test_same_list_again_changes_nothing_and_another_one_what_it_says(
    referral: ServiceUnderTest, tmp_path: Path
) -> None:
    taken(referral, a_list(tmp_path, ROW))
    assert taken(referral, a_list(tmp_path, ROW)) == (0, 0, 1, ())
    assert taken(referral, a_list(tmp_path, ROW | {"title": "Le laissez-passer"})) == (0, 1, 0, ())
    assert looks_up(referral, "laissez-passer") == ["Le laissez-passer"]
    assert told(referral, NAMED).version == 2


def test_wrong_card_is_refused_with_its_reason_and_the_others_are_taken(
    referral: ServiceUnderTest, tmp_path: Path
) -> None:
    file = a_list(
        tmp_path,
        ROW | {"key": "sans-source", "source_url": "http://example.org/"},
        ROW,
        ROW,
        ROW | {"key": "passee", "expires_on": "2026-01-13"},
        ROW | {"key": "a-personne", "owner_role": None},
        "not a card",
    )
    new, _, _, flaws = taken(referral, file)
    assert new == 1
    assert [each.split(":")[0] for each in flaws] == [
        "sans-source",
        "attestation",
        "card 6",
        "passee",
        "a-personne",
    ]
    assert "source_url" in flaws[0]
    assert flaws[1] == "attestation: stands there twice"
    assert flaws[3:] == (
        "passee: expires_at: invalid_field",
        "a-personne: owner_role: invalid_field",
    )


def test_what_a_desk_did_since_stays(referral: ServiceUnderTest, tmp_path: Path) -> None:
    taken(referral, a_list(tmp_path, ROW))
    keeps(referral, WriteCard(card_id=NAMED, card=a_card(title="Corrigée")), read_version=1)
    assert taken(referral, a_list(tmp_path, ROW)) == (0, 0, 1, ())
    _, _, _, flaws = taken(referral, a_list(tmp_path, ROW | {"title": "Autre chose"}))
    assert flaws == ("attestation: was changed at a desk since; change it there",)
    keeps(referral, RevokeCard(card_id=NAMED))
    _, _, _, flaws = taken(referral, a_list(tmp_path, ROW | {"title": "Autre chose"}))
    assert "was revoked" in flaws[0]
    assert looks_up(referral, "chose") == []


def test_card_that_holds_for_so_long_is_dated_when_it_comes_first(
    referral: ServiceUnderTest, tmp_path: Path
) -> None:
    lasting = {name: said for name, said in ROW.items() if name != "expires_on"}
    file = a_list(tmp_path, lasting | {"valid_from": None, "holds_days": 3})
    assert taken(referral, file) == (1, 0, 0, ())
    referral.at(NOON + timedelta(days=2))
    assert taken(referral, file) == (0, 0, 1, ())
    referral.at(NOON + timedelta(days=3, seconds=1))
    assert looks_up(referral, "attestation") == []


def test_cards_of_the_demonstration_are_sound_and_found(
    referral: ServiceUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert take(referral.owner_dsn, DEMONSTRATION) == CardsImported(5, 0, 0, ())
    with referral.session() as session:
        assert session.get(CardRow, _demonstrated("hebergement-115")) is not None
        rows = cards.of_a_line(session, LINE, NOON)
    assert len(rows) == 5
    assert looks_up(referral, "où dormir")[0].startswith("Où dormir ce soir")
    assert looks_up(referral, "numéro vert covid")[0] == "Le numéro vert sur le coronavirus"
    assert main(["check", str(DEMONSTRATION)]) == 0
    assert capsys.readouterr().out == "5 cards are sound, 0 are not\n"


def _demonstrated(key: str) -> str:
    return derived_id("information card", "demonstration", key)


_ELSEWHERE = """
format: helpline-cards/1
name: liste
programmes: [sos-crise]
timezone: Europe/Atlantide
cards: []
"""


def test_list_that_is_none_is_refused_whole(tmp_path: Path) -> None:
    file = tmp_path / "cards.yaml"
    for wrong in ("[", "- 1", "format: helpline-cards/2\n", _ELSEWHERE):
        file.write_text(wrong)
        with pytest.raises(ListUnfit, match=r"cards\.yaml"):
            read_list(file, NOON)
    with pytest.raises(ListUnfit, match="No such file"):
        read_list(tmp_path / "nowhere.yaml", NOON)


def test_flaw_names_its_card() -> None:
    assert str(CardFlaw("attestation", "says nothing")) == "attestation: says nothing"
