"""What is to be seen to: counted on the desk, done on its page, gone when it is over."""

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.anonymity import (
    DecideLift,
    LiftAgreed,
    LiftAsked,
    LiftId,
    LiftRefused,
    LiftReviewed,
    LiftShown,
    ReviewLift,
)
from contracts.care import CloseDebrief, DebriefOffered
from contracts.contact import HumanWanted
from contracts.partner import PartnerWebhookGivenUp, PartnerWebhookSeenTo
from contracts.referral import (
    ReferralAnswered,
    ReferralClosed,
    ReferralExpired,
    ReferralFact,
    ReferralUndelivered,
)
from contracts.report import (
    AtRiskReportMissed,
    AtRiskReportRead,
    AtRiskReportWritten,
    DecideLegalReport,
    LegalReportDecided,
    LegalReportProposed,
    ReportId,
)
from contracts.text import WrittenAnswered, WrittenClockRang
from contracts.vocabulary import DebriefId, PersonId, Role
from tests.console import facts
from tests.console.desks import PROFESSIONAL, SUPERVISOR, Comes, at_desks
from tests.console.facts import CONTACT, LINE, LISTENER, NOON, REGULATOR, later
from tests.console.scripted_door import ScriptedDoor

REPORT = "77777777-7777-4777-8777-777777777777"
LIFT = "66666666-6666-4666-8666-666666666666"


def report(**more: Any) -> dict[str, Any]:
    said = {"report_id": REPORT, "contact_id": CONTACT, "programme": LINE}
    return said | {"due_at": later(86_400)} | more


def written() -> AtRiskReportWritten:
    who = {"written_by": LISTENER, "written_as": Role.LISTENER, "written_at": later(600)}
    closed = {"danger": "passed", "taken_over_by": "relay"}
    return AtRiskReportWritten.model_validate(report(**who, **closed))


def read() -> AtRiskReportRead:
    who = {"read_by": SUPERVISOR, "read_as": Role.SUPERVISOR, "read_at": later(900)}
    return AtRiskReportRead.model_validate(report(**who))


def proposed(by: PersonId = REGULATOR) -> LegalReportProposed:
    return LegalReportProposed.model_validate(_legal(by))


def decided() -> LegalReportDecided:
    who = {"decided_by": PROFESSIONAL, "decided_as": Role.DUTY_PROFESSIONAL, "made": True}
    return LegalReportDecided.model_validate(_legal(REGULATOR) | who | {"decided_at": later(60)})


def _legal(by: PersonId) -> dict[str, Any]:
    said = {"report_id": REPORT, "contact_id": CONTACT, "programme": LINE}
    what = {"ground": "minor_in_danger", "kind": "concern", "recipient": "fr-crip-75"}
    return said | what | {"proposed_by": by, "proposed_as": Role.REGULATOR, "proposed_at": NOON}


def lift(kind: type[Any], **more: Any) -> Any:
    asked = facts.lift_asked().model_dump()
    asked.pop("alone_from")
    return kind.model_validate(asked | more)


def agreed(alone: bool) -> LiftAgreed:
    who = {"agreed_by": LISTENER, "agreed_as": Role.LISTENER, "agreed_at": later(60)}
    review = {"review_by": later(86_400)} if alone else {}
    told: LiftAgreed = lift(LiftAgreed, alone=alone, **who, **review)
    return told


def shown() -> LiftShown:
    told: LiftShown = lift(LiftShown, shown_to=LISTENER, shown_at=later(70), found=True)
    return told


def rang(step: str = "late", at: float = 60) -> WrittenClockRang:
    said = {"contact_id": CONTACT, "programme": LINE, "asked_at": NOON, "clock": "answer"}
    return WrittenClockRang.model_validate(said | {"step": step, "rang_at": later(at)})


def answered() -> WrittenAnswered:
    said = {"contact_id": CONTACT, "programme": LINE, "asked_at": NOON}
    return WrittenAnswered.model_validate(said | {"answered_at": later(90)})


def offered() -> DebriefOffered:
    said = {"debrief_id": REPORT, "programme": LINE, "person_id": LISTENER, "cause": "alert"}
    when = {"offered_at": NOON, "due_at": NOON + timedelta(days=3)}
    return DebriefOffered.model_validate(said | when)


def human_wanted() -> HumanWanted:
    said = {"contact_id": CONTACT, "programme": LINE, "priority": "P2"}
    return HumanWanted.model_validate(said | {"wanted_by": LISTENER, "wanted_at": later(30)})


def referral(kind: type[ReferralFact], at: float, **more: Any) -> ReferralFact:
    said = {"referral_id": LIFT, "contact_id": CONTACT, "programme": LINE, "relay_id": "fr-3114"}
    told: ReferralFact = kind.model_validate(said | {f"{kind.fact}_at": later(at)} | more)
    return told


def given_up(**more: Any) -> PartnerWebhookGivenUp:
    said = {"partner": "aplus", "programme": LINE, "called": "Association A+", "why": "no_answer"}
    how = {"told_otherwise": False, "given_up_at": later(900)}
    return PartnerWebhookGivenUp.model_validate(said | how | more)


def seen_to(at: float = 990) -> PartnerWebhookSeenTo:
    said = {"partner": "aplus", "programme": LINE, "seen_to_at": later(at)}
    return PartnerWebhookSeenTo.model_validate(said)


STORIES: dict[str, tuple[list[tuple[Any, int]], str, list[tuple[Any, int]]]] = {
    "a report to read": (
        [(facts.report_owed(), 1), (written(), 2)],
        "1 fiche de situation à risque à lire",
        [(read(), 3)],
    ),
    "a legal report": ([(proposed(), 1)], "1 signalement à décider à deux", [(decided(), 2)]),
    "a lift one decided alone": (
        [(lift(LiftAsked), 1), (agreed(alone=True), 2), (shown(), 3)],
        "1 levée d’anonymat à décider ou à revoir",
        [(lift(LiftReviewed, verdict="justified", reviewed_by=SUPERVISOR,
               reviewed_as=Role.SUPERVISOR, reviewed_at=later(99)), 4)],
    ),
    "a lift two decided": (
        [(lift(LiftAsked), 1), (agreed(alone=False), 2)],
        "1 levée d’anonymat à décider ou à revoir",
        [(shown(), 3)],
    ),
    "a lift that was refused": (
        [(lift(LiftAsked), 1)],
        "1 levée d’anonymat à décider ou à revoir",
        [(lift(LiftRefused, refused_by=SUPERVISOR, refused_as=Role.SUPERVISOR,
               refused_at=later(9)), 2)],
    ),
    "a message that waits": ([(rang(), 1)], "1 message attend trop longtemps", [(answered(), 2)]),
    "a referral that did not arrive": (
        [(referral(ReferralUndelivered, 900), 1)],
        "1 orientation n’a trouvé personne",
        [(referral(ReferralAnswered, 990, accepted=True, recorded_by=SUPERVISOR), 2)],
    ),
    "a referral nobody took up": (
        [(referral(ReferralAnswered, 900, accepted=False, recorded_by="partner-aplus"), 1)],
        "1 orientation n’a trouvé personne",
        [(referral(ReferralClosed, 990, why="not_taken_up", closed_by=SUPERVISOR), 2)],
    ),
    "a referral without an answer": (
        [(referral(ReferralUndelivered, 900), 1), (referral(ReferralExpired, 990), 2)],
        "1 orientation n’a trouvé personne",
        [(referral(ReferralClosed, 999, why="taken_up", closed_by=SUPERVISOR), 3)],
    ),
    "a partner nothing reaches": (
        [(given_up(), 1)], "1 partenaire ne reçoit plus rien", [(seen_to(), 2)]
    ),
    "a partner lost, seen to and lost again": (
        [(given_up(), 1), (seen_to(950), 2), (given_up(why="gone", given_up_at=later(970)), 3)],
        "1 partenaire ne reçoit plus rien",
        [(seen_to(), 4)],
    ),
    "a message that needs a human": (
        [(human_wanted(), 1)], "1 message attend trop longtemps", [(answered(), 1)]
    ),
}  # fmt: skip


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES.keys())
def test_matter_is_on_the_desk_until_it_is_over(door: ScriptedDoor, story: Any) -> None:
    begin, words, end = story

    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        assert words not in (await browser.get("/")).text
        for event, version in begin:
            await door.deliver(event, version=version)
        assert words in (await browser.get("/")).text
        assert "1 chose est à faire." in (await browser.get("/a-faire")).text
        for event, version in end:
            await door.deliver(event, version=version)
        assert words not in (await browser.get("/")).text
        assert "Rien n’est à faire." in (await browser.get("/a-faire")).text

    at_desks(door, visit)


def test_what_a_lost_partner_still_hears_is_said(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(given_up())
        page = (await browser.get("/a-faire")).text
        assert "Le serveur de <b>Association A+</b> n’a pas répondu depuis trois jours" in page
        assert "Aucune orientation ne lui arrive" in page
        await door.deliver(seen_to(950), version=2)
        on_nats = given_up(why="gone", told_otherwise=True, given_up_at=later(970))
        await door.deliver(on_nats, version=3)
        page = (await browser.get("/a-faire")).text
        assert "a dit que son adresse n’existe plus" in page
        assert "encore vos orientations par son autre voie" in page
        assert 'id="partenaires"' not in (await (await comes(PROFESSIONAL)).get("/a-faire")).text

    at_desks(door, visit)


def test_late_word_of_a_clock_undoes_no_answer(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(answered(), version=2)
        await door.deliver(rang(), version=1)
        assert "Rien n’est à faire." in (await browser.get("/a-faire")).text

    at_desks(door, visit)


def test_report_nobody_wrote_is_said_to_be_that(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.report_owed())
        assert "à écrire avant" in (await browser.get("/a-faire")).text
        missed = AtRiskReportMissed.model_validate(report(missed_at=later(86_400)))
        await door.deliver(missed, version=2)
        assert "pas écrite à temps" in (await browser.get("/a-faire")).text
        assert f'<a href="/fiches/{REPORT}">Demander</a>' in browser.page
        assert (
            "On ne sait plus qui avait cet échange."
            in (await browser.get(f"/fiches/{REPORT}")).text
        )

    at_desks(door, visit)


def test_decisions_are_buttons_and_who_asked_has_none(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(lift(LiftAsked))
        await browser.get("/a-faire")
        path = f"/act/desk/lifts/{LIFT}/decision"
        assert path in browser.page
        await browser.post(path, browser.button() | {"agree": "false"})
        assert door.sent[-1].command == DecideLift(lift_id=LiftId(LIFT), agree=False)
        await door.deliver(lift(LiftAsked, asked_by=SUPERVISOR, lift_id=REPORT))
        await browser.get("/a-faire")
        assert f"/act/desk/lifts/{REPORT}/decision" not in browser.page
        await door.deliver(agreed(alone=True), version=2)
        await browser.get("/a-faire")
        review = f"/act/desk/lifts/{LIFT}/review"
        await browser.post(review, browser.button() | {"verdict": "to_be_discussed"})
        assert door.sent[-1].command.type_name() == ReviewLift.type_name()

    at_desks(door, visit)


def test_debrief_that_was_held_is_closed_from_the_page(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(offered())
        assert "1 débriefing à tenir" in (await browser.get("/")).text
        await browser.get("/a-faire")
        await browser.post(f"/act/desk/debriefs/{REPORT}/close", browser.button())
        assert door.sent[-1].command == CloseDebrief(debrief_id=DebriefId(REPORT))

    at_desks(door, visit)


def test_each_role_sees_what_it_may_do(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        for event in (facts.report_owed(), lift(LiftAsked), rang(), offered()):
            await door.deliver(event)
        regulator = (await (await comes(REGULATOR)).get("/a-faire")).text
        assert set(re.findall(r'<section class="sheet[^"]*" id="([\w-]+)"', regulator)) == {
            "levees"
        }
        professional = (await (await comes(PROFESSIONAL)).get("/a-faire")).text
        assert set(re.findall(r'<section class="sheet[^"]*" id="([\w-]+)"', professional)) == {
            "levees",
            "fiches",
        }

    at_desks(door, visit)


def risk_answering(
    monkeypatch: pytest.MonkeyPatch, status: int, told: object
) -> list[httpx.Request]:
    """Stand in for risk's door; what was asked of it."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json=told)

    transport = httpx.MockTransport(answer)
    client = httpx.AsyncClient(transport=transport, base_url="http://risk")
    monkeypatch.setattr("services.console.neighbour.client_of", lambda _: client)
    return asked


def test_words_of_a_report_are_shown_to_who_asks_for_them(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = risk_answering(monkeypatch, 200, {"report": {}, "what_happened": "Mots."})

    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.report_owed())
        await door.deliver(written(), version=2)
        page = (await browser.get(f"/fiches/{REPORT}")).text
        assert "Mots." not in page
        assert asked == []
        read = await browser.post(f"/fiches/{REPORT}", browser.button(), hx_request="true")
        assert "Mots." in read.text
        assert "<html" not in read.text
        assert [(each.method, each.url.path) for each in asked] == [
            ("GET", f"/at-risk-reports/{REPORT}")
        ]
        whole = await browser.post(f"/fiches/{REPORT}", browser.button())
        assert "Mots." in whole.text
        assert "<html" in whole.text

    at_desks(door, visit)


def test_risks_no_is_a_sentence_of_the_page(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    risk_answering(monkeypatch, 404, {"code": "unknown_report"})

    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.report_owed())
        await door.deliver(written(), version=2)
        await browser.get(f"/fiches/{REPORT}")
        refused = await browser.post(f"/fiches/{REPORT}", browser.button(), hx_request="true")
        assert refused.status_code == 404
        assert "Cette fiche n'est pas connue." in refused.text

    at_desks(door, visit)


def test_legal_report_is_decided_by_a_second_person_and_its_words_are_sealed(
    door: ScriptedDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = risk_answering(monkeypatch, 200, {"words": "Pour le procureur."})

    async def visit(comes: Comes) -> None:
        await door.deliver(proposed(by=SUPERVISOR))
        path = f"/signalements/{REPORT}"
        first = await comes(SUPERVISOR)
        page = (await first.get(path)).text
        assert "/decision" not in page
        assert "une deuxième personne décide avec vous" in page
        sealed = await first.post(f"{path}/mots", first.button() | {"words": "Ce qui est dit."})
        assert sealed.status_code == 303
        assert asked[-1].method == "PUT"
        assert b"Ce qui est dit." in asked[-1].content
        empty = await first.post(f"{path}/mots", first.button() | {"words": " "})
        assert empty.status_code == 400
        second = await comes(PROFESSIONAL)
        await second.get(path)
        read = await second.post(path, second.button(), hx_request="true")
        assert "Pour le procureur." in read.text
        decide = f"/act/desk/legal-reports/{REPORT}/decision"
        assert decide in second.page
        await second.post(decide, second.button() | {"make": "true"})
        assert door.sent[-1].command == DecideLegalReport(report_id=ReportId(REPORT), make=True)
        await door.deliver(decided(), version=2)
        assert "il est fait." in (await second.get(path)).text

    at_desks(door, visit)


def test_strip_is_on_the_pages_of_look_and_help_too(door: ScriptedDoor) -> None:
    async def visit(comes: Comes) -> None:
        browser = await comes(SUPERVISOR)
        await door.deliver(facts.alert_raised())
        for path in ("/affichage", "/aide", "/a-faire"):
            assert 'data-sounding="yes"' in (await browser.get(path)).text, path

    at_desks(door, visit)
