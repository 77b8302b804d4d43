"""Who waits for something to happen in a contact."""

import random
from collections import Counter
from uuid import UUID

from contracts.vocabulary import ContactId
from services.intake.following import spread


def test_hundreds_who_began_to_wait_together_ask_again_over_some_seconds() -> None:
    chance = random.Random(1900)
    contacts = [ContactId(str(UUID(int=chance.getrandbits(128)))) for _ in range(300)]
    waits = [spread(each, 25) for each in contacts]
    assert min(waits) >= 0.75 * 25
    assert max(waits) < 25
    assert max(Counter(int(wait) for wait in waits).values()) < 100
