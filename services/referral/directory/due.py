"""How long a verification holds, and until when: after that a relay is to be verified again.

Numbers and hours change while nobody looks; what was checked once is not checked for ever. The
surprising thing: how long is decided when it is checked or read, and kept with the entry, so that a
list of those that are due is an index and not a calculation over 140,000 rows.
"""

from __future__ import annotations

from sqlmodel import Session

from contracts.vocabulary import RelayId
from services.bus.driver import ask
from services.referral.directory.relay import Relay
from services.referral.settings import SETTINGS

#: Of an entry that is kept now. Taken back: nothing holds, whatever its list says.
HOLDS_UNTIL = """
    SELECT CASE WHEN bool_or(r.withdrawn) IS NOT TRUE THEN
        coalesce(max(r.verified_at), %(verified_at)s::timestamptz)
        + make_interval(days => %(holds_days)s) END
    FROM referral.relay AS r WHERE r.relay_id = %(relay_id)s
"""
_RECKON = """
    UPDATE referral.entry AS e SET holds_until = CASE WHEN NOT r.withdrawn
        THEN coalesce(r.verified_at, e.verified_at) + make_interval(days => e.holds_days) END
    FROM referral.relay AS r WHERE r.relay_id = e.relay_id AND e.relay_id = %(relay_id)s
"""


def holds_days(relay: Relay) -> int:
    """For how many days a verification of it holds."""
    return SETTINGS.holds_days_of.get(relay.kind, SETTINGS.holds_days)


def reckon(session: Session, relay_id: RelayId) -> None:
    """Say anew until when one is verified, after people of ours said so or took it back."""
    ask(session, _RECKON, {"relay_id": relay_id})
