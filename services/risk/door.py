"""Risk's own HTTP door: what is open, and every act on it, from the ledger alone.

It stands where the usual way does not: a supervisor's desk whose stream has fallen silent reads
`GET /open-signals`; a desk whose command had no answer sends it here with the same key, and it
takes effect once. No NATS, no console: who asks is said by a capability the console has signed
(`RiskCapability`), and their role is held against the roster as risk knows it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from contracts.anonymity import AskLift, DecideLift, ReviewLift
from contracts.envelope import Command, CommandEnvelope, CommandId, Contract, Reply, ReplyStatus
from contracts.report import DecideLegalReport, ProposeLegalReport
from contracts.rescue import ReportArrival, StartRescue
from contracts.risk import (
    RISK_PURPOSE,
    RISK_ROLES,
    AcknowledgeAlert,
    CloseAlert,
    EscalateAlert,
    RaiseAlert,
    RiskCapability,
    StandDownAlert,
)
from contracts.vocabulary import Refusal
from services.bus import capability
from services.bus.body import Flaw, read_body, read_contract, read_object
from services.bus.door import Door, StartRefused
from services.bus.doorway import Address, Doorway, Manners
from services.bus.driver import ask, only
from services.bus.metrics import record_answer
from services.bus.openapi import answers, content, fields_of, header, openapi, ref
from services.bus.problem import Problem, ProblemTold
from services.bus.sealing import WrongKey, key_from
from services.bus.transact import fingerprint_of
from services.bus.work import Work
from services.risk import handlers, lifting, metrics, reporting, rescuing
from services.risk.callout import PUSH_KEY, SEAL_KEY
from services.risk.cards import Cards
from services.risk.lift_door import Lifts
from services.risk.origins import Origins
from services.risk.problem import CAPABILITY_WANTED, refusal_problem, response_of
from services.risk.reaches import Reaches
from services.risk.report_door import Reports
from services.risk.settings import SETTINGS, Settings
from services.risk.shown import CallsTold, SignalsTold, calls_told, signals_told

Answering = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Any, Work], Reply]

#: As a command by NATS has: nobody waits longer.
_ANSWERED_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True)
class Act:
    """A command at its address; fields named in the path are not taken from the body."""

    path: str
    command: type[Command]
    handler: Handler


propose_legal = reporting.on_propose_legal_report
decide_legal = reporting.on_decide_legal_report

ACTS: tuple[Act, ...] = (
    Act("/alerts", RaiseAlert, handlers.on_raise_alert),
    Act("/alerts/{alert_id}/acknowledge", AcknowledgeAlert, handlers.on_acknowledge),
    Act("/alerts/{alert_id}/escalate", EscalateAlert, handlers.on_escalate),
    Act("/alerts/{alert_id}/stand-down", StandDownAlert, handlers.on_stand_down),
    Act("/alerts/{alert_id}/close", CloseAlert, handlers.on_close),
    Act("/contacts/{contact_id}/rescue", StartRescue, rescuing.on_start_rescue),
    Act("/rescues/{rescue_id}/arrival", ReportArrival, rescuing.on_report_arrival),
    Act("/contacts/{contact_id}/lift", AskLift, lifting.on_ask_lift),
    Act("/lifts/{lift_id}/decision", DecideLift, lifting.on_decide_lift),
    Act("/lifts/{lift_id}/review", ReviewLift, lifting.on_review_lift),
    Act("/contacts/{contact_id}/legal-report", ProposeLegalReport, propose_legal),
    Act("/legal-reports/{report_id}/decision", DecideLegalReport, decide_legal),
)

_CAPABILITY: list[dict[str, list[str]]] = [{"bearer": []}]
_KEY = header(
    "Idempotency-Key",
    "The UUID the command was sent with, or a new one; a repeat gets the same answer.",
    required=True,
    form="uuid",
)
_SIGNALS = {
    "summary": "Every alert of the line that is not over, for whom it concerns.",
    "security": _CAPABILITY,
    "responses": answers(content(ref(SignalsTold)), ProblemTold),
}
_CALLS = {
    "summary": "Calls to the duty professional for an alert, with every attempt.",
    "security": _CAPABILITY,
    "responses": answers(content(ref(CallsTold)), ProblemTold),
}


def open_door(door: Door) -> Doorway:
    """Build the door as it is set up; StartRefused when something else could be dialled, or a key
    is missing: calls would fail in the hour they are needed.
    """
    try:
        capability.key_in(SETTINGS.keys_dir)
        key_from(SETTINGS.keys_dir / SEAL_KEY)
        key_from(SETTINGS.keys_dir / PUSH_KEY)
    except (capability.KeyMissing, WrongKey, OSError) as missing:
        raise StartRefused(
            f"a key is missing or is none in {SETTINGS.keys_dir}: it needs {capability.KEY_FILE}, "
            f"{SEAL_KEY} and {PUSH_KEY}"
        ) from missing
    return build(door, SETTINGS.checked(door.development))


def build(door: Door, settings: Settings) -> Doorway:
    """Build the door with these settings."""
    asking = Asking(door, settings)
    reaches = Reaches(door, settings, asking.who)
    cards = Cards(door, settings, asking.who)
    lifts = Lifts(door, settings, asking.who)
    reports = Reports(door, settings, asking.who)
    addresses = [
        Address("GET", "/open-signals", asking.see_signals, _SIGNALS),
        Address("GET", "/alerts/{alert_id}/calls", asking.see_calls, _CALLS),
        *(Address("POST", act.path, asking.answering(act), _told_of(act)) for act in ACTS),
        *reaches.addresses(),
        *cards.addresses(),
        *lifts.addresses(),
        *reports.addresses(),
    ]
    info = {"title": "Helpline risk", "version": "1"}
    commands: tuple[type[Contract], ...] = tuple(act.command for act in ACTS)
    models: tuple[type[Contract], ...] = (
        *commands,
        SignalsTold,
        CallsTold,
        *reaches.models,
        *cards.models,
        *lifts.models,
        *reports.models,
        ProblemTold,
    )
    document, origins = openapi(info, addresses, models), Origins(settings.desk_origins)
    manners = Manners(partial(_explain, origins), _count)
    return Doorway(origins.with_preflights(addresses), document, manners)


def _told_of(act: Act) -> dict[str, Any]:
    return {
        "summary": (act.command.__doc__ or "").partition("\n")[0],
        "security": _CAPABILITY,
        "parameters": [_KEY],
        "requestBody": content(ref(act.command)),
    }


class Asking:
    """Who asks, and what they are answered."""

    def __init__(self, door: Door, settings: Settings) -> None:
        self._door = door
        self._longest = settings.longest_body_bytes
        self._keys = settings.keys_dir

    async def who(self, request: Request) -> RiskCapability:
        """The capability of a request; Problem 401 or 403 when it does not stand."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = capability.key_in(Path(self._keys))
        shown = capability.read(key, RISK_PURPOSE, token.strip(), RiskCapability)
        if scheme.lower() != "bearer" or shown is None or shown.role not in RISK_ROLES:
            raise CAPABILITY_WANTED
        known = await self._door.read(partial(_known_of, shown=shown))
        if shown.expires_at <= known.now:
            raise CAPABILITY_WANTED
        if known.role_lost:
            raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
        return shown

    async def see_signals(self, request: Request) -> Response:
        """Tell what is open on the line."""
        viewer = await self.who(request)
        return json_of(await self._door.read(partial(signals_told, viewer=viewer)))

    async def see_calls(self, request: Request) -> Response:
        """Tell every call for an alert, and what came of each attempt."""
        viewer = await self.who(request)
        alert_id = request.path_params["alert_id"]
        told = await self._door.read(partial(calls_told, viewer=viewer, alert_id=alert_id))
        if told is None:
            raise refusal_problem(Refusal.UNKNOWN_ALERT, "alert_id")
        return json_of(told)

    def answering(self, act: Act) -> Answering:
        """What answers a command here."""

        async def answer(request: Request) -> Response:
            asker = await self.who(request)
            if asker.role not in act.command.roles:
                raise refusal_problem(Refusal.ROLE_NOT_PERMITTED)
            key = key_of(request)
            body = await read_body(request, self._longest)
            command = _command(act, body, dict(request.path_params))
            reply = await self._door.answer(
                key,
                fingerprint_of(asker.person_id, command),
                _acting(act, command, asker, key),
            )
            return _response(reply)

        return answer


@dataclass(frozen=True)
class _Known:
    now: datetime  #: domain time
    role_lost: bool


#: Of somebody the roster has not told us of yet, the console's word is taken.
_KNOWN = """
    SELECT public.helpline_now() AS now, EXISTS (
        SELECT 1 FROM risk.eligibility WHERE person_id = %(person_id)s
            AND programme = %(programme)s AND NOT %(role)s = ANY(roles)
    ) AS role_lost
"""


def _known_of(session: Session, shown: RiskCapability) -> _Known:
    named = {"person_id": shown.person_id, "programme": shown.programme, "role": shown.role.value}
    row = only(ask(session, _KNOWN, named))
    return _Known(row.now, row.role_lost)


def _acting(
    act: Act, command: Command, asker: RiskCapability, key: CommandId
) -> Callable[[Work], Reply]:
    """The handler of an act, run as the bus runs it for a command of this asker."""

    def handle(work: Work) -> Reply:
        work.asker = CommandEnvelope(
            command_id=key,
            session_id=asker.session_id,
            actor=asker.person_id,
            role=asker.role,
            programme=asker.programme,
            deadline=work.now + _ANSWERED_WITHIN,
        )
        return act.handler(command, work)

    return handle


def key_of(request: Request) -> CommandId:
    """The key of a request; raises Flaw when it has none."""
    try:
        return CommandId(str(UUID(request.headers["idempotency-key"])))
    except (KeyError, ValueError):
        raise Flaw(Refusal.INVALID_FIELD, "Idempotency-Key") from None


def _command(act: Act, body: bytes, path: dict[str, Any]) -> Command:
    fields = read_object(body)
    for name in fields_of(act.path):
        if name in fields:
            raise Flaw(Refusal.UNKNOWN_FIELD, name)
    return read_contract(act.command, orjson.dumps(fields | path))


def _response(reply: Reply) -> Response:
    if reply.status is ReplyStatus.REFUSED and reply.refusal is not None:
        raise refusal_problem(reply.refusal, reply.field)
    if reply.status is not ReplyStatus.DONE:
        raise Problem(503, "not_yet", "Pas encore possible ; renvoyez la même demande.")
    return json_of({"version": reply.version, "result": reply.result})


def json_of(body: object, status: int = 200) -> Response:
    """A body as JSON; a contract as its fields."""
    said = body.model_dump(mode="json") if hasattr(body, "model_dump") else body
    return Response(orjson.dumps(said), status, media_type="application/json")


def _explain(origins: Origins, request: Request | None, error: Exception) -> Response:
    return origins.tell(request, response_of(error))


def _count(address: Address | None, status: int, seconds: float) -> None:
    """Count what was asked, by address and kind of answer; wrong addresses are one."""
    record_answer("risk", status, seconds)
    where = "none" if address is None else f"{address.method} {address.path}"
    metrics.record_request(where, status)
