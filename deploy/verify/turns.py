"""I11, I12, I14 and I16: one contact for each, one human for each, and everyone in their turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from contracts.assignment import OfferExpired, OfferTaken
from contracts.vocabulary import Channel, OfferReason
from deploy.verify.history import History
from deploy.verify.known import Hold, Offering, Replay, Return
from deploy.verify.replay import replay_of
from deploy.verify.verdict import Checked, Violation, violation

#: Machine time within which a deadline that is due is honoured once nothing is broken: the sweeper
#: sleeps 1 s at the most (DESIGN 5), a take-over takes 5 s (DESIGN 7).
HONOURED_WITHIN_SECONDS = 6.0


def check_i11(history: History) -> Checked:
    """Nobody is in two contacts at once, beyond the chats the line lets one person hold."""
    return _alone(
        history, lambda hold: hold.taken.person_id, "in two contacts at once", _may_hold_beside
    )


def check_i12(history: History) -> Checked:
    """No contact is with two humans at once; double listening and hand-over do not exist yet."""
    return _alone(
        history,
        lambda hold: hold.taken.contact_id,
        "with two humans at once",
        lambda _hold, _beside: False,
    )


def _may_hold_beside(hold: Hold, beside: Sequence[Hold]) -> bool:
    """A voice excludes all else; in writing as many as the line says."""
    written = all(each.taken.channel is not Channel.PHONE for each in (hold, *beside))
    return written and len(beside) < hold.at_once


def _alone(
    history: History,
    who: Callable[[Hold], str],
    what: str,
    allowed: Callable[[Hold, Sequence[Hold]], bool],
) -> Checked:
    holds: dict[str, list[Hold]] = defaultdict(list)
    for hold in replay_of(history).holds:
        holds[who(hold)].append(hold)
    found: list[Violation] = []
    for of_one in holds.values():
        beside: list[Hold] = []
        for hold in sorted(of_one, key=lambda hold: hold.begun):
            beside = [each for each in beside if each.ended is None or hold.begun < each.ended]
            if beside and not allowed(hold, beside):
                before, taken = beside[-1], hold.taken
                found.append(
                    violation(
                        what,
                        person=taken.person_id,
                        contact=taken.contact_id,
                        offer=taken.offer_id,
                        beside=before.taken.offer_id,
                    )
                )
            beside.append(hold)
    return Checked(sum(map(len, holds.values())), tuple(found))


# --- given back -----------------------------------------------------------------------------------


def check_i14(history: History) -> Checked:
    """An offer nobody took in time ends in time, and is made again in front, its wait kept."""
    replay = replay_of(history)
    again = _offerings_by_contact(replay)
    found: list[Violation] = []
    for given_back in replay.returns:
        found.extend(_kept(given_back, again[given_back.contact.contact_id]))
    for offering in replay.offerings:
        found.extend(
            violation(
                "offered before a contact that was to go first",
                contact=offering.made.contact_id,
                before=earlier.contact_id,
                offer=offering.made.offer_id,
            )
            for earlier in offering.earlier
            if earlier.front
        )
    found.extend(_out_of_time(history, replay))
    return Checked(len(replay.returns), tuple(found))


def _offerings_by_contact(replay: Replay) -> defaultdict[str, list[Offering]]:
    by_contact: defaultdict[str, list[Offering]] = defaultdict(list)
    for offering in replay.offerings:
        by_contact[offering.made.contact_id].append(offering)
    return by_contact


def _kept(given_back: Return, offerings: list[Offering]) -> Iterator[Violation]:
    """The next offer in the same line, if there was one, says what was to be kept."""
    contact = given_back.contact
    following = (each for each in offerings if each.fact.sequence > given_back.fact.sequence)
    offering = next(following, None)
    if offering is None or offering.contact is None or not offering.contact.front:
        return  # it ended, or went on to the other line, before anybody else was asked
    made = offering.made
    ids = {"contact": contact.contact_id, "offer": made.offer_id}
    if made.waiting_since != contact.joined_at:
        yield violation("offered again with another waiting time", **ids)
    if made.attempt != contact.offers + 1:
        yield violation("offered again, and counted wrong", **ids)
    if OfferReason.RE_OFFERED_IN_FRONT not in made.reasons:
        yield violation("offered again without saying so", **ids)


def _out_of_time(history: History, replay: Replay) -> Iterator[Violation]:
    for fact in history.facts:
        made = replay.made.get(getattr(fact.event, "offer_id", ""))
        match fact.event:
            case OfferTaken() as taken if made is not None and taken.taken_at >= made.expires_at:
                yield violation("taken after it had expired", offer=made.offer_id, event=fact.id)
            case OfferExpired() as over if made is not None and over.expired_at < made.expires_at:
                yield violation("expired before its time", offer=made.offer_id, event=fact.id)
    overdue = history.clock.domain - history.domain(HONOURED_WITHIN_SECONDS)
    for made in replay.unanswered.values():
        if made.expires_at < overdue:
            yield violation(
                "still open after its time", offer=made.offer_id, contact=made.contact_id
            )


# --- first come, first served ---------------------------------------------------------------------


def check_i16(history: History) -> Checked:
    """Within one request class, as known at the decision, nobody who came later is first."""
    offerings = replay_of(history).offerings
    found = tuple(
        violation(
            "offered before one who came earlier",
            contact=offering.made.contact_id,
            before=earlier.contact_id,
            offer=offering.made.offer_id,
        )
        for offering in offerings
        for earlier in offering.earlier
        if not earlier.front
    )
    return Checked(len(offerings), found)
