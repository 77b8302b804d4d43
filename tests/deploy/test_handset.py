"""A telephone that lost the platform for a moment knows again what its keys are about."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.vocabulary import (
    Channel,
    ContactId,
    LiveState,
    OfferId,
    PersonId,
    ProgrammeId,
    Role,
    Stage,
)
from deploy.desk import LiveMessage
from deploy.handset import heard_in
from services.console.messages import ContactShown, DeskState, LiveStateShown, OfferShown
from services.telephony.keypad import Menu, hear, press

NOON = datetime(2026, 1, 14, 12, tzinfo=UTC)
OFFER = OfferId("5c6a1d5e-2d0b-4f6f-8b1a-0e4d7c9b8a77")
CONTACT = ContactId("3b241101-e2bb-4255-8caf-4136c566a962")
LINE = ProgrammeId("sos-crise")

RINGING = OfferShown(
    offer_id=OFFER,
    contact_id=CONTACT,
    programme=LINE,
    stage=Stage.LISTENER,
    channel=Channel.PHONE,
    made_at=NOON,
    expires_at=NOON + timedelta(seconds=15),
    waiting_since=NOON,
    attempt=1,
)
TALKING = ContactShown(
    offer_id=OFFER,
    contact_id=CONTACT,
    programme=LINE,
    stage=Stage.LISTENER,
    channel=Channel.PHONE,
    taken_at=NOON,
    waiting_since=NOON,
)


@pytest.mark.parametrize(
    ("state", "offer", "contact", "keys"),
    [(LiveState.OFFERED, RINGING, None, "12"), (LiveState.TALKING, None, TALKING, "9")],
)
def test_the_whole_desk_after_a_lost_connection_gives_the_keys_their_meaning(
    state: LiveState, offer: OfferShown | None, contact: ContactShown | None, keys: str
) -> None:
    desk = DeskState(
        person_id=PersonId("listener-1"),
        role=Role.LISTENER,
        programme=LINE,
        at=NOON,
        live=LiveStateShown(state=state),
        offer=offer,
        contact=contact,
    )
    menu = Menu()
    for heard in heard_in(LiveMessage("state", None, desk.model_dump(mode="json"), 0.0)):
        menu = hear(menu, heard).menu
    assert menu.state is state
    for key in keys:
        assert press(menu, key).command is not None
