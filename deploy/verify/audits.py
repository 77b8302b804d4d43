"""I32: the audit chain is whole, and nothing that must be in it is missing.

The hash is computed here again, from the words of the design and not from the service: a chain that
is wrong in the same way on both sides would prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC
from hashlib import sha256

from contracts.anonymity import (
    LiftAgreed,
    LiftAsked,
    LiftEvent,
    LiftRefused,
    LiftReviewed,
    LiftReviewMissed,
    LiftShown,
)
from contracts.roster import EligibilityEstablished
from deploy.verify.history import AuditStanding, History
from deploy.verify.verdict import Checked, Violation, violation

_BEGINNING = "0" * 64


def check_i32(history: History) -> Checked:
    """Every entry follows from the one before; every lift, export and role change has one."""
    found = list(_breaks(history.audit))
    kept = {(entry.kind, entry.subject) for entry in history.audit}
    wanted = [*_lifts(history), *(("export", each) for each in history.exports)]
    found.extend(
        violation("not in the audit", kind=kind, subject=subject)
        for kind, subject in wanted
        if (kind, subject) not in kept
    )
    found.extend(_unkept_roles(history))
    return Checked(len(history.audit) + len(wanted), tuple(found))


def _breaks(entries: Iterable[AuditStanding]) -> Iterator[Violation]:
    number, previous = 1, _BEGINNING
    for entry in entries:
        if (entry.number, entry.previous, entry.hash) != (number, previous, _hash(entry)):
            yield violation("the chain is broken", number=number)
            return
        number, previous = number + 1, entry.hash


def _hash(entry: AuditStanding) -> str:
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    fields = [
        entry.number, at, entry.kind, entry.programme, entry.actor, entry.role, entry.subject,
        entry.reason, entry.previous,
    ]  # fmt: skip
    text = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()


def _lifts(history: History) -> Iterator[tuple[str, str]]:
    for fact in history.facts:
        if isinstance(fact.event, LiftEvent):
            yield _kind_of(fact.event), fact.event.lift_id


def _kind_of(event: LiftEvent) -> str:
    match event:
        case LiftAgreed(alone=True):
            return "lift_alone"
        case (
            LiftAsked()
            | LiftAgreed()
            | LiftRefused()
            | LiftShown()
            | LiftReviewed()
            | LiftReviewMissed()
        ):
            return f"lift_{event.fact}"
        case _:
            raise TypeError(event.type_name())


def _unkept_roles(history: History) -> Iterator[Violation]:
    """Risk has heard of a role that was given or taken away, and the chain does not say so."""
    kept: dict[str, int] = {}
    for entry in history.audit:
        if entry.kind == "role_change":
            kept[entry.subject] = kept.get(entry.subject, 0) + 1
    changes: dict[str, int] = {}
    roles: dict[tuple[str, str], frozenset[str]] = {}
    heard = history.handled_by.get("risk", {})
    facts = sorted(history.facts, key=lambda fact: (fact.aggregate, fact.version))
    for fact in facts:
        row = heard.get(fact.id)
        if not isinstance(fact.event, EligibilityEstablished) or row is None or row.late:
            continue
        who = (fact.event.person_id, fact.event.programme)
        now = frozenset(role.value for role in fact.event.qualification.roles)
        if now != roles.get(who, frozenset()):
            changes[who[0]] = changes.get(who[0], 0) + 1
        roles[who] = now
    for person, count in changes.items():
        if kept.get(person, 0) < count:
            yield violation("a change of roles is not in the audit", person=person)
