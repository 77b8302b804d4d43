"""Answers of lines a person would open."""

from deploy.line.answers import Answers
from deploy.line.asking import answers_in
from deploy.line.questions import questions

TODAY = "2026-01-14"
ASKED = questions(TODAY)

FRENCH = """\
format: helpline-answers/1
name: Écoute Étudiante
organisation: Association Écoute Étudiante
channels: [phone, chat]
number: 06 39 98 00 42
hours_phone: daily 9:00-21:00
"""

LUXEMBOURG = """\
name: Nuetslinn
organisation: Nuetslinn a.s.b.l.
country: LU
languages: [fr, de, lb, pt]
channels: [chat]
hours_chat: MO-TH 18:00-23:00; FR SA 18-3
refers: no
emergency: "LU: 112 113; FR: 15 17 18 112 114; BE: 112 101"
supervised: never
"""

MESSAGES = """\
name: La boîte aux lettres
id: boite-aux-lettres
organisation: Fédération des boîtes
controllers: Fédération des boîtes; Hébergeur de santé
channels: [message]
keeps_notes: no
"""

PHONE = """\
name: Ligne des aînés
organisation: Association des aînés
channels: phone
number: "+33 6 39 98 00 43"
hours_phone: LU-VE 9h-12h30; LU-VE 14h-18h
first_stage: listener
professional: MO-FR 8-19
"""

BELGIAN = """\
name: Nuit belge
organisation: Nuit belge ASBL
country: BE
channels: [phone, chat]
number: 02 555 01 42
hours_phone: daily 18-23
hours_chat: daily 18-23
"""

SWISS = """\
name: Nuit romande
organisation: Association Nuit romande
country: CH
channels: [phone, chat]
number: 022 555 01 42
hours_phone: daily 18-23
hours_chat: daily 18-23
"""

ALL = {
    "belgian": BELGIAN,
    "swiss": SWISS,
    "french": FRENCH,
    "luxembourg": LUXEMBOURG,
    "messages": MESSAGES,
    "phone": PHONE,
}


def answered(text: str) -> Answers:
    """What a file of answers says."""
    return answers_in(text.encode(), ASKED)


def without(text: str, name: str) -> str:
    """The answers but one."""
    return "".join(line for line in text.splitlines(True) if not line.startswith(f"{name}:"))
