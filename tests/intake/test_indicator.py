"""What the indicator hears in written texts, and above all what it does not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Attention
from services.intake.indicator import (
    CANNOT_SPEAK_NEAR,
    WISH_WITH_ITS_HOUR,
    read_attention,
)
from services.intake.sayings import SAYINGS

NOW, RAISE, WATCH, NONE = (
    Attention.RAISE_NOW,
    Attention.RAISE,
    Attention.WATCH,
    Attention.NONE,
)

HEARD: dict[str, tuple[tuple[str, ...], Attention]] = {
    # An act, or its hour.
    "pills taken": (("j'ai pris toutes les boîtes de Lexomil",), NOW),
    "pills swallowed, without an apostrophe": (("jai avalé des comprimés",), NOW),
    "on a bridge": (("Je suis sur le pont, il fait froid",), NOW),
    "this evening": (("Je ne veux plus continuer.", "C'est pour ce soir, tout est prêt"), NOW),
    "announced": (("je vais me suicider",), NOW),
    "a letter of farewell": (("J'ai écrit ma lettre d'adieu.",), NOW),
    "no longer there tomorrow": (("demain je ne serai plus là",), NOW),
    "a wish, and its hour in the next text": (("j'ai envie de mourir", "ce soir"), NOW),
    "English pills": (("I've taken all my pills",), NOW),
    "English jump": (("i'm going to kill myself",), NOW),
    "German pills": (("Ich habe alle Tabletten geschluckt.",), NOW),
    "German tonight": (("Heute Nacht bringe ich mich um",), NOW),
    # Violence that is on.
    "somebody shouts behind the door": (("mon mari crie derrière la porte",), NOW),
    "a knife": (("il a un couteau",), NOW),
    "he will kill me": (("il va me tuer",), NOW),
    "hidden in the bathroom": (("je suis cachée dans la salle de bain",), NOW),
    "cannot speak, he is here": (("je peux pas parler", "il est là"), NOW),
    "English, at the door": (("my husband is banging on the door",), NOW),
    "not breathing": (("ma mère ne respire plus",), NOW),
    "a fire": (("je suis sourd, il y a le feu chez moi",), NOW),
    # A wish, in the first person and now.
    "wants to die": (("je veux mourir",), RAISE),
    "no longer wants to live": (("je n'ai plus envie de vivre",), RAISE),
    "no longer there": (("ce serait plus simple de ne plus être là",), RAISE),
    "wishes to disappear": (("j'aimerais disparaître",), RAISE),
    "does not know whether to die": (("je sais pas si je veux mourir",), RAISE),
    "dares not say it": (("je n'ose pas dire que je veux mourir",), RAISE),
    "cannot help thinking of it": (("je peux pas m'empêcher de penser à mourir",), RAISE),
    "tired of living": (("j'en ai marre de vivre",), RAISE),
    "dark thoughts": (("J'ai des idées noires depuis la rentrée",), RAISE),
    "bereaved long ago, wants to die now": (
        ("Il y a deux ans mon mari est mort et j'ai envie de mourir",),
        RAISE,
    ),
    "long ago, and it comes back": (
        ("J'avais envie de mourir il y a dix ans et ça revient",),
        RAISE,
    ),
    "an attempt without a date": (("j'ai fait une tentative",), RAISE),
    "denied, then said": (("je n'ai pas de plan, mais je veux mourir",), RAISE),
    "self-harm": (("je recommence à me scarifier",), RAISE),
    "violence at home": (("il me frappe quand il a bu",), RAISE),
    "raped": (("j'ai été violée",), RAISE),
    "another, now": (("mon fils parle de se suicider",), RAISE),
    "a friend who wants to": (("Ma meilleure amie veut mourir, que faire ?",), RAISE),
    "English wish": (("I want to die",), RAISE),
    "English, not wanting to live": (("i dont want to live anymore",), RAISE),
    "German wish": (("Manchmal denke ich, es wäre besser, nicht mehr da zu sein",), RAISE),
    "a daughter who cuts herself": (("ma fille s'est scarifiée",), RAISE),
    "beaten by their parents": (("j'ai 14 ans et mes parents me frappent",), RAISE),
    "nobody would notice": (("personne ne remarquerait si je disparaissais",), RAISE),
    "this life, in short": (("jpp de cette vie",), RAISE),
    "an hour that is of something else": (
        ("J'ai envie de mourir. Ma mère passe demain.",),
        RAISE,
    ),
    "German, afraid of him": (("Ich habe Angst vor meinem Mann",), RAISE),
    # Enough to be read within the hour.
    "German, denied behind": (("Suizidgedanken habe ich nicht",), WATCH),
    "at fifteen, better today": (
        ("J'ai pensé à mourir quand j'avais 15 ans, aujourd'hui ça va mieux",),
        WATCH,
    ),
    "wants it to stop": (("je veux juste que ça s'arrête",), WATCH),
    "denied": (("je n'ai pas envie de mourir",), WATCH),
    "denied in other words": (("Rassurez-vous, je ne veux pas mourir",), WATCH),
    "will not": (("je ne vais pas me tuer",), WATCH),
    "no idea of suicide": (("je n'ai aucune idée suicidaire",), WATCH),
    "never thought of it": (("je n'ai jamais pensé au suicide",), WATCH),
    "long past": (("À l'époque j'avais envie de mourir",), WATCH),
    "an attempt ten years ago": (("j'ai fait une tentative il y a dix ans",), WATCH),
    "a brother who died so": (("Mon frère s'est suicidé l'an dernier",), WATCH),
    "a film": (("j'ai vu un film où elle veut mourir",), WATCH),
    "worn out": (("je n'en peux plus",), WATCH),
    "at the end of one's rope": (("je suis au bout du rouleau",), WATCH),
    "English, denied": (("I don't want to die",), WATCH),
    "English, burdened": (("i can't go on",), WATCH),
    "German, denied": (("Ich will nicht sterben",), WATCH),
    "German, worn out": (("ich kann einfach nicht mehr",), WATCH),
    # Nothing.
    "dying of laughter": (("j'étais mort de rire",), NONE),
    "dead tired": (("je suis morte de fatigue",), NONE),
    "starving": (("je meurs de faim",), NONE),
    "I will kill you": (("haha je vais te tuer si tu racontes ça",), NONE),
    "working oneself to death": (("je me tue au travail",), NONE),
    "killing time": (("c'est pour tuer le temps",), NONE),
    "a commercial suicide": (("c'est un suicide commercial",), NONE),
    "loves to death": (("je l'aime à la mort",), NONE),
    "done with the dossier": (("je veux en finir avec ce dossier",), NONE),
    "a flat battery": (("mon téléphone est mort",), NONE),
    "thanks": (("merci beaucoup, bonne soirée",), NONE),
    "how does it work": (("bonjour, comment ça marche ?",), NONE),
    "exam nerves": (("is this ok? i can't breathe properly when i open my notes",), NONE),
    "bored to death": (("i'm bored to death",), NONE),
    "a deadline": (("my deadline is tomorrow",), NONE),
    "tot gelacht": (("Ich habe mich totgelacht",), NONE),
    "this evening, a film": (("ce soir je regarde un match",), NONE),
    "cannot talk, a meeting": (("je peux pas parler, je suis en réunion",), NONE),
    "empty": ((), NONE),
    "blank": (("   ", "\n"), NONE),
}


@pytest.mark.parametrize("name", HEARD)
def test_attention_asked_for(name: str) -> None:
    texts, expected = HEARD[name]
    reading = read_attention(texts)
    assert reading.level is expected, reading


def test_every_saying_is_heard_somewhere() -> None:
    spoken = {rule for texts, _ in HEARD.values() for rule in read_attention(texts).rules}
    assert spoken >= {saying.code for saying in SAYINGS} | {WISH_WITH_ITS_HOUR, CANNOT_SPEAK_NEAR}


def test_words_that_spoke_are_shown_where_they_stand() -> None:
    text = "Bonsoir. L\u2019œuvre est finie, j\u2019ai  envie de MOURIR."
    (match, *_) = (each for each in read_attention((text,)).matches if each.rule == "fr-death-wish")
    assert text[match.start : match.end] == "envie de MOURIR"
    assert match.text == 0


def test_rules_are_named_once_the_gravest_first() -> None:
    reading = read_attention(("je n'en peux plus", "je n'en peux plus, je vais me tuer"))
    assert reading.rules[0] == "fr-act-announced"
    assert len(set(reading.rules)) == len(reading.rules)


@given(st.lists(st.text(max_size=200), max_size=4))
def test_any_text_is_read_and_matches_lie_in_it(texts: list[str]) -> None:
    reading = read_attention(texts)
    for match in reading.matches:
        assert 0 <= match.start < match.end <= len(texts[match.text])


@given(st.sampled_from([texts for texts, _ in HEARD.values()]), st.text(max_size=60))
def test_more_text_never_lowers_what_was_heard(texts: tuple[str, ...], more: str) -> None:
    order = list(Attention)
    alone, longer = read_attention(texts), read_attention((*texts, more))
    assert order.index(longer.level) >= order.index(alone.level)


LONG = {
    "one letter": "a" * 10_000,
    "blanks": " \n" * 5_000,
    "half a saying": "il me " * 1_700,
    "half another": "j'ai pris toutes " * 600,
    "denials": "pas du tout " * 830,
    "kin": "mon petit ami " * 700,
}


@pytest.mark.parametrize("name", LONG)
def test_ten_kilobytes_are_read_in_no_time(name: str) -> None:
    began = time.process_time()
    read_attention((LONG[name],))
    assert time.process_time() - began < 1
