"""Every sentence a caller's side reads: French, present tense, what is, then what can be done."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from contracts.ladder import Wording
from contracts.vocabulary import Channel, ContactState, LanguageCode, Refusal, Situation
from services.intake.answers import ContactSeen, PartnerTold, PassTold, TextsTold, WayOutTold
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


#: To whoever is at risk while nobody is on duty: nothing leads them away, and they are not left
#: without a word.
NOBODY_YET = "Personne n'est de permanence à cet instant. Votre place est gardée."


def words_for(seen: ContactSeen | TextsTold, *, lost_human: bool = False) -> str:
    """Where a contact is, in plain words; in the language of the door where the line has them.

    First that somebody was lost, then why nobody has answered yet, then what may be chosen instead.
    """
    waits = seen.state in (ContactState.WAITING_LISTENER, ContactState.WAITING_REGULATOR)
    if waits and lost_human:
        said = LOST_HUMAN
    elif seen.ladder is not None:
        said = in_language(seen.ladder.wordings, seen.language)
    elif seen.situation is Situation.NOBODY_ON_DUTY:
        said = NOBODY_YET
    else:
        said = STATES[seen.state]
    if seen.way_out is None:
        return said
    return f"{said} {_offer_in_words(seen.way_out, seen.language)}".strip()


def wording_in(wordings: tuple[Wording, ...], language: LanguageCode) -> Wording | None:
    """What is said in this language, or else in the first there is; None: nothing is said."""
    in_it = (each for each in wordings if each.language is language)
    return next(in_it, wordings[0] if wordings else None)


def in_language(wordings: tuple[Wording, ...], language: LanguageCode) -> str:
    """The words in this language, or else the first there are."""
    said = wording_in(wordings, language)
    return "" if said is None else said.words


def _offer_in_words(offer: WayOutTold, language: LanguageCode) -> str:
    asked = in_language(offer.wordings, language)
    return asked if offer.partner is None else f"{asked} {partner_in_words(offer.partner)}".strip()


def partner_in_words(partner: PartnerTold) -> str:
    """`SOS Amitié : 09 72 39 40 50.`, and that it may ask for a name where it may, or may."""
    reached = partner.number or partner.page or ""
    may_ask = "" if partner.anonymous else " Cette ligne peut vous demander votre nom."
    return f"{partner.title} : {reached}.{may_ask}"


def went_with_pass(told: PassTold, timezone: str) -> str:
    """What a pass is worth, to whoever has just taken it."""
    until = told.valid_until.astimezone(ZoneInfo(timezone))
    code = " ".join(told.digits)
    return (
        f"Votre code : {code}. Notez-le : il ne sera gardé nulle part. "
        f"Revenez quand vous voulez avant {_hour(until)} et donnez ce code : "
        "vous reprenez votre place, en tête de la file."
    )


def went_to(partner: PartnerTold | None) -> str:
    """Where whoever chose another line is led."""
    if partner is None:
        return STATES[ContactState.ENDED]
    return f"Une autre ligne vous écoute. {partner_in_words(partner)}"


#: Why a yes to a way out does not count; whoever reads this still has their place, or somebody.
WAY_OUT_REFUSALS: dict[Refusal, str] = {
    Refusal.UNKNOWN_OFFER: "Cela ne vous a pas été proposé. Votre place est gardée.",
    Refusal.OFFER_OVER: "Cette proposition n'est plus valable. Votre place est gardée.",
    Refusal.RELAY_CLOSED: "L'autre ligne vient de fermer. Votre place est gardée.",
    Refusal.WRONG_STATE: "Quelqu'un vous répond à l'instant : restez en ligne.",
    Refusal.CONTACT_OVER: "La conversation est terminée. Vous pouvez revenir.",
}


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
    Refusal.UNKNOWN_OFFER: (409, "Cela ne vous a pas été proposé."),
    Refusal.OFFER_OVER: (410, "Cette proposition n'est plus valable."),
    Refusal.RELAY_CLOSED: (409, "L'autre ligne n'est pas ouverte."),
    Refusal.CLOSED: (409, "La ligne est fermée à cette heure."),
    Refusal.CALLERS_FIRST: (409, "Des personnes attendent : cette ligne d'essai s'efface."),
    Refusal.REPEATED_WITH_ANOTHER_BODY: (409, "Cette clé a déjà servi pour une autre demande."),
    Refusal.PLATFORM_FAULT: (503, "Panne de notre côté ; vous pouvez renvoyer la même demande."),
}

KEY_WANTED = "L'en-tête Idempotency-Key doit être un UUID aléatoire (version 4)."
TOKEN_WANTED = "Cette conversation s'ouvre avec le jeton donné à son début."
CAPABILITY_WANTED = "Les textes s'ouvrent avec le jeton que donne votre poste, et qui expire vite."
#: Of words that open nothing: three are a chat's, four a message's.
CODES_UNKNOWN: dict[Channel, str] = {
    Channel.CHAT: (
        "Ces trois mots n'ouvrent pas de conversation en cours. "
        "Vous pouvez en commencer une nouvelle."
    ),
    Channel.MESSAGE: (
        "Ces quatre mots n'ouvrent pas de message. Il a peut-être été effacé. "
        "Vous pouvez en laisser un nouveau."
    ),
}
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
    return f"{closed} Elle ouvre le {local.day}/{local.month:02d} à {_hour(local)}."


def _hour(local: datetime) -> str:
    """`22 h`, `22 h 05`."""
    return f"{local.hour} h {local.minute:02d}" if local.minute else f"{local.hour} h"
