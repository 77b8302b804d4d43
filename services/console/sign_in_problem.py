"""What somebody who could not sign in is told, by what went wrong.

The sentences are in the catalogues of the pages; a problem carries the French one.
"""

from __future__ import annotations

from services.bus.problem import Problem
from services.console.oidc import Failure, SignInFailed
from services.pages.words import to_translate

_UNVERIFIED = to_translate(
    "La réponse du compte de votre association n'a pas pu être vérifiée. Vous pouvez "
    "réessayer ; si cela recommence, votre coordination peut vous aider."
)

#: Status and sentence of each failure.
SENTENCES: dict[Failure, tuple[int, str]] = {
    Failure.CANCELLED: (403, to_translate("Vous avez renoncé à entrer. Vous pouvez recommencer.")),
    Failure.ATTEMPT_UNKNOWN: (
        400,
        to_translate(
            "Cette tentative n'a pas commencé ici, ou il y a trop longtemps. Vous pouvez "
            "recommencer."
        ),
    ),
    Failure.ISSUER_AWAY: (
        503,
        to_translate(
            "Le service de comptes de votre association ne répond pas. Vous pouvez réessayer "
            "dans un moment."
        ),
    ),
    Failure.ISSUER_REFUSED: (
        502,
        to_translate(
            "Le service de comptes de votre association ne reconnaît pas cette console. Votre "
            "coordination peut vous aider."
        ),
    ),
    Failure.ISSUER_UNREADABLE: (502, _UNVERIFIED),
    Failure.CODE_REFUSED: (
        400,
        to_translate("Cette entrée a déjà servi, ou a trop attendu. Vous pouvez recommencer."),
    ),
    Failure.TOKEN_SIGNATURE: (502, _UNVERIFIED),
    Failure.TOKEN_ISSUER: (502, _UNVERIFIED),
    Failure.TOKEN_AUDIENCE: (502, _UNVERIFIED),
    Failure.TOKEN_EXPIRED: (502, _UNVERIFIED),
    Failure.TOKEN_NONCE: (502, _UNVERIFIED),
    Failure.TOKEN_CLAIM: (502, _UNVERIFIED),
    Failure.CLAIM_MISSING: (
        403,
        to_translate(
            "Il manque une information à votre compte. Votre coordination peut vous aider."
        ),
    ),
    Failure.CLAIM_UNKNOWN: (
        403,
        to_translate(
            "Une information de votre compte n'est pas lisible. Votre coordination peut vous aider."
        ),
    ),
    Failure.NO_ROLE: (
        403,
        to_translate(
            "Aucun rôle ne vous est donné sur une ligne. Votre coordination peut vous aider."
        ),
    ),
}


def sign_in_problem(failed: SignInFailed) -> Problem:
    """The problem of a sign-in that failed; the field is the name of the claim, if one is wrong."""
    status, detail = SENTENCES[failed.failure]
    return Problem(status, failed.failure.value, detail, failed.claim)
