"""The checker's I25 on what intake really kept of one caller's contacts, by every way back."""

from datetime import timedelta

from sqlalchemy import select, text

from contracts.catalogue import EVENT_TYPES
from contracts.vocabulary import LeaveReason
from deploy.verify.history import Clock, Fact, History, WayBack
from deploy.verify.ledger import WAYS_BACK
from deploy.verify.links import check_i25
from deploy.verify.traces import said_of_lines, traces_kept
from services.bus.testing import ServiceUnderTest
from services.intake.app import SERVICE
from tests.intake.conftest import NOON
from tests.intake.desks import CallerSide, TextDesk
from tests.intake.doors import Client
from tests.intake.test_returns import a_pass, call, chat, client, leave, talk

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

__all__ = ["client"]  # a fixture


def joined(intake: ServiceUnderTest) -> set[str]:
    """What the checker says of everything intake has kept and announced."""
    outbox = intake.ledger.outbox
    with intake.session() as session:
        connection = session.connection()
        rows = connection.execute(select(outbox).order_by(outbox.c.sequence)).all()
        history = History(
            clock=Clock(intake.now(), intake.now(), 1.0),
            services=(SERVICE,),
            facts=tuple(
                Fact(
                    **row._mapping,
                    service="intake",
                    event=EVENT_TYPES[row.type].model_validate_json(row.body),
                )
                for row in rows
            ),
            traces=traces_kept(connection, (SERVICE,)),
            said_of_lines=said_of_lines(connection),
            ways_back=tuple(WayBack(*row) for row in connection.execute(text(WAYS_BACK))),
        )
    checked = check_i25(history)
    assert checked.count > 0
    return {each.what for each in checked.violations}


def test_a_number_joins_contacts_in_its_window_alone(
    client: Client, intake: ServiceUnderTest
) -> None:
    first = call(client)
    talk(first, intake)
    TextDesk(client, first.contact_id).write("Reprendre", kind="capsule")
    leave(first)
    second = call(client)
    leave(second, LeaveReason.HUNG_UP)
    call(client)
    assert joined(intake) == set(), "by declaration"
    intake.at(NOON + 16 * MINUTE)
    assert joined(intake) == {"a way back outlives its window"}, "nobody has let it go yet"
    intake.fire_deadlines()
    assert joined(intake) == set()


def test_a_chat_that_came_back_is_another_contact(client: Client, intake: ServiceUnderTest) -> None:
    first = chat(client, text="Je suis seule")
    leave(first)
    intake.at(NOON + 10 * MINUTE)
    intake.fire_deadlines()
    second = chat(client, return_token=first.opened["return_token"], text="C'est encore moi")
    assert second.contact_id != first.contact_id
    assert joined(intake) == set()


def test_a_pass_joins_no_contact_to_the_one_of_before(
    client: Client, intake: ServiceUnderTest
) -> None:
    intake.at(NOON + timedelta(seconds=7.25))
    _, digits = a_pass(client, intake)
    intake.at(NOON + 3 * HOUR)
    intake.fire_deadlines()
    back: CallerSide = call(client, return_pass=digits, return_token="y" * 43)
    assert back.contact_id
    assert joined(intake) == set()


def test_a_column_that_names_the_contact_of_before_is_found(
    client: Client, intake: ServiceUnderTest
) -> None:
    """Whatever somebody adds one day: the table is looked at as it is."""
    first, second = call(client), call(client)
    statement = "UPDATE intake.contact SET offer_id = :first WHERE contact_id = :second"
    with intake.session() as session, session.begin():
        named = {"first": first.contact_id, "second": second.contact_id}
        session.execute(text(statement), named)
    assert joined(intake) == {"one value stands beside two contacts"}
