"""Propose an order of help from what was understood, and judge who may decide it.

For the regulator in the contact. The surprising thing: nothing known is not harmless. A need that
nobody could name is proposed as P3, above someone who wants to talk, because the protocol serves a
silent caller so until a human has listened.

Source of every rule: `data/protocol.json` 0.1-proposal; the words are quoted in the rule. It is a
proposal that awaits clinical approval, and screens say so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts.envelope import CommandEnvelope
from contracts.triage import DecideTriage, ProposeTriage, TriageNotes, TriageProposal
from contracts.vocabulary import (
    AgeBand,
    Destination,
    Need,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    Role,
)

# --- what the needs mean to the protocol ----------------------------------------------------------

MINORS = frozenset({AgeBand.CHILD, AgeBand.TEEN})
CHILD = frozenset({Need.ENFANCE_DANGER, Need.DISPARITION_MINEUR})
VIOLENCE = frozenset({Need.VIOLENCES_CONJUGALES, Need.VIOLENCES_SEXUELLES, Need.AUTEUR_VIOLENCES})
#: "Souffrance marquée": each may be lived lightly or hardly; unheard, it is taken as hard.
DISTRESS = frozenset(
    {
        Need.DETRESSE_PSYCHOLOGIQUE,
        Need.AIDE_VICTIMES,
        Need.ADDICTIONS,
        Need.SANTE_SEXUELLE,
        Need.HEBERGEMENT_URGENCE,
        Need.MIGRANTS,
        Need.JEUNES,
        Need.ETUDIANTS,
        Need.HARCELEMENT_NUMERIQUE,
        Need.PARENTALITE,
        Need.DEUIL,
        Need.DEUIL_SUICIDE,
        Need.SOIGNANTS,
        Need.AGRICULTEURS,
        Need.SURDITE,
        Need.LGBT,
        Need.RADICALISATION,
    }
)
INFORMATION = frozenset(
    {
        Need.SANTE_INFORMATION,
        Need.DROITS_SANTE,
        Need.AIDE_MATERIELLE,
        Need.DEMARCHES,
        Need.COVID_INFO,
        Need.INTERPRETARIAT,
    }
)
#: Needs that a rule of their own names.
_NAMED = (
    CHILD
    | VIOLENCE
    | DISTRESS
    | INFORMATION
    | {
        Need.URGENCE_VITALE,
        Need.DANGER_IMMEDIAT,
        Need.CRISE_SUICIDAIRE,
        Need.MALTRAITANCE_VULNERABLE,
        Need.PROCHE_INQUIET,
        Need.SOLITUDE,
        Need.ECOUTE_GENERALISTE,
        Need.HORS_CADRE,
    }
)
#: May be noted on every line, whatever its programme lists: a life in danger is never refused for
#: a word that is missing from a manifest, and not knowing is always allowed.
ALWAYS_SERVED = frozenset({Need.UNKNOWN, Need.URGENCE_VITALE, Need.DANGER_IMMEDIAT})
#: Decisions upon which intake ends the contact. Rescue is an act during it: the human stays.
ENDS_THE_CONTACT = frozenset({Destination.INFORMED, Destination.WITHIN_FRAME, Destination.RELAY})


# --- rules ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """One line of the protocol, applied: when it speaks, it asks for `priority` at least."""

    code: str  #: shown with the proposal; screens hold its wording
    priority: Priority
    destination: Destination
    line: str  #: where the words stand in protocol.json: `priorities.<code>.when` or `natures.rule`
    words: str  #: the words, quoted
    speaks: Callable[[TriageNotes], bool]


def _vital(code: str, words: str, speaks: Callable[[TriageNotes], bool]) -> Rule:
    return Rule(code, Priority.P1, Destination.RESCUE, "priorities.P1.when", words, speaks)


def _listen(
    code: str, priority: Priority, words: str, speaks: Callable[[TriageNotes], bool]
) -> Rule:
    line = f"priorities.{priority}.when"
    return Rule(code, priority, Destination.LISTENER, line, words, speaks)


def _concerns_child(notes: TriageNotes) -> bool:
    return notes.age_band in MINORS or notes.need in CHILD


#: From the most urgent to the least; of those that speak the first one sets the proposal.
RULES_2026_1: tuple[Rule, ...] = (
    _vital("danger-child", "enfant en péril", lambda n: n.danger_now and _concerns_child(n)),
    _vital("danger-violence", "violence en cours", lambda n: n.danger_now and n.need in VIOLENCE),
    _vital(
        "danger-suicide",
        "passage à l'acte imminent",
        lambda n: n.danger_now and n.need is Need.CRISE_SUICIDAIRE,
    ),
    _vital("danger-now", "geste en cours", lambda n: n.danger_now),
    _vital("danger-named", "violence en cours", lambda n: n.need is Need.DANGER_IMMEDIAT),
    _vital("medical-emergency", "urgence médicale", lambda n: n.need is Need.URGENCE_VITALE),
    _listen(
        "suicidal-crisis",
        Priority.P2,
        "risque suicidaire moyen ou élevé sans imminence",
        lambda n: n.need is Need.CRISE_SUICIDAIRE,
    ),
    _listen("violence", Priority.P2, "violences", lambda n: n.need in VIOLENCE),
    _listen("child-at-risk", Priority.P2, "mineur en risque", lambda n: n.need in CHILD),
    # A child who rings alone has found nobody nearer: at risk until a human has heard more.
    _listen("minor", Priority.P2, "mineur en risque", lambda n: n.age_band in MINORS),
    _listen("abuse", Priority.P2, "maltraitance", lambda n: n.need is Need.MALTRAITANCE_VULNERABLE),
    # How worried cannot be noted, so the worry counts in full (the prudence the protocol asks for).
    _listen(
        "worried-relative",
        Priority.P2,
        "tiers très inquiet",
        lambda n: n.need is Need.PROCHE_INQUIET,
    ),
    _listen(
        "silent",
        Priority.P3,
        "silence : P3 tant qu'un humain n'a pas écouté",
        lambda n: n.silent,
    ),
    _listen(
        "distress",
        Priority.P3,
        "souffrance marquée, sans signe de danger",
        lambda n: n.need in DISTRESS,
    ),
    # Also any need that this version of the rules does not name: a safe default is never invented.
    _listen(
        "not-known",
        Priority.P3,
        "P3 tant qu'un humain n'a pas écouté",
        lambda n: n.need not in _NAMED,
    ),
    _listen("loneliness", Priority.P4, "solitude", lambda n: n.need is Need.SOLITUDE),
    _listen(
        "wants-to-talk",
        Priority.P4,
        "besoin de parler",
        lambda n: n.need is Need.ECOUTE_GENERALISTE,
    ),
    # Closing within the frame is a regulator's own thought, never proposed by software.
    Rule(
        "beyond-frame",
        Priority.P4,
        Destination.LISTENER,
        "natures.rule",
        "elle n'est jamais une priorité d'attente ni une raison de refuser",
        lambda n: n.need is Need.HORS_CADRE,
    ),
    Rule(
        "information",
        Priority.P5,
        Destination.INFORMED,
        "priorities.P5.when",
        "demande d'information ou d'adresse",
        lambda n: n.need in INFORMATION,
    ),
)

RULES_VERSION = "triage-2026.1"
RULE_BOOKS: Mapping[str, tuple[Rule, ...]] = {RULES_VERSION: RULES_2026_1}
KEPT_HUMAN_PRIORITY = "human-set-higher"


@dataclass(frozen=True)
class HumanDecision:
    """The last decision a human took on a contact."""

    priority: Priority
    destination: Destination
    notes: TriageNotes


def propose(
    notes: TriageNotes, earlier: HumanDecision | None = None, version: str = RULES_VERSION
) -> TriageProposal:
    """Propose priority and destination, with the code of every rule that spoke.

    Never below what a human set (`earlier`). A version of the rules that is not here is answered
    with the newest one, and says so: a person waits, so rules never stand in a human's way.
    """
    known = version if version in RULE_BOOKS else RULES_VERSION
    spoke = tuple(rule for rule in RULE_BOOKS[known] if rule.speaks(notes))
    first, reasons = spoke[0], tuple(rule.code for rule in spoke)
    priority, destination = first.priority, first.destination
    if earlier is not None and earlier.priority < priority:  # "P1" sorts before "P2"
        priority, destination = earlier.priority, earlier.destination
        reasons = (KEPT_HUMAN_PRIORITY, *reasons)
    return TriageProposal(
        priority=priority, destination=destination, reasons=reasons, rules_version=known
    )


# --- who may decide, and when ---------------------------------------------------------------------


@dataclass(frozen=True)
class ContactKnown:
    """What triage knows of a contact."""

    programme: ProgrammeId
    version: int  #: decisions taken so far
    held_by: PersonId | None  #: regulator, trained listener or supervisor who took it
    sent_untriaged: bool  #: no regulator could be reached; nobody has heard the person
    with_listener: bool
    ended: bool
    decided: HumanDecision | None


@dataclass(frozen=True)
class LineTerms:
    """What triage keeps of one version of a programme."""

    needs: frozenset[Need]
    rules_version: str


@dataclass(frozen=True)
class NotYet:
    """An event that tells is still on its way: ask again with the same id."""


@dataclass(frozen=True)
class MayNot:
    """Asking again will not help."""

    why: Refusal
    field: str | None = None


@dataclass(frozen=True)
class AlreadySo:
    """The same decision stands already (a double click): nothing is announced again."""


@dataclass(frozen=True)
class Proposed:
    """What the rules propose; nothing is decided."""

    proposal: TriageProposal


@dataclass(frozen=True)
class Decided:
    """The decision stands; `proposal` is what the rules had proposed beside it."""

    proposal: TriageProposal


def judge_proposal(
    contact: ContactKnown,
    terms: LineTerms | None,
    wish: ProposeTriage,
    asker: CommandEnvelope,
) -> Proposed | NotYet | MayNot:
    """Propose, to whoever may decide."""
    hindrance = _hindrance(contact, asker)
    if hindrance is not None:
        return hindrance
    if terms is None:
        return NotYet()
    return Proposed(propose(wish.notes, contact.decided, terms.rules_version))


def judge_decision(
    contact: ContactKnown,
    terms: LineTerms | None,
    wish: DecideTriage,
    asker: CommandEnvelope,
) -> Decided | AlreadySo | NotYet | MayNot:
    """Judge a decision.

    A second decision before a listener took the contact is a new version, up or down: a regulator
    who understood more, or pressed the wrong key, must be able to put it right while the person
    waits, and a wrong priority left standing is worse than an order that moves.
    """
    hindrance = _hindrance(contact, asker)
    if hindrance is not None:
        return hindrance
    if terms is None:
        return NotYet()
    decision = HumanDecision(wish.priority, wish.destination, wish.notes)
    if decision == contact.decided:
        return AlreadySo()
    if asker.expected_version not in (None, contact.version):
        return MayNot(Refusal.STALE_VERSION)
    if wish.notes.need not in terms.needs | ALWAYS_SERVED:
        return MayNot(Refusal.INVALID_FIELD, "notes.need")
    return Decided(propose(wish.notes, contact.decided, terms.rules_version))


def _hindrance(contact: ContactKnown, asker: CommandEnvelope) -> NotYet | MayNot | None:
    """Return why `asker` may not decide on this contact now, or None.

    The holder may, and a supervisor of the line once somebody holds it: nobody is sent on whom no
    human has heard. Where the decision ended the contact, it is over before `ContactEnded` arrives.
    """
    if contact.programme != asker.programme:
        return MayNot(Refusal.NOT_IN_PROGRAMME)
    if contact.ended or _was_sent_away(contact):
        return MayNot(Refusal.CONTACT_OVER)
    if contact.with_listener:
        return MayNot(Refusal.WRONG_STATE)
    if contact.held_by is None:
        # Once sent on untriaged no take will come; otherwise the take is on its way to us.
        return MayNot(Refusal.WRONG_STATE) if contact.sent_untriaged else NotYet()
    if contact.held_by != asker.actor and asker.role is not Role.SUPERVISOR:
        return MayNot(Refusal.NOT_YOURS)
    return None


def _was_sent_away(contact: ContactKnown) -> bool:
    return contact.decided is not None and contact.decided.destination in ENDS_THE_CONTACT
