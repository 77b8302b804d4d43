"""Relays that are open now, beside a regulator's form."""

from __future__ import annotations

from contracts.envelope import done
from contracts.referral import FindRelays, RelayFound, RelaysFound
from contracts.vocabulary import Channel, Departement, Need, RelayId
from tests.console import facts
from tests.console.regulating import RELAYS, Desk, Visiting
from tests.terms import a_line


def found(**changes: object) -> RelayFound:
    said = {
        "relay_id": RelayId("eu-116006-fr"),
        "called": "116 006 - aide aux victimes",
        "mode": "number",
        "why": ("need",),
        "against": ("unverified", "anonymity-unknown"),
        "verified": False,
        "anonymity_to_say": True,
        "may_transfer": False,
        "closes_at": facts.later(3600),
        "number": "116006",
    }
    return RelayFound.model_validate(said | changes)


def test_relays_say_anonymity_doubt_and_their_number_behind_a_button(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        desk.door.reply = done(result=RelaysFound(now=(found(),), later=(), no_second_choice=True))
        said = {
            "channel": "chat",
            "notes.need": "solitude",
            "notes.departement": "31",
            "notes.signals[]": ["SIG-MORT"],
        }
        answer = await desk.send(RELAYS, said)
        for words in ("anonymat non connu, à dire avant", "à vérifier", "jusqu’à 14", "<summary>"):
            assert words in answer.text
        assert answer.text.index("<summary>") < answer.text.index("116006</p>")
        assert desk.sent == [
            FindRelays(
                needs=(Need.SOLITUDE,),
                departement=Departement("31"),
                channel=Channel.CHAT,
                suicide_not_excluded=True,
            )
        ]

    visiting(visit)


def test_nobody_open_is_said(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        await desk.take_a_contact()
        later = found(opens_at=facts.later(80_000), closes_at=None)
        desk.door.reply = done(result=RelaysFound(now=(), later=(later,), no_second_choice=False))
        answer = await desk.send(RELAYS, {"channel": "phone", "notes.need": "solitude"})
        assert "Aucun relais connu" in answer.text
        assert "ouvre jeudi 15 janvier" in answer.text

    visiting(visit)


def test_line_that_refers_nobody_shows_no_relays(visiting: Visiting) -> None:
    async def visit(desk: Desk) -> None:
        frame = a_line().frame.model_copy(update={"refers": False})
        newer = facts.published().model_copy(
            update={"terms": a_line(frame=frame), "programme_version": 2}
        )
        await desk.door.deliver(newer, version=2)
        await desk.take_a_contact()
        assert 'id="relays"' not in desk.browser.page
        assert 'value="relay"' not in desk.browser.page
        assert 'id="proposal"' in desk.browser.page
        answer = await desk.send(RELAYS, {"channel": "phone", "notes.need": "solitude"})
        assert answer.status_code == 409
        assert desk.sent == []

    visiting(visit)
