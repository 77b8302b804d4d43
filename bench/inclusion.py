"""Rows in the shape of data·inclusion, made up: no service, number or address of anybody.

As France's directory has them by what matters to a search: most serve a commune or a département,
a few a region or the country; half tell hours; some are for students, the young or the exiled only.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from services.referral.lists.inclusion_themes import THEMES

_HOURS = (
    "Mo-Fr 08:30-12:30; PH off",
    "Mo-Fr 09:00-12:00,14:00-17:30",
    "Mo,We,Fr 10:00-18:00; Sa 09:00-12:00",
    "24/7",
    "Tu 14:00-17:00; SH off",  # of some weeks only: unknown
    None,
    None,
)
#: What is called so in every département, and what fewer are.
_CALLED = (
    *("Mission locale", "Centre communal d’action sociale", "Centre médico-psychologique") * 3,
    *("Maison des adolescents", "France Services", "Accueil de jour", "Point d’accès au droit") * 2,
    "Permanence psychologique",
    "Épicerie solidaire",
    "Écoute et accompagnement",
    "Foyer de jeunes travailleurs",
    "Atelier numérique",
    "Aide aux démarches",
)
_SYLLABLES = [
    "bré",
    "cou",
    "dor",
    "fé",
    "gan",
    "ho",
    "jar",
    "ley",
    "mon",
    "nè",
    "pi",
    "rou",
    "sau",
    "té",
    "vil",
    "zac",
    "è",
]
_PUBLICS = (["tous-publics"],) * 6 + (["jeunes"], ["etudiants"], ["personnes-exilees"], ["femmes"])
_THEMES = [theme.value for theme in THEMES]


def a_town(dice: Random) -> str:
    """A town of nowhere, of some thousands."""
    return "".join(dice.choices(_SYLLABLES, k=dice.choice((2, 3, 3, 3)))).capitalize()


def a_structure(number: int, departement: str, dice: Random) -> dict[str, Any]:
    """A structure somewhere in a département; the last digits of its commune mean nothing."""
    digits = 5 - len(departement)
    return {
        "source": "bench",
        "id": f"bench--structure-{number}",
        "nom": f"Association {a_town(dice)}",
        "date_maj": "2026-01-02",
        "description": "Une structure qui n’existe pas.",
        "commune": "Ville-inventée",
        "code_insee": f"{departement}{dice.randrange(10**digits):0{digits}}",
        "telephone": f"+331990{dice.randrange(100_000):05}",  # numbers kept for fiction (ARCEP)
        "courriel": "contact@structure.example",
        "horaires_accueil": dice.choice(_HOURS),
    }


def a_service(
    number: int, structure: dict[str, Any], departements: Sequence[str], dice: Random
) -> dict[str, Any]:
    """A service of that structure, of which it is told in the same row."""
    here = structure["code_insee"]
    place = here[:3] if here.startswith(("97", "98")) else here[:2]
    zone = dice.choice(
        ([here],) * 4 + ([place],) * 12 + (None, dice.sample(list(departements), 8), ["france"])
    )
    return {
        "source": "bench",
        "structure_id": structure["id"],
        "id": f"bench--service-{number}",
        "nom": f"{dice.choice(_CALLED)} de {a_town(dice)}",
        "description": "Un service qui n’existe pas.",
        "date_maj": "2026-01-02",
        "thematiques": dice.sample(_THEMES, dice.choice((1, 1, 2, 3))),
        "publics": dice.choice(_PUBLICS),
        "frais": dice.choice(("gratuit", "payant", None)),
        "zone_eligibilite": zone,
        "modes_accueil": dice.choice((["en-presentiel"], ["a-distance"], None)),
        "telephone": dice.choice((structure["telephone"], None)),
        "lien_mobilisation": "https://service.example/",
        "structure": structure,
    }


def services(how_many: int, departements: Sequence[str], dice: Random) -> list[dict[str, Any]]:
    """So many services, five to a structure on average."""
    structures = [
        a_structure(number, dice.choice(departements), dice) for number in range(how_many // 5 + 1)
    ]
    return [
        a_service(number, dice.choice(structures), departements, dice) for number in range(how_many)
    ]
