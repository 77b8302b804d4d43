"""I17 and I35: the lines that are shown and the figures that are counted are the true ones.

Console and quality follow the events; what each of them has handled by now is what it must show,
and once the run is over that is everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from contracts.assignment import ContactSentUntriaged, OfferTaken, OfferWithdrawn
from contracts.contact import ContactEnded, ContactOpened
from contracts.envelope import Event
from contracts.triage import ContactTriaged
from contracts.vocabulary import ContactState, Destination, Stage
from deploy.verify.history import History, HourStanding
from deploy.verify.verdict import Checked, Violation, violation
from services.quality.domain import HourFigures, hour_of
from services.quality.recount import recount

#: A programme and which of its two waiting lines.
Line = tuple[str, Stage]

_LINE_SHOWN: Mapping[str, Stage] = {
    ContactState.WAITING_REGULATOR: Stage.REGULATOR,
    ContactState.WAITING_LISTENER: Stage.LISTENER,
}


def check_i17(history: History) -> Checked:
    """Each waiting line on the board is accepted - assigned - ended; after the run it is empty."""
    shown: dict[Line, set[str]] = defaultdict(set)
    for contact in history.shown:
        line_shown = _LINE_SHOWN.get(contact.state or "")
        if line_shown is not None:
            shown[contact.programme, line_shown].add(contact.contact_id)
    true = _waiting(event for _, event in history.heard_by("console"))
    found: list[Violation] = []
    for line in sorted(shown.keys() | true.keys()):
        found.extend(_differences(line, shown[line], true[line]))
        if shown[line] and not history.still_open:
            found.append(
                violation(
                    "somebody is still shown waiting",
                    programme=line[0],
                    line=line[1].value,
                    contact=min(shown[line]),
                )
            )
    return Checked(len(history.shown), tuple(found))


def _differences(line: Line, shown: set[str], true: set[str]) -> Iterator[Violation]:
    for contact in sorted(shown - true):
        yield violation("shown waiting, and is not", line=line[1].value, contact=contact)
    for contact in sorted(true - shown):
        yield violation("waits, and is not shown", line=line[1].value, contact=contact)


@dataclass
class _Story:
    """What the events say of one contact; they are a set, their order says nothing."""

    programme: str = ""
    opened: ContactOpened | None = None
    ended: bool = False
    untriaged: bool = False
    taken: list[OfferTaken] = field(default_factory=list)
    withdrawn: set[str] = field(default_factory=set)
    triaged: list[ContactTriaged] = field(default_factory=list)

    def line(self) -> Stage | None:
        """The line it waits in: accepted, not assigned, not ended."""
        decisions = [each for each in self.triaged if each.destination is not Destination.RESCUE]
        last = max(decisions, key=lambda each: each.decided_at, default=None)
        sent_away = last is not None and last.destination is not Destination.LISTENER
        if self.ended or sent_away or any(self._holds(take, last) for take in self.taken):
            return None
        if last is not None or self.untriaged:
            return Stage.LISTENER
        return None if self.opened is None else self.opened.first_stage

    def _holds(self, take: OfferTaken, sent_on: ContactTriaged | None) -> bool:
        if take.offer_id in self.withdrawn:
            return False
        gone = sent_on is not None and sent_on.decided_at >= take.taken_at
        return not (take.stage is Stage.REGULATOR and gone)


def _waiting(events: Iterable[Event]) -> defaultdict[Line, set[str]]:
    stories: dict[str, _Story] = defaultdict(_Story)
    for event in events:
        match event:
            case ContactOpened():
                stories[event.contact_id].opened = event
            case ContactEnded():
                stories[event.contact_id].ended = True
            case ContactTriaged():
                stories[event.contact_id].triaged.append(event)
            case ContactSentUntriaged():
                stories[event.contact_id].untriaged = True
            case OfferTaken():
                stories[event.contact_id].taken.append(event)
            case OfferWithdrawn():
                stories[event.contact_id].withdrawn.add(event.offer_id)
            case _:
                continue
        stories[event.contact_id].programme = event.programme
    waiting: defaultdict[Line, set[str]] = defaultdict(set)
    for contact, story in stories.items():
        line = story.line()
        if line is not None:
            waiting[story.programme, line].add(contact)
    return waiting


# --- figures --------------------------------------------------------------------------------------


def check_i35(history: History) -> Checked:
    """Quality's figures of every hour are those of a recount, and were announced as such."""
    heard = (event for _, event in history.heard_by("quality"))
    true = {(str(line), hour): each for (line, hour), each in recount(heard).items()}
    kept = {(standing.programme, standing.hour): standing for standing in history.hours}
    forgotten = _forgotten(history)
    found: list[Violation] = []
    for programme, hour in sorted(true.keys() | kept.keys()):
        standing = kept.get((programme, hour))
        figures = true.get((programme, hour), HourFigures())
        if standing is not None and (programme, hour) in forgotten:
            standing = replace(standing, now=figures)  # what was announced is all there is
        found.extend(_miscounted(history, (programme, hour), standing, figures))
    return Checked(len(true.keys() | kept.keys()), tuple(found))


def _forgotten(history: History) -> frozenset[tuple[str, datetime]]:
    """Hours of whose contacts quality may have forgotten some (I26)."""
    return frozenset(
        (event.programme, hour_of(event.opened_at))
        for _, event in history.told(ContactEnded)
        if event.kept_until <= history.clock.domain
    )


def _miscounted(
    history: History, key: tuple[str, datetime], standing: HourStanding | None, true: HourFigures
) -> Iterator[Violation]:
    programme, hour = key
    ids = {"programme": programme, "hour": hour.isoformat()}
    if standing is None:
        yield violation("an hour quality knows nothing of", **ids)
        return
    if standing.now != true:
        yield violation(
            "its tables differ from a recount", **ids, field=_differing(standing.now, true)
        )
    to_be_counted = history.has_deadline("quality", "hour", f"{programme}/{hour.isoformat()}")
    if to_be_counted:
        return
    if standing.kept is None:
        yield violation("never counted, and nothing will", **ids)
    elif standing.kept != true:
        what = _differing(standing.kept, true)
        yield violation("what was announced differs from a recount", **ids, field=what)


def _differing(one: HourFigures, other: HourFigures) -> str:
    names = [each.name for each in fields(HourFigures)]
    return next(name for name in names if getattr(one, name) != getattr(other, name))
