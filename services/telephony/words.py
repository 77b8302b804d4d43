"""What a volunteer with a telephone alone is told, in French; one catalogue for a language."""

from __future__ import annotations

from contracts.vocabulary import Refusal

SAID = {
    "off_duty": "Vous n'êtes pas de service. Pour prendre votre service, tapez 1.",
    "ready": (
        "Vous êtes de service et disponible. Pour une pause, tapez 1. Pour les dernières minutes "
        "de votre plage, tapez 5. Pour terminer votre service, tapez 9."
    ),
    "paused": "Vous êtes en pause. Pour reprendre, tapez 1. Pour terminer votre service, tapez 9.",
    "resting": (
        "C'est votre temps de repos ; rien ne vous sera proposé avant sa fin. Pour rester en pause "
        "ensuite, tapez 1. Pour terminer votre service, tapez 9."
    ),
    "offered": "Une personne attend. Pour la prendre, tapez 1. Sinon, tapez 2.",
    "talking": "Vous êtes en ligne. Alerte : 9. Pour terminer l'échange, tapez 1.",
    "outcome": (
        "Comment l'échange se termine-t-il ? Écoute : 1. Orientation : 2. Appel silencieux : 3. "
        "Appel coupé : 4. Transmis aux secours : 5. Pour revenir à l'échange, tapez étoile."
    ),
    "wrapping_up": (
        "L'échange est fini. Prenez votre temps. S'il a été supportable, tapez 1. S'il a été "
        "difficile, tapez 2 : un repos suit, et un moment pour en parler vous sera proposé."
    ),
    "last_minutes": (
        "À la fin de votre plage, acceptez-vous encore de nouveaux appels ? Oui : 1. Non : 2."
    ),
    "debrief": (
        "Un moment pour parler de ce que vous venez d'entendre vous est proposé. Si vous le "
        "voulez, tapez 1. Sinon, tapez 2. Rien ne vous sera demandé de plus."
    ),
    "leaving": "Pour terminer votre service, tapez encore 9. Pour rester, tapez étoile.",
    "alert_sent": "Alerte envoyée. Restez en ligne avec la personne.",
    "offer_over": "L'appel a été pris ou la personne a raccroché.",
    "unknown_key": "Cette touche ne fait rien ici.",
    "done": "C'est noté.",
}

#: Why something was refused, as a person can use it; any other refusal is said as `refused`.
REFUSED = {
    Refusal.NOT_ELIGIBLE: (
        "Votre habilitation ne permet pas de prendre votre service ; voyez votre coordinateur."
    ),
    Refusal.ACCREDITATION_LAPSED: (
        "Une habilitation, une formation ou une supervision est échue ; voyez votre coordinateur."
    ),
    Refusal.OFFER_OVER: "L'appel n'attend plus.",
    Refusal.CONTACT_OVER: "La personne n'est plus en ligne.",
    Refusal.WRONG_STATE: "Ce n'est pas possible maintenant.",
}
NOT_ALERTED = "Votre alerte n'est pas partie. Retapez 9, ou appelez vous-même les secours."
NOT_TAKEN = "Cela n'a pas été enregistré. Réessayez, ou appelez votre coordinateur."
