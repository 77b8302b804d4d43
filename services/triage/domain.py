"""Propose an order of help from what was understood, and judge who may decide it.

For the regulator in the contact. The surprising thing: nothing known is not harmless. A need that
nobody could name is proposed as P3, above someone who wants to talk, because the protocol serves a
silent caller so until a human has listened.

The rules and their source are in `rules.py`, what a rating comes to in `rating.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.envelope import CommandEnvelope
from contracts.triage import DecideTriage, ProposeTriage, TriageNotes, TriageProposal
from contracts.vocabulary import (
    Destination,
    Need,
    PersonId,
    Priority,
    ProgrammeId,
    Refusal,
    Role,
)
from services.triage.rating import level_of
from services.triage.rules import RULES_2026_1, Rule, heard

#: May be noted on every line, whatever its programme lists: a life in danger is never refused for
#: a word that is missing from a manifest, and not knowing is always allowed.
ALWAYS_SERVED = frozenset({Need.UNKNOWN, Need.URGENCE_VITALE, Need.DANGER_IMMEDIAT})
#: Decisions upon which intake ends the contact. Rescue is an act during it: the human stays.
ENDS_THE_CONTACT = frozenset({Destination.INFORMED, Destination.WITHIN_FRAME, Destination.RELAY})


# --- proposing ------------------------------------------------------------------------------------

RULES_VERSION = "triage-2026.1"
RULE_BOOKS: Mapping[str, tuple[Rule, ...]] = {RULES_VERSION: RULES_2026_1}
KEPT_HUMAN_PRIORITY = "human-set-higher"
#: "superviseur en double écoute", "superviseur informé" (`priorities.P1.who`, `priorities.P2.who`).
#: Beside them psychic trouble: whoever speaks with the person should not be alone with it.
_SUPERVISED = frozenset({Priority.P1, Priority.P2})
_MOST_REASONS = 12  #: what a proposal can carry; the gravest come first


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
    urgent = priority in _SUPERVISED or notes.psychic_trouble
    return TriageProposal(
        priority=priority,
        destination=destination,
        reasons=reasons[:_MOST_REASONS],
        rules_version=known,
        supervisor_informed=urgent,
        emergency_card=priority is Priority.P1 or Need.DISPARITION_MINEUR in heard(notes),
        rated_level=None if notes.rating is None else level_of(notes),
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
    hindrance = _hindrance(contact, asker) or _may_not_rate(wish.notes, asker)
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
    hindrance = _hindrance(contact, asker) or _may_not_rate(wish.notes, asker)
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
    if not terms.needs | ALWAYS_SERVED >= set(wish.notes.also):
        return MayNot(Refusal.INVALID_FIELD, "notes.also")
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


def _may_not_rate(notes: TriageNotes, asker: CommandEnvelope) -> MayNot | None:
    """Return why a rating is refused: "l'écoutant bénévole note des signaux, pas un score"."""
    if asker.role is not Role.LISTENER:
        return None
    if notes.rating is not None:
        return MayNot(Refusal.ROLE_NOT_PERMITTED, "notes.rating")
    if notes.level_noted is not None:
        return MayNot(Refusal.ROLE_NOT_PERMITTED, "notes.level_noted")
    return None


def _was_sent_away(contact: ContactKnown) -> bool:
    return contact.decided is not None and contact.decided.destination in ENDS_THE_CONTACT
