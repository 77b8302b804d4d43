"""Reports: owed after danger, sealed but for closed words; a legal one takes two people."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts.envelope import ReplyStatus
from contracts.frame import FrameTerms, ReportRecipient
from contracts.report import (
    AtRiskReportMissed,
    AtRiskReportOwed,
    AtRiskReportRead,
    AtRiskReportWritten,
    DecideLegalReport,
    LegalGround,
    LegalReportDecided,
    ProposeLegalReport,
    ReportId,
)
from contracts.risk import RaiseAlert
from contracts.triage import ContactTriaged
from contracts.vocabulary import (
    Channel,
    Departement,
    Destination,
    ForWhom,
    Need,
    PersonId,
    Priority,
    Refusal,
    RelayId,
    ReportKind,
    Role,
)
from services.bus.testing import ServiceUnderTest
from services.risk.reporting import kind_of, recipient_of
from tests.risk.builders import (
    CONTACT,
    LINE,
    LISTENER,
    NOON,
    PROFESSIONAL,
    REGULATOR,
    SUPERVISOR,
    a_published_programme,
    after,
)
from tests.risk.test_door import ROLES, People, at_the_door
from tests.risk.test_handlers import status


def a_triage(priority: Priority) -> ContactTriaged:
    return ContactTriaged(
        contact_id=CONTACT,
        programme=LINE,
        programme_version=1,
        channel=Channel.PHONE,
        opened_at=NOON,
        priority=priority,
        destination=Destination.LISTENER,
        need=Need.SOLITUDE,
        languages=(),
        for_whom=ForWhom.SELF,
        decided_by=REGULATOR,
        decided_at=NOON,
        proposed_priority=priority,
        rules_version="triage-2026.1",
    )


def owed(risk: ServiceUnderTest) -> ReportId:
    (event,) = risk.announced(AtRiskReportOwed)
    return event.report_id


@pytest.mark.parametrize("priority", list(Priority))
def test_report_is_owed_after_p1_and_p2_and_nothing_below(
    risk: ServiceUnderTest, priority: Priority
) -> None:
    risk.deliver(a_triage(priority))
    events = risk.announced(AtRiskReportOwed)
    assert [event.priority for event in events] == (
        [priority] if priority in (Priority.P1, Priority.P2) else []
    )


def test_contact_with_an_alert_and_a_priority_owes_one_report(risk: ServiceUnderTest) -> None:
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    risk.deliver(a_triage(Priority.P1))
    (event,) = risk.announced(AtRiskReportOwed)
    assert (event.alert_id is not None, event.due_at) == (True, after(24 * 3600))


def test_report_nobody_writes_is_missed_and_can_still_be_written(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    risk.deliver(a_triage(Priority.P2))
    risk.at(after(24 * 3600))
    risk.fire_deadlines()
    (missed,) = risk.announced(AtRiskReportMissed)
    assert missed.missed_at == after(24 * 3600)


REPORT: dict[str, Any] = {
    "signals": ["SIG-PLAN"],
    "danger": "rescue_came",
    "taken_over_by": "rescue",
    "what_happened": "Marie, 12 rue des Lilas, a rappelé au 06 39 98 00 12",
}


def test_report_is_written_by_who_was_there_and_read_by_a_supervisor(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    path = f"/at-risk-reports/{owed(risk)}"

    async def visit(people: People) -> None:
        assert (await people(SUPERVISOR).asks("GET", path)).status_code == 404
        assert (await people(LISTENER).asks("PUT", path, REPORT)).status_code == 204
        assert (await people(LISTENER).asks("GET", path)).status_code == 403
        told = await people(SUPERVISOR).asks("GET", path)
        assert told.json()["what_happened"] == REPORT["what_happened"]
        listed = (await people(SUPERVISOR).asks("GET", "/at-risk-reports")).json()["reports"]
        assert [(one["state"], one["written_by"]) for one in listed] == [("read", LISTENER)]

    at_the_door(risk, tmp_path, visit)
    (written,), (read,) = risk.announced(AtRiskReportWritten), risk.announced(AtRiskReportRead)
    assert (written.danger, written.taken_over_by) == ("rescue_came", "rescue")
    assert read.read_by == SUPERVISOR
    with risk.session() as session:
        outbox = session.execute(text("SELECT string_agg(body, ' ') FROM risk.outbox")).scalar_one()
        row = session.execute(text("SELECT t::text FROM risk.at_risk_report t")).scalar_one()
    assert "Lilas" not in outbox + row


def test_nobody_writes_over_the_words_of_another(risk: ServiceUnderTest, tmp_path: Path) -> None:
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)
    path = f"/at-risk-reports/{owed(risk)}"

    async def visit(people: People) -> None:
        assert (await people(LISTENER).asks("PUT", path, REPORT)).status_code == 204
        assert (await people(SUPERVISOR).asks("PUT", path, REPORT)).status_code == 409
        again = REPORT | {"what_happened": "Autrement."}
        assert (await people(LISTENER).asks("PUT", path, again)).status_code == 204
        told = await people(SUPERVISOR).asks("GET", path)
        assert told.json()["what_happened"] == "Autrement."

    at_the_door(risk, tmp_path, visit)


def test_export_is_in_the_audit_before_anything_leaves(
    risk: ServiceUnderTest, tmp_path: Path
) -> None:
    risk.ask(RaiseAlert(contact_id=CONTACT), LISTENER, Role.LISTENER)

    async def visit(people: People) -> None:
        refused = await people(LISTENER).asks("POST", "/exports/at-risk-reports")
        assert refused.status_code == 403
        taken = await people(SUPERVISOR).asks("POST", "/exports/at-risk-reports")
        assert len(taken.json()["reports"]) == 1
        assert "what_happened" not in taken.text

    at_the_door(risk, tmp_path, visit)
    with risk.session() as session:
        kept = session.execute(
            text(
                "SELECT a.actor, a.subject = e.export_id FROM risk.audit a, risk.export e "
                "WHERE a.kind = 'export'"
            )
        ).all()
    assert [tuple(row) for row in kept] == [(SUPERVISOR, True)]


# --- legal reports --------------------------------------------------------------------------------

MINOR, ADULT = LegalGround.MINOR_IN_DANGER, LegalGround.UNABLE_TO_PROTECT_THEMSELVES
PARIS = Departement("75")
ANYWHERE, IN_PARIS, COURT = RelayId("fr-119"), RelayId("fr-crip-75"), RelayId("fr-parquet")
LISTED = (
    ReportRecipient(kind=ReportKind.CONCERN, recipient=ANYWHERE),
    ReportRecipient(kind=ReportKind.CONCERN, departement=PARIS, recipient=IN_PARIS),
    ReportRecipient(kind=ReportKind.JUSTICE, recipient=COURT),
)
TO = {
    "a minor in Paris": (MINOR, False, PARIS, IN_PARIS),
    "a minor elsewhere": (MINOR, False, Departement("2A"), ANYWHERE),
    "a minor somewhere": (MINOR, False, None, ANYWHERE),
    "a minor in grave danger": (MINOR, True, PARIS, COURT),
    "an adult": (ADULT, False, PARIS, COURT),
}


@pytest.mark.parametrize(("ground", "urgent", "where", "to"), TO.values(), ids=TO.keys())
def test_recipient_is_that_of_the_line_for_kind_and_place(
    ground: LegalGround, urgent: bool, where: Departement | None, to: RelayId
) -> None:
    assert recipient_of(LISTED, kind_of(ground, urgent), where) == to


def test_line_that_lists_nobody_sends_to_nobody(empty: ServiceUnderTest) -> None:
    assert recipient_of((), ReportKind.CONCERN, PARIS) is None
    wish = ProposeLegalReport(contact_id=CONTACT, ground=MINOR, departement=PARIS)
    reply = empty.ask(wish, PROFESSIONAL, Role.DUTY_PROFESSIONAL)
    assert status(reply) is Refusal.UNKNOWN_RELAY


@pytest.fixture
def listing(risk: ServiceUnderTest) -> ServiceUnderTest:
    """The line lists who receives its reports."""
    published = a_published_programme(2)
    frame = FrameTerms(report_recipients=LISTED)
    terms = published.terms.model_copy(update={"frame": frame})
    risk.deliver(published.model_copy(update={"terms": terms}), version=2)
    return risk


def proposed(risk: ServiceUnderTest, person: PersonId) -> ReportId:
    wish = ProposeLegalReport(contact_id=CONTACT, ground=MINOR, departement=PARIS)
    reply = risk.ask(wish, person, ROLES[person])
    assert reply.result is not None
    assert (reply.result["kind"], reply.result["recipient"]) == ("concern", IN_PARIS)
    return ReportId(reply.result["report_id"])


def test_legal_report_takes_a_professional_and_a_second_person(listing: ServiceUnderTest) -> None:
    risk = listing
    id = proposed(risk, SUPERVISOR)
    decide = DecideLegalReport(report_id=id, make=True)
    two = Refusal.SECOND_PERSON_NEEDED
    assert status(risk.ask(decide, SUPERVISOR, Role.SUPERVISOR)) is two
    assert status(risk.ask(decide, REGULATOR, Role.REGULATOR)) is two
    done = risk.ask(decide, PROFESSIONAL, Role.DUTY_PROFESSIONAL)
    assert status(done) is ReplyStatus.DONE
    (event,) = risk.announced(LegalReportDecided)
    assert (event.proposed_by, event.decided_by, event.made) == (SUPERVISOR, PROFESSIONAL, True)
    again = risk.ask(decide, "professional-2", Role.DUTY_PROFESSIONAL)
    assert status(again) is Refusal.WRONG_STATE


def test_professional_proposes_and_a_regulator_is_enough_as_the_second(
    listing: ServiceUnderTest,
) -> None:
    risk = listing
    id = proposed(risk, PROFESSIONAL)
    decide = DecideLegalReport(report_id=id, make=False)
    alone = risk.ask(decide, PROFESSIONAL, Role.DUTY_PROFESSIONAL)
    assert status(alone) is Refusal.SECOND_PERSON_NEEDED
    assert status(risk.ask(decide, REGULATOR, Role.REGULATOR)) is ReplyStatus.DONE
    assert [event.made for event in risk.announced(LegalReportDecided)] == [False]


WORDS = {"words": "Léo, 9 ans, école des Tilleuls, dort dans la cave"}


def test_words_of_a_legal_report_are_sealed_and_read_by_those_who_decide(
    listing: ServiceUnderTest, tmp_path: Path
) -> None:
    risk = listing
    path = f"/legal-reports/{proposed(risk, SUPERVISOR)}"

    async def visit(people: People) -> None:
        assert (await people(PROFESSIONAL).asks("GET", path)).status_code == 404
        assert (await people(LISTENER).asks("PUT", path, WORDS)).status_code == 403
        assert (await people(SUPERVISOR).asks("PUT", path, {"words": ""})).status_code == 400
        assert (await people(SUPERVISOR).asks("PUT", path, WORDS)).status_code == 204
        assert (await people(LISTENER).asks("GET", path)).status_code == 403
        told = await people(PROFESSIONAL).asks("GET", path)
        assert told.json() == WORDS

    at_the_door(risk, tmp_path, visit)
    with risk.session() as session:
        everything = session.execute(
            text(
                "SELECT (SELECT t::text FROM risk.legal_report t)"
                " || (SELECT string_agg(body, ' ') FROM risk.outbox)"
            )
        ).scalar_one()
        audited = session.execute(
            text("SELECT actor, reason FROM risk.audit WHERE kind = 'export'")
        ).all()
    assert "Tilleuls" not in everything
    assert [tuple(row) for row in audited] == [(PROFESSIONAL, "legal_report")]


@pytest.mark.parametrize(("letters", "status"), [(8000, 204), (8001, 400)])
def test_legal_report_holds_its_letters_in_any_script(
    listing: ServiceUnderTest, tmp_path: Path, letters: int, status: int
) -> None:
    path = f"/legal-reports/{proposed(listing, SUPERVISOR)}"

    async def visit(people: People) -> None:
        given = {"words": "🙏" * letters}
        assert (await people(SUPERVISOR).asks("PUT", path, given)).status_code == status

    at_the_door(listing, tmp_path, visit)


def test_words_of_a_decided_legal_report_stand(listing: ServiceUnderTest, tmp_path: Path) -> None:
    risk = listing
    id = proposed(risk, SUPERVISOR)
    risk.ask(DecideLegalReport(report_id=id, make=True), PROFESSIONAL, Role.DUTY_PROFESSIONAL)

    async def visit(people: People) -> None:
        late = await people(SUPERVISOR).asks("PUT", f"/legal-reports/{id}", WORDS)
        assert late.json()["code"] == Refusal.WRONG_STATE

    at_the_door(risk, tmp_path, visit)
