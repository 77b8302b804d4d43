"""A caller says that it is urgent for them: people on duty see it, and it ranks nobody.

Run by the bus like handlers. Said once it stands: who changes their mind tells the human who comes.
"""

from __future__ import annotations

from contracts.contact import UrgencyDeclared
from contracts.envelope import Reply, done, refused
from contracts.vocabulary import ContactId, Refusal, Sha256
from services.bus.work import Work
from services.intake import metrics, store, threads
from services.intake.domain import Ended
from services.intake.seen import seen, told_now
from services.intake.store import Beside


def declare(address: tuple[ContactId, Sha256], work: Work) -> Reply:
    """Keep that it is urgent and say so on the bus; said again, it changes nothing."""
    contact_id, token_sha256 = address
    found = store.contact_to_leave(work.session, contact_id)
    if found is None:
        return refused(Refusal.UNKNOWN_CONTACT, "contact_id")
    contact, terms = found
    if not contact.is_opened_by(token_sha256):
        return refused(Refusal.NOT_YOURS)
    if isinstance(contact.life, Ended):
        return refused(Refusal.CONTACT_OVER)
    if contact.urgent_since is None:
        contact.urgent_since = work.now
        threads.keep_urgency(work.session, contact_id, work.now)
        said = UrgencyDeclared(
            contact_id=contact_id,
            programme=contact.programme,
            channel=contact.channel,
            declared_at=work.now,
        )
        work.announce(said, of=Beside(f"urgency:{contact_id}", 0))
        metrics.record_urgency(contact.programme, contact.channel)
    return done(contact.version, seen(contact, terms, told_now(work.session, contact)))
