"""The HTTP door of the people on duty: commands in, a live stream out. It decides nothing.

Actor, role and line come from the session, never from a body. Every verb is a row of `VERBS`; the
answering service checks the role again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from contracts.activity import SeeActivity
from contracts.anonymity import AskLift, DecideLift, ReviewLift
from contracts.assignment import (
    BeatHeart,
    DeclineOffer,
    EndDuty,
    FinishWrapUp,
    Pause,
    Resume,
    StartDuty,
    TakeOffer,
)
from contracts.care import AnswerDebrief, CloseDebrief
from contracts.contact import CorrectNature, EndContact, GiveReturnPass, SlowReturns
from contracts.directory import CorrectRelay, LookUpRelays, SeeRelay, TakeBackCorrection
from contracts.envelope import Command, CommandId, Reply, ReplyStatus, done
from contracts.information import (
    ExtendCard,
    LookUpCards,
    RevokeCard,
    SeeCard,
    SeeCards,
    WriteCard,
)
from contracts.partner import ApplyPartner, PlayToPartner, ReplayPartner
from contracts.programme import ApplyProgramme
from contracts.referral import (
    CloseReferral,
    FindRelays,
    GiveOutcome,
    ObserveRelay,
    ProposeReferral,
    RecordAnswer,
    RecordConsent,
    SendReferral,
    VerifyRelay,
)
from contracts.report import DecideLegalReport, ProposeLegalReport
from contracts.rescue import ReportArrival, StartRescue
from contracts.risk import (
    RISK_ROLES,
    AcknowledgeAlert,
    CloseAlert,
    EscalateAlert,
    RaiseAlert,
    StandDownAlert,
)
from contracts.roster import (
    DeclareLimits,
    ImportVolunteers,
    RecordSupervision,
    RecordTraining,
    SeeVolunteers,
    Volunteer,
)
from contracts.shift import (
    AgreeToLastMinutes,
    CancelShift,
    LeaveShift,
    PlanShifts,
    SeeShifts,
    TakeShift,
)
from contracts.text import TEXT_ROLES, EraseTexts, JudgeFlag, WantHumanNow
from contracts.triage import DecideTriage, ProposeTriage
from contracts.vocabulary import Refusal
from services.bus.body import Flaw, flaw_of, read_body, read_contract, read_object
from services.bus.door import Door
from services.bus.doorway import DOCUMENT_PATH, Address, Doorway, Manners, address_of
from services.bus.metrics import record_answer
from services.bus.openapi import fields_of
from services.bus.work import derived_id, new_id
from services.console import metrics
from services.console.account_page import account_addresses
from services.console.activity_page import activity_addresses
from services.console.alarm_page import alarm_addresses
from services.console.card_page import CardPages
from services.console.contract_page import contract_addresses
from services.console.directory_page import directory_addresses
from services.console.document import (
    document_of,
    of_capability,
    of_command,
    of_development,
    of_import,
    of_live,
    of_risk_capability,
    of_robot,
)
from services.console.domain import DESK_ROLES
from services.console.entering import entering_addresses
from services.console.guide_page import guide_addresses
from services.console.hearts import Hearts
from services.console.information_page import information_addresses
from services.console.information_search import search_addresses
from services.console.live import LiveDesks
from services.console.look_page import look_addresses
from services.console.pages import DeskPages, explained, is_of_a_page
from services.console.partner_page import partner_addresses
from services.console.people_page import people_addresses
from services.console.pictures import Desk
from services.console.press import problem_of_reply
from services.console.problem import refusal_problem, response_of
from services.console.reading_page import reading_addresses
from services.console.referral_page import ReferralPages
from services.console.relay_page import RelayPages
from services.console.report_page import report_addresses
from services.console.risk_capability import RISK_CAPABILITY_PATH
from services.console.risk_capability import hand_out as hand_out_risk
from services.console.role_table import ACT, PAGES, PARTNER_PAGES, Entry, PageWithoutRoles
from services.console.sessions import (
    DevelopmentSession,
    RobotSession,
    open_development_session,
    open_robot_session,
    who_asks,
)
from services.console.settings import Settings, read_settings
from services.console.talk import TalkPages
from services.console.text_capability import CAPABILITY_PATH, hand_out
from services.console.to_do_page import to_do_addresses
from services.console.triage_page import TriagePages
from services.console.week_page import week_addresses
from services.console.withdrawal_page import withdrawal_addresses
from services.console.writing_page import writing_addresses
from services.pages.assets import assets


@dataclass(frozen=True)
class Verb:
    """A command and its address; fields named in the path are not taken from the body."""

    path: str
    command: type[Command]
    keyed: bool = True  #: needs an Idempotency-Key
    withheld: tuple[str, ...] = ()  #: fields this door fills in itself, never from a body

    @property
    def path_fields(self) -> tuple[str, ...]:
        """Fields of the command that the address holds."""
        return fields_of(self.path)


#: A desk speaks for itself alone: for whom else is what this door has heard.
HEARTBEAT = Verb("/desk/heartbeat", BeatHeart, keyed=False, withheld=("others",))

VERBS: tuple[Verb, ...] = (
    Verb("/desk/duty/start", StartDuty),
    Verb("/desk/duty/end", EndDuty),
    Verb("/desk/duty/pause", Pause),
    Verb("/desk/duty/resume", Resume),
    HEARTBEAT,
    Verb("/desk/offers/{offer_id}/take", TakeOffer),
    Verb("/desk/offers/{offer_id}/decline", DeclineOffer),
    Verb("/desk/contacts/{contact_id}/proposal", ProposeTriage),
    Verb("/desk/contacts/{contact_id}/triage", DecideTriage),
    Verb("/desk/contacts/{contact_id}/end", EndContact),
    Verb("/desk/wrap-up/finish", FinishWrapUp),
    Verb("/desk/contacts/{contact_id}/flags/{sealed_id}", JudgeFlag),
    Verb("/desk/contacts/{contact_id}/erase-texts", EraseTexts),
    Verb("/desk/relays/find", FindRelays),
    Verb("/desk/relays/{relay_id}/observe", ObserveRelay),
    Verb("/desk/relays/look-up", LookUpRelays),
    Verb("/desk/relays/{relay_id}/see", SeeRelay),
    Verb("/coordinator/relays/{relay_id}/verify", VerifyRelay),
    Verb("/coordinator/relays/{relay_id}/correct", CorrectRelay),
    Verb("/coordinator/relays/{relay_id}/take-back", TakeBackCorrection),
    Verb("/desk/cards/look-up", LookUpCards),
    Verb("/coordinator/cards", WriteCard),
    Verb("/coordinator/cards/see", SeeCards),
    Verb("/coordinator/cards/{card_id}/see", SeeCard),
    Verb("/coordinator/cards/{card_id}/extend", ExtendCard),
    Verb("/coordinator/cards/{card_id}/revoke", RevokeCard),
    Verb("/desk/contacts/{contact_id}/referrals", ProposeReferral),
    Verb("/desk/referrals/{referral_id}/consent", RecordConsent),
    Verb("/desk/referrals/{referral_id}/send", SendReferral),
    Verb("/desk/referrals/{referral_id}/answer", RecordAnswer),
    Verb("/desk/referrals/{referral_id}/close", CloseReferral),
    Verb("/desk/relay-outcomes", GiveOutcome),
    Verb("/desk/contacts/{contact_id}/want-human-now", WantHumanNow),
    Verb("/desk/contacts/{contact_id}/nature", CorrectNature),
    Verb("/desk/contacts/{contact_id}/return-pass", GiveReturnPass),
    Verb("/desk/contacts/{contact_id}/slow-returns", SlowReturns),
    Verb("/desk/contacts/{contact_id}/alert", RaiseAlert),
    Verb("/desk/alerts/{alert_id}/acknowledge", AcknowledgeAlert),
    Verb("/desk/alerts/{alert_id}/escalate", EscalateAlert),
    Verb("/desk/alerts/{alert_id}/stand-down", StandDownAlert),
    Verb("/desk/alerts/{alert_id}/close", CloseAlert),
    Verb("/desk/contacts/{contact_id}/rescue", StartRescue),
    Verb("/desk/rescues/{rescue_id}/arrival", ReportArrival),
    Verb("/desk/contacts/{contact_id}/lift", AskLift),
    Verb("/desk/lifts/{lift_id}/decision", DecideLift),
    Verb("/desk/lifts/{lift_id}/review", ReviewLift),
    Verb("/desk/contacts/{contact_id}/legal-report", ProposeLegalReport),
    Verb("/desk/legal-reports/{report_id}/decision", DecideLegalReport),
    Verb("/operator/programmes", ApplyProgramme),
    Verb("/operator/partners", ApplyPartner),
    Verb("/operator/partners/replay", ReplayPartner),
    Verb("/operator/partners/play", PlayToPartner),
    Verb("/coordinator/volunteers/{person_id}/trainings", RecordTraining),
    Verb("/coordinator/volunteers/{person_id}/supervisions", RecordSupervision),
    Verb("/coordinator/volunteers/see", SeeVolunteers),
    Verb("/coordinator/activity/see", SeeActivity),
    Verb("/coordinator/shifts", PlanShifts),
    Verb("/coordinator/shifts/{shift_id}/cancel", CancelShift),
    Verb("/desk/shifts", SeeShifts),
    Verb("/desk/shifts/{shift_id}/take", TakeShift),
    Verb("/desk/shifts/{shift_id}/leave", LeaveShift),
    Verb("/desk/limits", DeclareLimits),
    Verb("/desk/duty/last-minutes", AgreeToLastMinutes),
    Verb("/desk/debriefs/{debrief_id}/answer", AnswerDebrief),
    Verb("/desk/debriefs/{debrief_id}/close", CloseDebrief),
)

#: What a button of a page may send; a desk's heartbeat is no button.
PRESSED = tuple(verb for verb in VERBS if verb is not HEARTBEAT)

VOLUNTEERS_PATH = "/coordinator/volunteers"
LIVE_PATH = "/desk/live"
SESSIONS_PATH = "/development/sessions"
ROBOT_PATH = "/robot/sessions"

#: Volunteers in one command; the contract's own limit.
CHUNK = 200

_VOLUNTEERS = TypeAdapter(tuple[Volunteer, ...])


Answering = Callable[[Request], Awaitable[Response]]


def role_table() -> tuple[Entry, ...]:
    """Every address of this door, and who may ask it."""
    return (
        *(Entry("POST", verb.path, verb.command.roles) for verb in VERBS),
        *(Entry("POST", f"{ACT}{verb.path}", verb.command.roles) for verb in PRESSED),
        Entry("POST", VOLUNTEERS_PATH, ImportVolunteers.roles),
        Entry("GET", LIVE_PATH, DESK_ROLES),
        Entry("POST", CAPABILITY_PATH, TEXT_ROLES),
        Entry("POST", RISK_CAPABILITY_PATH, RISK_ROLES),
        Entry("POST", SESSIONS_PATH, None),
        Entry("POST", ROBOT_PATH, None),
        Entry("GET", DOCUMENT_PATH, None),
        *(Entry("GET", asset.address, None) for asset in assets().values()),
        *PAGES,
        *PARTNER_PAGES,
    )


def open_door(door: Door) -> Doorway:
    """Build the door; StartRefused when nobody could sign in, or anybody could."""
    return build(door, read_settings(door.development, door.host))


#: Pages beside the desk's own, and those by which one comes in.
_BESIDE = (
    alarm_addresses,
    to_do_addresses,
    report_addresses,
    writing_addresses,
    reading_addresses,
    directory_addresses,
    information_addresses,
    search_addresses,
    withdrawal_addresses,
    week_addresses,
    people_addresses,
    activity_addresses,
    entering_addresses,
    look_addresses,
    guide_addresses,
    account_addresses,
    partner_addresses,
    contract_addresses,
)


def build(door: Door, settings: Settings) -> Doorway:
    """Build the door with these settings."""
    addresses = [_address_of(verb, door, settings) for verb in VERBS]
    addresses += [
        Address("POST", VOLUNTEERS_PATH, _importing(door, settings), of_import()),
        Address("GET", LIVE_PATH, _living(door, settings), of_live()),
        Address("POST", CAPABILITY_PATH, partial(hand_out, door), of_capability()),
        Address("POST", RISK_CAPABILITY_PATH, partial(hand_out_risk, door), of_risk_capability()),
    ]
    if settings.development_key is not None:
        opening, told = _opening_sessions(door, settings), of_development(DevelopmentSession)
        addresses.append(Address("POST", SESSIONS_PATH, opening, told))
    if settings.robot_key is not None:
        answering = _opening_robots_session(door, settings)
        addresses.append(Address("POST", ROBOT_PATH, answering, of_robot(RobotSession)))
    document = document_of(addresses, [verb.command for verb in VERBS])
    pages = DeskPages(door, settings).addresses({verb.path: verb.command for verb in PRESSED})
    pages += TalkPages(door, settings).addresses() + TriagePages(door, settings).addresses()
    pages += RelayPages(door, settings).addresses() + CardPages(door, settings).addresses()
    pages += ReferralPages(door, settings).addresses()
    for addresses_of in _BESIDE:
        pages += addresses_of(door, settings)
    _check_roles([*addresses, *pages])
    manners = Manners(partial(_explain, door), _count)
    return Doorway([*addresses, *pages], document, manners)


def _check_roles(addresses: Iterable[Address]) -> None:
    """PageWithoutRoles when nobody has said who may ask one of them."""
    known = {(entry.method, entry.path) for entry in role_table()}
    for address in addresses:
        if (address.method, address.path) not in known:
            raise PageWithoutRoles(f"{address.method} {address.path}")


def _address_of(verb: Verb, door: Door, settings: Settings) -> Address:
    told = of_command(verb.path, verb.command, verb.keyed, verb.withheld)
    answering = _hearing_hearts if verb is HEARTBEAT else _answering
    return Address("POST", verb.path, answering(verb, door, settings), told)


def _explain(door: Door, request: Request | None, error: Exception) -> Response:
    """Pages and their parts are told as pages, programs as problems."""
    if request is not None and (is_of_a_page(address_of(request.scope)) or _is_a_browser(request)):
        return explained(request, error, door.development)
    return response_of(error)


def _is_a_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _count(address: Address | None, status: int, seconds: float) -> None:
    """Count what was asked by a desk; its stream, the document and wrong addresses are not."""
    record_answer("console", status, seconds)
    if address is not None and address.method == "POST" and not is_of_a_page(address):
        metrics.record_request(address.operation["operationId"], status)


# --- commands -----------------------------------------------------------------------------------


def _answering(verb: Verb, door: Door, settings: Settings) -> Answering:
    async def answer(request: Request) -> Response:
        desk = await who_asks(request, door)
        _check_role(desk, verb.command)
        command_id = _command_id(request) if verb.keyed else CommandId(new_id())
        body = await read_body(request, settings.longest_body_bytes)
        command = _command(verb, body, dict(request.path_params))
        _check_programme(desk, command)
        reply = await door.send(
            command, desk, command_id, expected_version=_expected_version(request)
        )
        return _response(reply)

    return answer


def _hearing_hearts(verb: Verb, door: Door, settings: Settings) -> Answering:
    """Answer a heartbeat from memory; assignment hears of it with all others, within a second."""
    hearts = Hearts(door, settings)

    async def answer(request: Request) -> Response:
        heart = await hearts.heart_of(request)
        _check_role(heart.desk, verb.command)
        _command(verb, await read_body(request, settings.longest_body_bytes), {})
        hearts.note(heart)
        return _response(done())

    return answer


def _importing(door: Door, settings: Settings) -> Answering:
    """Any number of volunteers, in commands of 200: each is taken whole or not at all.

    A repeat with the same key takes up where the first stopped.
    """

    async def answer(request: Request) -> Response:
        desk = await who_asks(request, door)
        _check_role(desk, ImportVolunteers)
        key = _command_id(request)
        body = await read_body(request, settings.longest_import_bytes)
        volunteers = _validated_volunteers(body)
        counts: Counter[str] = Counter(volunteers=len(volunteers))
        for start in range(0, len(volunteers), CHUNK):
            command = ImportVolunteers(volunteers=volunteers[start : start + CHUNK])
            command_id = CommandId(derived_id(key, str(start)))
            reply = await door.send(command, desk, command_id)
            if reply.status is not ReplyStatus.DONE:
                raise problem_of_reply(_counted_from(start, reply))
            counts.update(reply.result or {})
        return _json({"version": None, "result": counts})

    return answer


def _counted_from(start: int, reply: Reply) -> Reply:
    """A refusal that names a row of its command names the row of the whole list instead."""
    found = re.match(r"volunteers\.(\d+)(.*)", reply.field or "")
    if found is None:
        return reply
    field = f"volunteers.{start + int(found[1])}{found[2]}"
    return reply.model_copy(update={"field": field})


def _check_role(desk: Desk, command: type[Command]) -> None:
    if desk.role not in command.roles:
        raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)


def _check_programme(desk: Desk, command: Command) -> None:
    """A command that names a line must name the session's."""
    if getattr(command, "programme", desk.programme) != desk.programme:
        raise refusal_problem(Refusal.NOT_IN_PROGRAMME, "programme")


def _command_id(request: Request) -> CommandId:
    try:
        return CommandId(str(UUID(request.headers["idempotency-key"])))
    except (KeyError, ValueError):
        raise Flaw(Refusal.INVALID_FIELD, "Idempotency-Key") from None


def _expected_version(request: Request) -> int | None:
    given = request.headers.get("if-match")
    if given is None:
        return None
    version = given.removeprefix("W/").strip('"')
    if not version.isascii() or not version.isdigit() or len(version) > 9:
        raise Flaw(Refusal.INVALID_FIELD, "If-Match")
    return int(version)


def _command(verb: Verb, body: bytes, path: dict[str, Any]) -> Command:
    """Read a command from a body and its address, strictly. Raises Flaw."""
    fields = read_object(body)
    for name in (*verb.path_fields, *verb.withheld):
        if name in fields:
            raise Flaw(Refusal.UNKNOWN_FIELD, name)
    return read_contract(verb.command, orjson.dumps(fields | path))


def _validated_volunteers(body: bytes) -> tuple[Volunteer, ...]:
    try:
        return _VOLUNTEERS.validate_json(body, strict=True)
    except ValidationError as error:
        raise flaw_of(error, "volunteers.") from None


def _response(reply: Reply) -> Response:
    if reply.status is not ReplyStatus.DONE:
        raise problem_of_reply(reply)
    response = _json({"version": reply.version, "result": reply.result})
    if reply.version is not None:
        response.headers["ETag"] = f'"{reply.version}"'
    return response


def _json(body: object, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


# --- live stream, development sessions -----------------------------------------------------------


def _living(door: Door, settings: Settings) -> Answering:
    desks = LiveDesks(door, settings)

    async def answer(request: Request) -> Response:
        desk = await who_asks(request, door)
        if desk.role not in DESK_ROLES:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() and len(last) <= 18 else None
        # No-transform: a proxy that compresses also holds lines back.
        headers = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
        lines = await desks.open(desk, after)
        return StreamingResponse(lines, headers=headers, media_type="text/event-stream")

    return answer


def _opening_sessions(door: Door, settings: Settings) -> Answering:
    async def answer(request: Request) -> Response:
        body = await read_body(request, settings.longest_body_bytes)
        wanted = read_contract(DevelopmentSession, body)
        return _json(await open_development_session(wanted, door, settings), 201)

    return answer


def _opening_robots_session(door: Door, settings: Settings) -> Answering:
    async def answer(request: Request) -> Response:
        wanted = read_contract(RobotSession, await read_body(request, settings.longest_body_bytes))
        return _json(await open_robot_session(wanted, door, settings), 201)

    return answer
