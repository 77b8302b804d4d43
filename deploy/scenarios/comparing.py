"""What the rules propose for a scenario, beside what was expected of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contracts.triage import TriageProposal
from contracts.vocabulary import Attention, Channel
from deploy.scenarios.noting import notes_of, question_of
from deploy.scenarios.scene import Scene
from services.intake.indicator import Reading, read_attention
from services.referral.directory.index import Directory
from services.referral.directory.proposal import Found, Mode, Proposal, Why
from services.referral.directory.search import search
from services.triage.domain import propose

#: The indicator reads texts; nobody listens to a voice with it.
_WRITTEN = frozenset({Channel.CHAT, Channel.MESSAGE})
_LATER = "later"
#: Nothing is asked for: the directory is not asked either.
_NOTHING_ASKED = "asks-for-nothing"
_EMPTY = Found((), (), no_second_choice=False)


@dataclass(frozen=True)
class Answer:
    """What the rules propose for one scenario."""

    proposal: TriageProposal
    found: Found
    reading: Reading | None  #: None by telephone


@dataclass(frozen=True)
class Difference:
    """One point in which the two differ, and why the rules say what they say."""

    what: str
    expected: str
    proposed: str
    because: str


def answer(scene: Scene, directory: Directory) -> Answer:
    """Ask the directory, the rules of triage and, for texts, the indicator."""
    found = search(directory, question_of(scene, directory))
    only_rescue = any(Why.NO_HEALTH_LINE_HERE in each.why for each in found.now)
    proposal = propose(notes_of(scene, only_rescue_answers=only_rescue))
    return Answer(
        proposal=proposal,
        found=_EMPTY if _NOTHING_ASKED in proposal.reasons[:1] else found,
        reading=read_attention(scene.opening) if scene.channel in _WRITTEN else None,
    )


def compare(scene: Scene, given: Answer) -> tuple[Difference, ...]:
    """Every difference, in the order a regulator would look."""
    return tuple(_differences(scene, given))


def _differences(scene: Scene, given: Answer) -> Iterator[Difference]:
    expected, proposal = scene.expected, given.proposal
    rules = f"rules {', '.join(proposal.reasons)} ({proposal.rules_version})"
    if proposal.priority is not expected.priority:
        yield Difference("priority", expected.priority, proposal.priority, rules)
    if proposal.supervisor_informed is not expected.supervisor_informed:
        yield Difference(
            "supervisor informed",
            _yes(expected.supervisor_informed),
            _yes(proposal.supervisor_informed),
            rules,
        )
    if proposal.emergency_card is not expected.emergency_card_expected:
        yield Difference(
            "emergency card",
            _yes(expected.emergency_card_expected),
            _yes(proposal.emergency_card),
            rules,
        )
    yield from _attention(expected.attention_signal, given.reading)
    yield from _relays(scene, given.found)


def _attention(expected: Attention | None, reading: Reading | None) -> Iterator[Difference]:
    level = None if reading is None else reading.level
    if level is not expected:
        why = "by telephone nothing is read" if reading is None else _heard(reading)
        yield Difference("attention", expected or "not read", level or "not read", why)


def _heard(reading: Reading) -> str:
    return f"heard {', '.join(reading.rules) or 'nothing'} ({reading.version})"


def _relays(scene: Scene, found: Found) -> Iterator[Difference]:
    """Compare relays: those expected come first, in their order; what is open and what opens later.

    More may follow them, because there is always a second choice; but where nobody is expected at
    all nobody is proposed.
    """
    wanted = scene.expected.relays
    open_now = [each.relay for each in wanted if each.mode != _LATER]
    opens_later = [each.relay for each in wanted if each.mode == _LATER]
    now, later = found.now, found.later
    if [each.relay.slug for each in now[: len(open_now)]] != open_now or (now and not wanted):
        yield Difference("open relays, in order", _row(open_now), _shown(now), _reasons(now))
    if [each.relay.slug for each in later[: len(opens_later)]] != opens_later:
        yield Difference(
            "relays that open later", _row(opens_later), _shown(later), _reasons(later)
        )
    forbidden = [each for each in now if each.relay.slug in scene.expected.must_not_relays]
    if forbidden:
        yield Difference(
            "relays that must not appear",
            f"none of {_row(scene.expected.must_not_relays)}",
            _shown(forbidden),
            _reasons(forbidden),
        )


def _row(slugs: Sequence[str]) -> str:
    return ", ".join(slugs) or "nobody"


def _shown(proposals: Sequence[Proposal]) -> str:
    return _row([_named(each) for each in proposals])


def _named(proposal: Proposal) -> str:
    mode = "" if proposal.mode in (Mode.NUMBER, Mode.LATER) else f" ({proposal.mode})"
    return f"{proposal.relay.slug}{mode}"


def _reasons(proposals: Sequence[Proposal]) -> str:
    """Why each stands where it does, and what speaks against it."""
    if not proposals:
        return "no row of the directory is for this need, place and person"
    return "; ".join(
        f"{each.relay.slug}: {', '.join(each.why)}"
        + (f" / {', '.join(each.against)}" * bool(each.against))
        for each in proposals
    )


def _yes(so: bool) -> str:
    return "yes" if so else "no"
