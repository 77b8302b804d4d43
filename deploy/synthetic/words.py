"""What the two programs write to each other, and what a person who strays to them reads."""

from __future__ import annotations

import re

_SAID = re.compile(r"essai ([0-9a-f]{12})")

#: To a person: nobody answers here, who does, at once.
TO_A_PERSON = (
    "Personne ne répond sur cette ligne : elle sert à vérifier la plateforme. En danger, appelez "
    "le 112 (par écrit : 114). Idées suicidaires : 3114, jour et nuit. Pour parler : SOS Amitié, "
    "09 72 39 40 50. — Nobody answers here. In danger call 112; to talk, one of these numbers."
)


def said(word: str) -> str:
    """What the caller writes: one word nobody else has."""
    return f"essai {word}"


def answer_to(line: str) -> str | None:
    """The answer to a line of the synthetic caller; None when a person wrote it."""
    found = _SAID.fullmatch(line.strip())
    return None if found is None else f"bien reçu {found[1]}"
