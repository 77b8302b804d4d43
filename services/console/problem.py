"""What a door answers when it cannot do what was asked: problem details (RFC 9457).

`code` is for programs, `detail` is a sentence for the person at the desk, `field` the path of what
is wrong. Nothing of what was sent is repeated but the name of a field.
"""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from pydantic import ValidationError
from starlette.responses import Response

from contracts.vocabulary import Refusal

#: Status and sentence of every refusal. 410: it is over, asking again is of no use.
REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNREADABLE: (400, "La demande n'est pas du JSON lisible."),
    Refusal.UNKNOWN_FIELD: (400, "La demande contient un champ inconnu."),
    Refusal.INVALID_FIELD: (400, "Un champ de la demande est manquant ou n'a pas la forme voulue."),
    Refusal.WRONG_VERSION: (400, "Cette version de la demande n'est pas connue."),
    Refusal.CHANNEL_NOT_SERVED: (400, "Cette ligne ne sert pas ce canal."),
    Refusal.ROLE_NOT_PERMITTED: (403, "Votre rôle ne permet pas ce geste."),
    Refusal.NOT_YOURS: (403, "Cela n'est pas, ou plus, à vous."),
    Refusal.NOT_ELIGIBLE: (
        403,
        "Vous ne pouvez pas prendre d'appel sur cette ligne pour l'instant.",
    ),
    Refusal.ACCREDITATION_LAPSED: (403, "Votre habilitation n'est plus à jour."),
    Refusal.NOT_IN_PROGRAMME: (403, "Votre session n'est pas ouverte pour cette ligne."),
    Refusal.UNKNOWN_CONTACT: (404, "Cette sollicitation n'est pas connue."),
    Refusal.UNKNOWN_OFFER: (404, "Cette proposition n'est pas connue."),
    Refusal.UNKNOWN_PERSON: (404, "Cette personne n'est pas connue sur cette ligne."),
    Refusal.UNKNOWN_PROGRAMME: (404, "Cette ligne n'est pas connue."),
    Refusal.WRONG_STATE: (409, "Ce geste n'est pas possible à ce moment."),
    Refusal.STALE_VERSION: (409, "Quelque chose a changé entre-temps ; regardez de nouveau."),
    Refusal.REPEATED_WITH_ANOTHER_BODY: (409, "Cette clé a déjà servi pour une autre demande."),
    Refusal.CLOSED: (409, "La ligne est fermée à cette heure."),
    Refusal.OFFER_OVER: (410, "Cette proposition est terminée ; rien ne vous est reproché."),
    Refusal.CONTACT_OVER: (410, "Cette sollicitation est terminée."),
    Refusal.PAST_DEADLINE: (410, "La demande est arrivée trop tard."),
    Refusal.PLATFORM_FAULT: (503, "Une panne de notre côté ; la même demande peut être renvoyée."),
}


_REFUSAL_CODES = frozenset(refusal.value for refusal in Refusal)


@dataclass(frozen=True)
class Problem(Exception):
    """The door cannot do what was asked."""

    status: int
    code: str
    detail: str
    field: str | None = None
    retry_after_seconds: int | None = None

    def response(self) -> Response:
        """The HTTP answer."""
        body: dict[str, str | int] = {
            "type": f"urn:helpline:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.code in _REFUSAL_CODES:
            body["refusal"] = self.code  # as intake's door says it
        if self.field is not None:
            body["field"] = self.field
        headers = {"Cache-Control": "no-store"}
        if self.retry_after_seconds is not None:
            headers["Retry-After"] = str(self.retry_after_seconds)
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(
            orjson.dumps(body), self.status, headers, media_type="application/problem+json"
        )


def refusal_problem(refusal: Refusal, field: str | None = None) -> Problem:
    """The problem of a refused command."""
    status, detail = REFUSALS[refusal]
    again = 1 if status == 503 else None
    return Problem(status, refusal.value, detail, field, again)


def not_yet_problem() -> Problem:
    """An event the answering service needs is still on its way."""
    return Problem(
        503, "not_yet", "Pas encore possible ; renvoyez la même demande.", retry_after_seconds=1
    )


def unknown_problem() -> Problem:
    """No answer came in time."""
    detail = "Issue inconnue ; redemandez avec la même clé."
    return Problem(504, "reply_unknown", detail, retry_after_seconds=1)


def ground_problem() -> Problem:
    """Postgres or NATS cannot be reached."""
    detail = "La plateforme ne joint pas sa base ; rien n'est perdu, redemandez avec la même clé."
    return Problem(503, "ground_away", detail, retry_after_seconds=1)


def too_large_problem(limit_bytes: int) -> Problem:
    """The body is larger than this door takes."""
    return Problem(413, "too_large", f"La demande dépasse {limit_bytes // 1024} Kio.")


def invalid_problem(error: ValidationError, prefix: str = "") -> Problem:
    """The first thing that is wrong in a body: where and of what kind, never what was sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = ".".join(str(part) for part in first["loc"])
    field = f"{prefix}{path}"[:120] or None
    if first["type"] == "json_invalid":
        return refusal_problem(Refusal.UNREADABLE)
    if first["type"] == "extra_forbidden":
        return refusal_problem(Refusal.UNKNOWN_FIELD, field)
    return refusal_problem(Refusal.INVALID_FIELD, field)
