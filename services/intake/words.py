"""Every sentence a caller's side reads: French, present tense, what is, then what can be done."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.vocabulary import ContactState, Refusal
from services.intake.terms import IN_WRITING

#: Country whose numbers are shown while the line is not known, and those numbers.
DEFAULT_COUNTRY = "FR"
DEFAULT_NUMBERS = ("15", "112", "114")

STATES: dict[ContactState, str] = {
    ContactState.WAITING_REGULATOR: "Vous attendez qu'une personne vous réponde.",
    ContactState.WITH_REGULATOR: "Une personne vous accueille.",
    ContactState.WAITING_LISTENER: "Vous attendez un écoutant. Votre place est gardée.",
    ContactState.WITH_LISTENER: "Un écoutant est avec vous.",
    ContactState.ENDED: "La conversation est terminée. Vous pouvez revenir.",
}

LOST_HUMAN = (
    "La liaison avec la personne qui vous répondait s'est perdue. "
    "Vous êtes en tête de la file ; quelqu'un d'autre va vous répondre."
)


def words_for(state: ContactState, *, lost_human: bool) -> str:
    """A state in plain words."""
    waits = state in (ContactState.WAITING_LISTENER, ContactState.WAITING_REGULATOR)
    return LOST_HUMAN if waits and lost_human else STATES[state]


#: HTTP status and sentence of every refusal this door can give.
REFUSALS: dict[Refusal, tuple[int, str]] = {
    Refusal.UNREADABLE: (400, "La demande n'est pas du JSON lisible."),
    Refusal.UNKNOWN_FIELD: (400, "La demande contient un champ inconnu."),
    Refusal.INVALID_FIELD: (400, "Un champ de la demande manque ou n'a pas la forme voulue."),
    Refusal.CHANNEL_NOT_SERVED: (400, "Cette ligne ne répond pas par ce moyen."),
    Refusal.NOT_YOURS: (403, "Ce jeton n'ouvre pas cette conversation."),
    Refusal.UNKNOWN_CONTACT: (404, "Cette conversation n'est pas connue."),
    Refusal.UNKNOWN_PROGRAMME: (404, "Cette ligne n'est pas connue."),
    Refusal.WRONG_STATE: (409, "Cela n'est pas possible à ce moment."),
    Refusal.CONTACT_OVER: (410, "La conversation est terminée ; rien de plus n'y a été ajouté."),
    Refusal.CLOSED: (409, "La ligne est fermée à cette heure."),
    Refusal.REPEATED_WITH_ANOTHER_BODY: (409, "Cette clé a déjà servi pour une autre demande."),
    Refusal.PLATFORM_FAULT: (503, "Panne de notre côté ; vous pouvez renvoyer la même demande."),
}

KEY_WANTED = "L'en-tête Idempotency-Key doit être un UUID aléatoire (version 4)."
TOKEN_WANTED = "Cette conversation s'ouvre avec le jeton donné à son début."
CAPABILITY_WANTED = "Les textes s'ouvrent avec le jeton que donne votre poste, et qui expire vite."
CODE_UNKNOWN = (
    "Ces trois mots n'ouvrent pas de conversation en cours. Vous pouvez en commencer une nouvelle."
)
TEXT_NOT_KEPT = (
    "Ce texte est vide ou contient des caractères invisibles ; rien n'a été envoyé, "
    "il reste chez vous."
)
TOO_LARGE = "La demande est trop longue."
NO_SUCH_ADDRESS = "Il n'y a rien à cette adresse."
NOT_THIS_WAY = "Cette adresse ne répond pas à cette demande."


def call_for_help(country: str, numbers: tuple[str, ...]) -> str:
    """`En danger : 15, 112 ; par écrit 114.`"""
    written = [number for number in numbers if number in IN_WRITING.get(country, ())]
    spoken = [number for number in numbers if number not in written]
    in_writing = f" ; par écrit {', '.join(written)}" if written else ""
    return f"En danger : {', '.join(spoken)}{in_writing}."


def demonstration(country: str, numbers: tuple[str, ...]) -> str:
    """What every answer says outside production."""
    return f"Démonstration : personne ne répond ici. {call_for_help(country, numbers)}"


def text_too_long(characters: int, most: int) -> str:
    """That a text is too long, by how much, and that it is not lost."""
    over = characters - most
    return (
        f"Ce texte a {over} caractère{'s' if over > 1 else ''} de trop ({most} au plus) ; "
        "rien n'a été envoyé, il reste chez vous : envoyez-le en deux fois."
    )


def closed_until(opens_at: datetime | None, timezone: str) -> str:
    """That the line is closed, and when it opens, in the hours of the line."""
    closed = REFUSALS[Refusal.CLOSED][1]
    if opens_at is None:
        return closed
    local = opens_at.astimezone(ZoneInfo(timezone))
    minutes = f" {local.minute:02d}" if local.minute else ""
    return f"{closed} Elle ouvre le {local.day}/{local.month:02d} à {local.hour} h{minutes}."
