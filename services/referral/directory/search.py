"""Which relays can help, in which order, and what speaks against each.

For the human who speaks with the person; a caller's page and a live transfer get less
(`for_caller`, `may_transfer`). Every proposal carries its reasons, and there is a second choice
wherever the directory has one: real lines answer one call in three to ten (rate published for SOS
Amitié, kept in its row). The surprising thing: a row that is shut now is not dropped, it is told
apart with the moment it opens, because "tomorrow at nine" is an answer too.

Source of the order: `deploy/protocol/protocol-0.1.json` (who engages rescue, when 3114 is
proposed) and the rows themselves. Pure: the moment is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from contracts.vocabulary import Channel, Need
from services.referral.directory.fit import (
    against,
    has_voice,
    hours_of,
    may_help,
    needs_of,
    opening_of,
    place_of,
    reasons,
    speaks,
)
from services.referral.directory.hours import NotKnown, Open, Shut
from services.referral.directory.index import Directory
from services.referral.directory.proposal import Against, Found, Mode, Proposal, Why, day_there
from services.referral.directory.question import Question, Rescue
from services.referral.directory.relay import Kind, Level, Relay

#: What a rescue is looked up by.
_RESCUE_NEED = {Rescue.MEDICAL: Need.URGENCE_VITALE, Rescue.DANGER: Need.DANGER_IMMEDIAT}
_WRITTEN_CONTACT = frozenset({Channel.CHAT, Channel.MESSAGE})
#: Rows that answer a question; who asks one is not sent to be listened to as well.
_ANSWERS = frozenset({Kind.INFORMATION, Kind.HEALTH, Kind.RIGHTS})
MOST_PROPOSALS = 6  #: in each of the two lists


def search(directory: Directory, question: Question) -> Found:
    """Propose relays for what is known, in the order to try them.

    Never a row that is closed for good, of another country, or the line that asks. A need nobody
    could name finds nothing: what is not known goes to a human.
    """
    rescue = list(_rescue(directory, question))
    helping = list(_helping(directory, question))
    if not helping:  # better with an interpreter, or in writing, than nobody
        question = replace(question, language_barrier=True)
        helping = list(_helping(directory, question))
    named = {each.relay.slug for each in rescue}
    helping = [each for each in helping if each.relay.slug not in named]
    helping.sort(key=lambda each: _order(each, question))
    now = [each for each in helping if each.mode is not Mode.LATER]
    later = [each for each in helping if each.mode is Mode.LATER]
    first, spare = rescue[: _urgent(rescue)], rescue[_urgent(rescue) :]
    interpreter = list(_interpreter(directory, question, [*first, *now]))
    now = [*first, *interpreter, *now]
    if len(now) == 1 and not spare and not question.silent and now[0].relay.kind not in _ANSWERS:
        now += _second_choice(directory, question, now[0].relay)
    now = [*now[: MOST_PROPOSALS - len(spare)], *spare]
    shut = (
        replace(each, opens_at=opening_of(each.relay, question)) for each in later[:MOST_PROPOSALS]
    )
    return Found(tuple(now), tuple(shut), no_second_choice=len(now) == 1)


def looked_up(question: Question) -> frozenset[Need]:
    """Every need by which `search` may look for a row: what of a directory it has to be given."""
    return frozenset(
        {
            *needs_of(question),
            *needs_of(_general(question)),
            *_RESCUE_NEED.values(),
            Need.SANTE_INFORMATION,
            Need.SURDITE,
            Need.INTERPRETARIAT,
        }
    )


def _standing(directory: Directory, need: Need, question: Question) -> Iterator[Relay]:
    """Rows that serve a need at the person's place, and have not begun or ended without us."""
    for row in directory.serving(need, question.country, question.departement):
        if row.exists_on(day_there(row, question.at)):
            yield row


def _urgent(rescue: list[Proposal]) -> int:
    """How many of the rescue proposals come before everybody else: the written one, and one."""
    written = sum(Why.WRITTEN_RESCUE in each.why for each in rescue)
    return min(len(rescue), written + 1)


def _rescue(directory: Directory, question: Question) -> Iterator[Proposal]:
    """The emergency rows of the person's country, the right one first, another to fall back on."""
    asked = _rescue_asked(question, directory)
    if asked is None:
        return
    kind, why, mode = asked
    rows = [
        row
        for row in _standing(directory, _RESCUE_NEED[kind], question)
        if row.kind is Kind.EMERGENCY
    ]
    if question.deaf or _names_written_rescue(question):
        for row in rows:
            if not has_voice(row):
                yield _proposal(row, question, Mode.NUMBER, (Why.WRITTEN_RESCUE,))
    spoken = sorted(filter(has_voice, rows), key=lambda row: _rescue_order(row, kind, question))
    if spoken:
        yield _proposal(spoken[0], question, mode, (why,))
    # To fall back on: the number of the whole union, which reaches every kind of rescue.
    spare = sorted(spoken[1:], key=lambda row: _is_its_own(row, question))
    if spare:
        yield _proposal(spare[0], question, mode, (why, Why.SECOND_CHOICE))


def _rescue_asked(question: Question, directory: Directory) -> tuple[Rescue, Why, Mode] | None:
    """Which rescue, why, and whether a human engages it or only knows its number."""
    if question.rescue is not None:
        return question.rescue, Why.RESCUE, Mode.ENGAGE
    if question.asks_for_doctor:
        return Rescue.MEDICAL, Why.DOCTOR, Mode.NUMBER
    if _health_question_unanswered(question, directory):
        return Rescue.MEDICAL, Why.NO_HEALTH_LINE_HERE, Mode.NUMBER
    return None


def _health_question_unanswered(question: Question, directory: Directory) -> bool:
    """A question of health where no line for it answers: "dans le doute, 15"."""
    if Need.SANTE_INFORMATION not in question.needs[:1]:
        return False
    rows = _standing(directory, Need.SANTE_INFORMATION, question)
    return not any(isinstance(hours_of(row, question), Open | NotKnown) for row in rows)


def _names_written_rescue(question: Question) -> bool:
    """Somebody who writes while a danger is on may not be able to speak."""
    return question.channel in _WRITTEN_CONTACT and any(
        need in question.needs for need in (Need.DANGER_IMMEDIAT, Need.URGENCE_VITALE)
    )


def _rescue_order(row: Relay, kind: Rescue, question: Question) -> tuple[int | str, ...]:
    foreign = speaks(row, question) is False
    also = sum(need in row.needs for need in question.needs)
    nearness = place_of(_RESCUE_NEED[kind], row)
    return (foreign, nearness, not _is_its_own(row, question), -also, row.slug)


def _is_its_own(row: Relay, question: Question) -> bool:
    """Whether a number is the country's own, rather than the European one."""
    return row.slug.startswith(f"{question.country.lower()}-")


def _helping(directory: Directory, question: Question) -> Iterator[Proposal]:
    """Yield every row that serves one of the needs, with its reasons."""
    seen: set[str] = set()
    for place, need in enumerate(needs_of(question)):
        for row in _standing(directory, need, question):
            if row.slug in seen or not may_help(row, need, question):
                continue
            seen.add(row.slug)
            why = (Why.NEED if place == 0 else Why.ALSO_NEED, *reasons(directory, row, question))
            yield _proposal(row, question, Mode.NUMBER, why)
    if question.silent and not question.deaf:
        for row in _standing(directory, Need.SURDITE, question):
            if row.slug not in seen and row.kind is Kind.EMERGENCY:
                yield _proposal(row, question, Mode.NUMBER, (Why.SILENCE,))


def _order(proposal: Proposal, question: Question) -> tuple[int | str, ...]:
    """Sort key: what fits before what does not, then what is nearest to the need.

    A crisis line goes first among those for the need as long as suicide is not excluded; a line for
    this very public before a general one; then what is surest. Nearness comes after confidence,
    save overseas, where a local row has the person's own clock and network.
    """
    relay, why, told = proposal.relay, proposal.why, proposal.against
    unfit = Against.LANGUAGE in told or Against.CHANNEL in told
    unsure = proposal.mode is not Mode.LATER and (
        Against.HOURS_UNKNOWN in told or Against.HOLIDAY_HOURS_UNKNOWN in told
    )
    return (
        Why.SILENCE not in why,
        unfit,
        Against.SATURATED in told,
        Why.NEED not in why,
        relay.level is not Level.TERRITORIAL,
        not (question.suicide_not_excluded and Why.CRISIS_LINE in why),
        unsure,
        Why.SUBJECT not in why,
        Why.FOR_THIS_PUBLIC not in why,
        Why.CRISIS_LINE not in why,
        min((place_of(need, relay) for need in question.needs[:1]), default=0),
        -sum(need in relay.needs for need in needs_of(question)),
        bool(relay.subjects) and not question.subjects,
        relay.verified_at is None,
        relay.confidence.doubt,
        relay.confidence_hours.doubt,
        Why.NEAR not in why,
        relay.slug,
    )


def _proposal(row: Relay, question: Question, mode: Mode, why: tuple[Why, ...]) -> Proposal:
    hours = hours_of(row, question)
    return Proposal(
        relay=row,
        mode=Mode.LATER if isinstance(hours, Shut) else mode,
        why=why,
        against=against(row, question, hours),
        until=hours.until if isinstance(hours, Open) else None,
    )


def _interpreter(
    directory: Directory, question: Question, now: list[Proposal]
) -> Iterator[Proposal]:
    """A third voice first, where no row that could help speaks the person's language."""
    if not now or any(speaks(each.relay, question) is not False for each in now):
        return
    for row in _standing(directory, Need.INTERPRETARIAT, question):
        proposal = _proposal(row, question, Mode.INTERPRETER, (Why.NO_LINE_SPEAKS,))
        if proposal.mode is not Mode.LATER:
            yield proposal
            return


def _second_choice(directory: Directory, question: Question, first: Relay) -> list[Proposal]:
    """A line that hears anybody, where the need has a single row: the first may not pick up."""
    general = _general(question)
    rows = [
        replace(each, why=(Why.SECOND_CHOICE,))
        for each in sorted(_helping(directory, general), key=lambda each: _order(each, general))
        if each.mode is not Mode.LATER and each.relay is not first
    ]
    return rows[:1]


def _general(question: Question) -> Question:
    """Somebody to hear them, whatever it is about."""
    return replace(question, needs=(Need.ECOUTE_GENERALISTE,), suicide_not_excluded=False)
