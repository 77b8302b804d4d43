"""The problems of this door, each with its sentence for the person at the desk."""

from __future__ import annotations

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from contracts.vocabulary import Refusal
from services.bus.body import Flaw, TooLarge
from services.bus.door import GroundAway, ReplyUnknown
from services.bus.problem import Problem
from services.pages.words import to_translate

#: Status and sentence of every refusal. 410: it is over, asking again is of no use.
REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNREADABLE: (400, to_translate("La demande n'est pas du JSON lisible.")),
    Refusal.UNKNOWN_FIELD: (400, to_translate("La demande contient un champ inconnu.")),
    Refusal.INVALID_FIELD: (
        400,
        to_translate("Un champ de la demande est manquant ou n'a pas la forme voulue."),
    ),
    Refusal.WRONG_VERSION: (400, to_translate("Cette version de la demande n'est pas connue.")),
    Refusal.CHANNEL_NOT_SERVED: (400, to_translate("Cette ligne ne sert pas ce canal.")),
    Refusal.ROLE_NOT_PERMITTED: (403, to_translate("Votre rôle ne permet pas ce geste.")),
    Refusal.NOT_YOURS: (403, to_translate("Cela n'est pas, ou plus, à vous.")),
    Refusal.NOT_ELIGIBLE: (
        403,
        to_translate("Vous ne pouvez pas prendre d'appel sur cette ligne pour l'instant."),
    ),
    Refusal.ACCREDITATION_LAPSED: (403, to_translate("Votre habilitation n'est plus à jour.")),
    Refusal.NOT_IN_PROGRAMME: (
        403,
        to_translate("Votre session n'est pas ouverte pour cette ligne."),
    ),
    Refusal.UNKNOWN_CONTACT: (404, to_translate("Cette sollicitation n'est pas connue.")),
    Refusal.UNKNOWN_OFFER: (404, to_translate("Cette proposition n'est pas connue.")),
    Refusal.UNKNOWN_PERSON: (404, to_translate("Cette personne n'est pas connue sur cette ligne.")),
    Refusal.UNKNOWN_PROGRAMME: (404, to_translate("Cette ligne n'est pas connue.")),
    Refusal.UNKNOWN_ALERT: (404, to_translate("Cette alerte n'est pas connue.")),
    Refusal.UNKNOWN_RESCUE: (404, to_translate("Cet appel aux secours n'est pas connu.")),
    Refusal.UNKNOWN_REPORT: (404, to_translate("Cette fiche n'est pas connue.")),
    Refusal.WRONG_STATE: (409, to_translate("Ce geste n'est pas possible à ce moment.")),
    Refusal.STALE_VERSION: (
        409,
        to_translate("Quelque chose a changé entre-temps ; regardez de nouveau."),
    ),
    Refusal.REPEATED_WITH_ANOTHER_BODY: (
        409,
        to_translate("Cette clé a déjà servi pour une autre demande."),
    ),
    Refusal.CALLERS_FIRST: (
        409,
        to_translate("Des personnes attendent : cette ligne d’essai s’efface."),
    ),
    Refusal.CLOSED: (409, to_translate("La ligne est fermée à cette heure.")),
    Refusal.OFFER_OVER: (
        410,
        to_translate("Cette proposition est terminée ; rien ne vous est reproché."),
    ),
    Refusal.CONTACT_OVER: (410, to_translate("Cette sollicitation est terminée.")),
    Refusal.ALERT_OVER: (410, to_translate("Cette alerte est close.")),
    Refusal.SECOND_PERSON_NEEDED: (
        409,
        to_translate("Il faut une deuxième personne pour cette décision."),
    ),
    Refusal.PAST_DEADLINE: (410, to_translate("La demande est arrivée trop tard.")),
    Refusal.UNKNOWN_RELAY: (404, to_translate("Ce relais n'est pas dans l'annuaire.")),
    Refusal.UNKNOWN_REFERRAL: (404, to_translate("Cette orientation n'est pas connue.")),
    Refusal.UNKNOWN_CARD: (404, to_translate("Cette fiche n'est pas connue sur cette ligne.")),
    Refusal.REFERS_NOBODY: (
        409,
        to_translate("Cette ligne écoute et n'oriente pas vers des relais."),
    ),
    Refusal.RELAY_CLOSED: (409, to_translate("Ce relais ne fonctionne plus, ou pas à cette date.")),
    Refusal.RELAY_NOT_VERIFIED: (
        409,
        to_translate("Ce relais reste à vérifier : rien ne peut lui être envoyé."),
    ),
    Refusal.NO_TRANSFER_AGREED: (
        409,
        to_translate("Aucun transfert direct n'est convenu avec ce relais."),
    ),
    Refusal.CONSENT_MISSING: (409, to_translate("La personne n'a pas encore donné son accord.")),
    Refusal.UNKNOWN_SHIFT: (404, to_translate("Cette plage n'est pas connue sur cette ligne.")),
    Refusal.UNKNOWN_DEBRIEF: (404, to_translate("Ce débriefing n'est pas connu.")),
    Refusal.SHIFT_TAKEN: (409, to_translate("Quelqu'un a déjà pris cette plage.")),
    Refusal.SHIFTS_OVERLAP: (
        409,
        to_translate("Cette personne est déjà prévue ailleurs à ce moment."),
    ),
    Refusal.NIGHT_LIMIT: (409, to_translate("Cette plage dépasse ses limites de nuit.")),
    Refusal.SHIFT_OVER: (410, to_translate("Cette plage est passée.")),
    Refusal.PLATFORM_FAULT: (
        503,
        to_translate("Une panne de notre côté ; la même demande peut être renvoyée."),
    ),
}


#: Sentences that say "vous", of the person whom somebody else plans.
OF_SOMEBODY_ELSE: dict[Refusal, str] = {
    Refusal.NOT_ELIGIBLE: to_translate(
        "Cette personne ne peut pas tenir ce rôle sur cette ligne à ce moment."
    ),
    Refusal.ACCREDITATION_LAPSED: to_translate(
        "L'habilitation de cette personne n'est plus à jour."
    ),
}

#: The page says of which field, and by how much.
TOO_LONG = to_translate("C'est trop long pour être envoyé ; rien n'est coupé, tout reste ici.")


def problem_of(error: Exception) -> Problem:
    """Say an error in the words of this door."""
    match error:
        case Problem():
            return error
        case Flaw(over=over) if over:
            return Problem(400, error.refusal.value, TOO_LONG, error.field, {"over": over})
        case Flaw():
            return refusal_problem(error.refusal, error.field)
        case TooLarge():
            return Problem(413, "too_large", TOO_LONG)
        case GroundAway():
            return _ground_problem()
        case ReplyUnknown():
            return _unknown_problem()
        case HTTPException():
            codes = {404: "no_such_address", 405: "method_not_allowed"}
            code = codes.get(error.status_code, "http")
            return Problem(
                error.status_code, code, to_translate("Cette adresse ne répond pas ainsi.")
            )
        case _:
            fault = Refusal.PLATFORM_FAULT
            return Problem(500, fault.value, REFUSALS[fault][1])


def response_of(error: Exception) -> Response:
    """The HTTP answer to an error."""
    return problem_of(error).response()


def refusal_problem(refusal: Refusal, field: str | None = None) -> Problem:
    """The problem of a refused command; of a person it names, it is not said to who asked."""
    status, detail = REFUSALS[refusal]
    if field is not None and field.rpartition(".")[2] == "person_id":
        detail = OF_SOMEBODY_ELSE.get(refusal, detail)
    return Problem(status, refusal.value, detail, field)


def refusal_told(said: bytes) -> Problem:
    """Another door's no, in the words of this one."""
    try:
        told = orjson.loads(said)
        return refusal_problem(Refusal(told.get("code", "")), told.get("field"))
    except (ValueError, AttributeError):
        return refusal_problem(Refusal.PLATFORM_FAULT)


def not_yet_problem() -> Problem:
    """An event the answering service needs is still on its way."""
    return Problem(503, "not_yet", to_translate("Pas encore possible ; renvoyez la même demande."))


def _unknown_problem() -> Problem:
    """No answer came in time."""
    detail = to_translate("Issue inconnue ; redemandez avec la même clé.")
    return Problem(504, "reply_unknown", detail)


def _ground_problem() -> Problem:
    """Postgres or NATS cannot be reached."""
    detail = to_translate(
        "La plateforme ne joint pas sa base ; rien n'est perdu, redemandez avec la même clé."
    )
    return Problem(503, "ground_away", detail)
