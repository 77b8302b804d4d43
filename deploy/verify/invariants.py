"""Every invariant that is judged, with its sentence (INVARIANTS.md) and its function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploy.verify.alarms import check_i19, check_i20, check_i21, check_i22
from deploy.verify.audits import check_i32
from deploy.verify.choices import check_i13
from deploy.verify.delivery import (
    check_i05,
    check_i06,
    check_i07,
    check_i08,
    check_i09,
    check_i10,
)
from deploy.verify.endings import check_i01, check_i02, check_i03
from deploy.verify.history import History
from deploy.verify.links import check_i25
from deploy.verify.losses import check_i18
from deploy.verify.machines import check_i04
from deploy.verify.partners import check_i27, check_i29, check_i30
from deploy.verify.referrals import check_i28
from deploy.verify.refusals import check_i33, check_i34
from deploy.verify.retention import check_i26
from deploy.verify.shown import check_i17, check_i35
from deploy.verify.silence import check_i15
from deploy.verify.turns import check_i11, check_i12, check_i14, check_i16
from deploy.verify.verdict import Checked


@dataclass(frozen=True)
class Invariant:
    """One promise of the platform."""

    id: str
    sentence: str
    check: Callable[[History], Checked]


INVARIANTS: tuple[Invariant, ...] = (
    Invariant("I01", "every accepted contact reaches one terminal state", check_i01),
    Invariant("I02", "nothing after the terminal state but declared events", check_i02),
    Invariant("I03", "no contact answered by an edge is unknown to the platform", check_i03),
    Invariant("I04", "each history is a word of its machine, the composed one too", check_i04),
    Invariant("I05", "versions of an aggregate are 1..n, unique and dense", check_i05),
    Invariant("I06", "one effect per consumer and event", check_i06),
    Invariant("I07", "same event id, same content", check_i07),
    Invariant("I08", "outbox and streams hold the same events", check_i08),
    Invariant("I09", "every acknowledged event is readable where it was stamped", check_i09),
    Invariant("I10", "an effect commits with the inbox row of its cause", check_i10),
    Invariant("I11", "nobody is in two live contacts", check_i11),
    Invariant("I12", "no contact is with two humans", check_i12),
    Invariant("I13", "no assignment breaks a hard rule as known at the decision", check_i13),
    Invariant("I14", "an offer not taken is made again in front, its wait kept", check_i14),
    Invariant("I15", "no caller waits in silence", check_i15),
    Invariant("I16", "within a request class nobody who came later goes first", check_i16),
    Invariant("I17", "the line shown is accepted - assigned - ended, and empties", check_i17),
    Invariant("I18", "a lost desk leaves nobody alone, nor unflagged", check_i18),
    Invariant("I19", "each alert is taken, ended or passed on before its deadline", check_i19),
    Invariant("I20", "a level goes down by nobody, an alert ends by a human", check_i20),
    Invariant("I21", "a rescue ends confirmed or failed, and failed alarms again", check_i21),
    Invariant("I22", "an alert reaches the console in time", check_i22),
    Invariant("I25", "two contacts of one caller share no value", check_i25),
    Invariant("I26", "nothing outlives its retention, nor opens without its key", check_i26),
    Invariant("I27", "a partner is told of its own referrals and of no others", check_i27),
    Invariant("I28", "a referral carries what was consented to, and no more", check_i28),
    Invariant("I29", "a referral reaches its partner, or people are told", check_i29),
    Invariant("I30", "each webhook is signed anew and leaves to the public alone", check_i30),
    Invariant("I32", "the audit chain verifies and covers what it must", check_i32),
    Invariant("I33", "each malformed input gives exactly one rejection", check_i33),
    Invariant("I34", "streams and durables are as declared and lose nothing", check_i34),
    Invariant("I35", "quality's figures are those of a recount", check_i35),
)


@dataclass(frozen=True)
class Judged:
    """An invariant and what came of it."""

    invariant: Invariant
    checked: Checked


def judge(history: History) -> tuple[Judged, ...]:
    """Judge every invariant."""
    return tuple(Judged(each, each.check(history)) for each in INVARIANTS)
