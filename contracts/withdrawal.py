"""A consent taken back: by a code that the person was given, and that says nothing of them.

Twelve digits, as easily said as typed. The last one is a check (Luhn, ISO/IEC 7812-1 annex B), so
that a slip is seen where it is typed and nobody need ask whether a code exists.
"""

import hashlib
import re
import secrets
from typing import Annotated, ClassVar

from contracts.envelope import Command, Event, Stream
from contracts.privacy import ops, reference
from contracts.vocabulary import Moment, PersonId, ProgrammeId, Role, Sha256, WithdrawalCode

_DIGITS = 12
_BETWEEN = re.compile(r"[\s.\-]+")
#: Who closed a referral, where a person is named: the one it was about.
THE_PERSON = PersonId("the-person")


def new_code() -> WithdrawalCode:
    """A code nobody has."""
    drawn = f"{secrets.randbelow(10 ** (_DIGITS - 1)):0{_DIGITS - 1}d}"
    return WithdrawalCode(drawn + str(-_luhn_sum(f"{drawn}0") % 10))


def code_typed(typed: str) -> WithdrawalCode | None:
    """A code as a person types it, in groups or not; None when a digit is wrong or missing."""
    digits = _BETWEEN.sub("", typed)
    whole = len(digits) == _DIGITS and digits.isascii() and digits.isdigit()
    return WithdrawalCode(digits) if whole and _luhn_sum(digits) % 10 == 0 else None


def hash_of_code(code: WithdrawalCode) -> Sha256:
    """What is kept of a code."""
    return Sha256(hashlib.sha256(code.encode()).hexdigest())


def _luhn_sum(digits: str) -> int:
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled)


class ConsentWithdrawn(Event):
    """Somebody takes back their yes, by the code of it, on the pages of a line."""

    noun: ClassVar = "consent"
    fact: ClassVar = "withdrawn"
    publisher: ClassVar = "intake"
    stream: ClassVar = Stream.CONTACT
    subject_field: ClassVar = "code_sha256"

    programme: Annotated[ProgrammeId, ops("The line on whose page it was typed")]
    code_sha256: Annotated[Sha256, reference("Hash of the code; there may be no such referral")]
    withdrawn_at: Annotated[Moment, ops("When", unit="UTC, domain time")]


class WithdrawConsent(Command):
    """Somebody who called again takes back their yes, and told the code of it."""

    service: ClassVar = "referral"
    verb: ClassVar = "withdraw_consent"
    roles: ClassVar = frozenset({Role.REGULATOR, Role.LISTENER, Role.SUPERVISOR, Role.COORDINATOR})

    code: Annotated[WithdrawalCode, reference("The code they were given when they said yes")]
