"""The problems of risk's own door, each with its sentence for the person at the desk."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from contracts.vocabulary import Refusal
from services.bus.body import Flaw, TooLarge
from services.bus.door import GroundAway
from services.bus.problem import Problem

#: Status and sentence of every refusal this door can give.
REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNREADABLE: (400, "La demande n'est pas du JSON lisible."),
    Refusal.UNKNOWN_FIELD: (400, "La demande contient un champ inconnu."),
    Refusal.INVALID_FIELD: (400, "Un champ de la demande est manquant ou n'a pas la forme voulue."),
    Refusal.ROLE_NOT_PERMITTED: (403, "Votre rôle ne permet pas ce geste."),
    Refusal.NOT_YOURS: (403, "Cela n'est pas, ou plus, à vous."),
    Refusal.NOT_IN_PROGRAMME: (403, "Votre session n'est pas ouverte pour cette ligne."),
    Refusal.UNKNOWN_CONTACT: (404, "Cette sollicitation n'est pas connue."),
    Refusal.UNKNOWN_ALERT: (404, "Cette alerte n'est pas connue."),
    Refusal.UNKNOWN_RESCUE: (404, "Cet appel aux secours n'est pas connu."),
    Refusal.UNKNOWN_RELAY: (404, "Cette ligne n'a pas de destinataire pour ce signalement."),
    Refusal.UNKNOWN_REPORT: (404, "Cette fiche n'est pas connue."),
    Refusal.WRONG_STATE: (409, "Ce geste n'est pas possible à ce moment."),
    Refusal.STALE_VERSION: (409, "Quelque chose a changé entre-temps ; regardez de nouveau."),
    Refusal.SECOND_PERSON_NEEDED: (409, "Il faut une deuxième personne pour cette décision."),
    Refusal.REPEATED_WITH_ANOTHER_BODY: (409, "Cette clé a déjà servi pour une autre demande."),
    Refusal.ALERT_OVER: (410, "Cette alerte est close."),
    Refusal.PAST_DEADLINE: (410, "La demande est arrivée trop tard."),
    Refusal.PLATFORM_FAULT: (503, "Une panne de notre côté ; la même demande peut être renvoyée."),
}

CAPABILITY_WANTED = Problem(401, "capability_unknown", "Demandez un nouvel accès à la console.")


def refusal_problem(refusal: Refusal, field: str | None = None) -> Problem:
    """The problem of a refused command."""
    status, detail = REFUSALS[refusal]
    return Problem(status, refusal.value, detail, field)


def problem_of(error: Exception) -> Problem:
    """Say an error in the words of this door."""
    match error:
        case Problem():
            return error
        case Flaw():
            return refusal_problem(error.refusal, error.field)
        case TooLarge():
            return Problem(413, "too_large", f"Plus de {error.limit_bytes // 1024} Kio.")
        case GroundAway():
            detail = "La plateforme ne joint pas sa base ; redemandez avec la même clé."
            return Problem(503, "ground_away", detail)
        case HTTPException():
            codes = {404: "no_such_address", 405: "method_not_allowed"}
            code = codes.get(error.status_code, "http")
            return Problem(error.status_code, code, "Cette adresse ne répond pas ainsi.")
        case _:
            _, detail = REFUSALS[Refusal.PLATFORM_FAULT]
            return Problem(500, Refusal.PLATFORM_FAULT.value, detail)


def response_of(error: Exception) -> Response:
    """The HTTP answer to an error."""
    return problem_of(error).response()
