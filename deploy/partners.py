"""`just partner check|apply|key|desk-key|secret|replay|log|play`: let a partner in or go.

A partner is a file named after it (docs/partners.md). `apply` has referral take it in, opens its
account on NATS and makes its durable, in this order and any number of times; with `state: left` in
the file it closes all three. `key NAME` makes the keys a partner keeps, and prints what of them
goes into the file: a partner runs it, or makes its own, and tells the public halves.
`desk-key NAME` prints the public key of a partner's desk; `apply` adds it where a file has none.
`secret NAME` prints what a partner's webhook is signed with: it is kept nowhere, but follows from a
key of ours. `replay NAME --from MOMENT` posts again what the partner was told since, and
`log NAME [--from MOMENT]` says what came of each attempt to post: of an event its name and no more.
`play NAME` sends a referral of nobody to a sandbox, which is a partner called `sandbox` or
`sandbox-...`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import nats.errors
from nats.js.errors import APIError, NotFoundError, ServiceUnavailableError
from pydantic import ValidationError
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from contracts.envelope import Stream
from contracts.partner import ApplyPartner, PlayToPartner, ReplayPartner, is_sandbox
from contracts.partner_keys import make_keys
from contracts.vocabulary import PartnerId, PartnerState, Refusal, Role, SandboxStory
from deploy.desk import Desk, DoorRefused, Doors, DoorSilent
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder, write_atomically
from deploy.embedded.trouble import StartRefused
from deploy.ground import everybody, write_server_conf
from deploy.partner_desks import desk_key, with_a_key
from deploy.platform import Platform, read_platform
from deploy.seeds import PROGRAMME, SEEDED
from deploy.verify.ledger import checker_url
from services.bus.provision.apply import Refused, apply
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.partners import PartnersFlawed, read_partner, side_by_side
from services.bus.provision.signed_in import signed_in
from services.bus.sealing import WrongKey, key_from
from services.bus.table import Partner
from services.referral.partners.postman import WEBHOOK_KEY, secret_for
from services.referral.partners.webhooks import TAKEN_BACK, WAITING

_EVER = datetime(2000, 1, 1, tzinfo=UTC)
#: While the server takes its accounts up, it shuts doors and opens them again.
_TAKEN_UP_WITHIN_SECONDS = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when it is done, 1 with a sentence when not."""
    asked = _options(arguments)
    try:
        if asked.verb == "key":
            return make_keys(asked.name, asked.into)
        if asked.verb == "desk-key":
            print(desk_key(RunFolder(asked.run_dir.resolve()), asked.name))
            return 0
        if asked.verb == "secret":
            return _tell_secret(RunFolder(asked.run_dir.resolve()), asked.name, asked.number)
        if asked.verb == "play":
            return _play(RunFolder(asked.run_dir.resolve()), asked.name, asked.story)
        if asked.verb == "replay":
            return _replay(RunFolder(asked.run_dir.resolve()), asked.name, asked.since)
        if asked.verb == "log":
            return _log(RunFolder(asked.run_dir.resolve()), asked.name, asked.since)
        manifests = {file: read_partner(file) for file in asked.files}
        if asked.verb == "apply":
            run = RunFolder(asked.run_dir.resolve())
            asyncio.run(take_in(run, read_platform(run), manifests))
    except (PartnersFlawed, StartRefused, NotTakenIn) as why:
        print(why, file=sys.stderr)
        return 1
    except (TimeoutError, KeyError, ProcessLookupError, httpx.HTTPError):
        print(
            "Not applied whole: NATS does not run, or does not take its accounts up (its log says"
            " why). Apply again.",
            file=sys.stderr,
        )
        return 1
    except SQLAlchemyError as why:
        print(f"The ledgers cannot be read: {type(why).__name__}.", file=sys.stderr)
        return 1
    except (DoorRefused, DoorSilent, Refused, nats.errors.Error, APIError) as why:
        print(f"Not applied. {why}", file=sys.stderr)
        return 1
    for file, manifest in manifests.items():
        print(f"{file}: {'sound' if asked.verb == 'check' else 'applied'}. {_told(manifest)}")
    return 0


class NotTakenIn(Exception):
    """Referral refuses a partner: the message names its file, the field and the reason."""


async def take_in(
    run: RunFolder, platform: Platform, manifests: Mapping[Path, ApplyPartner]
) -> None:
    """Bring referral, NATS's accounts and the partners' durables to what their files say.

    Raises PartnersFlawed, having changed nothing, when two would sign in with one key; NotTakenIn
    at the first that is refused, DoorSilent. What came before it is taken in, by NATS too: who has
    left reads nothing more.
    """
    run.partners.mkdir(mode=0o700, exist_ok=True)
    _expect_own_keys(run, manifests)
    taken_in: list[ApplyPartner] = []
    try:
        await _ask_referral(run, platform, manifests, taken_in)
    finally:
        if taken_in:
            await _take_in_on_nats(run, platform, taken_in)


def _expect_own_keys(run: RunFolder, manifests: Mapping[Path, ApplyPartner]) -> None:
    """Hold them against each other and against those that are in already."""
    changed = {f"{each.partner}.yaml" for each in manifests.values()}
    files = (file for file in run.partners.glob("*.yaml") if file.name not in changed)
    side_by_side({file: read_partner(file) for file in sorted(files)} | dict(manifests))


async def _ask_referral(
    run: RunFolder,
    platform: Platform,
    manifests: Mapping[Path, ApplyPartner],
    taken_in: list[ApplyPartner],
) -> None:
    async def apply_each(operator: Desk) -> None:
        for file, manifest in manifests.items():
            try:
                await operator.apply_partner(with_a_key(run, manifest))
            except DoorRefused as no:
                raise NotTakenIn(f"{file}: {_refusal(no, manifest)}") from None
            write_atomically(run.partners / f"{manifest.partner}.yaml", file.read_text())
            taken_in.append(manifest)

    await _as_operator(platform, apply_each)


async def _take_in_on_nats(
    run: RunFolder, platform: Platform, manifests: Iterable[ApplyPartner]
) -> None:
    write_server_conf(run)
    await take_up_accounts(platform.nats_monitoring_url, platform.pids["nats"])
    give_up_at = time.monotonic() + _TAKEN_UP_WITHIN_SECONDS
    while True:
        try:
            return await _provision(run, platform, manifests)
        except (nats.errors.Error, ServiceUnavailableError, OSError):
            if time.monotonic() > give_up_at:
                raise
            await asyncio.sleep(0.1)


def _refusal(no: DoorRefused, manifest: ApplyPartner) -> str:
    """Which field, and why, in words."""
    field, _, place = (no.field or "partner").partition(".")
    if field != "relays" or not place.isdecimal():
        return f"{no.field or 'partner'}: {no.code}"
    unknown = no.code == Refusal.UNKNOWN_RELAY
    why = "no entry of the directory is called so" if unknown else "another partner stands for it"
    return f"relays: {manifest.relays[int(place)]}: {why}"


async def take_up_accounts(monitoring_url: str, process: int) -> None:
    """Have the server of this process read its accounts anew; nobody's connection is closed.

    Twice: of an account that is new the server (2.15.1) does not wire the imports until it reads
    them once more, and answers its requests with 503.
    """
    async with httpx.AsyncClient(base_url=monitoring_url, trust_env=False) as server:
        for _ in range(2):
            before = await _config_load_time(server)
            os.kill(process, signal.SIGHUP)
            async with asyncio.timeout(_TAKEN_UP_WITHIN_SECONDS):
                while await _config_load_time(server) == before:
                    await asyncio.sleep(0.02)


async def _config_load_time(server: httpx.AsyncClient) -> str:
    return str((await server.get("/varz")).json()["config_load_time"])


async def _provision(run: RunFolder, platform: Platform, manifests: Iterable[ApplyPartner]) -> None:
    async with signed_in(platform.nats_url, run.keys, PROVISIONER) as client:
        await apply(client.jetstream(), everybody(run))
        for left in (each for each in manifests if each.state is PartnerState.LEFT):
            with suppress(NotFoundError):
                durable = Partner(left.partner, ()).durable
                await client.jetstream().delete_consumer(Stream.PARTNER.value, durable)


def _tell_secret(run: RunFolder, name: str, number: int) -> int:
    """Print a partner's secret, for its engineer alone."""
    try:
        key = key_from(run.keys / WEBHOOK_KEY)
    except (OSError, WrongKey):
        print(f"{run.keys / WEBHOOK_KEY}: no key is there. Start the platform.", file=sys.stderr)
        return 1
    print(secret_for(key, name, number))
    return 0


async def _as_operator(platform: Platform, ask: Callable[[Desk], Awaitable[object]]) -> None:
    """Ask something of a running platform, as its operator."""
    async with Doors.of(platform) as doors:
        await ask(await doors.session(SEEDED[Role.OPERATOR], Role.OPERATOR, PROGRAMME))


def _replay(run: RunFolder, name: str, since: datetime) -> int:
    """Have the running platform post to a partner again what it was told since."""

    try:
        wish = ReplayPartner(partner=PartnerId(name), since=since)
        asyncio.run(
            _as_operator(read_platform(run), lambda operator: operator.replay_partner(wish))
        )
    except (ValidationError, DoorRefused, DoorSilent, httpx.HTTPError) as why:
        no = isinstance(why, DoorRefused)
        known = "it is no partner with a webhook." if no else str(why) or type(why).__name__
        print(f"{name}: nothing is posted again. {known}", file=sys.stderr)
        return 1
    print(f"{name}: what it was told since {since.isoformat()} is posted again, in order.")
    return 0


#: `ended_at` and `try_at` are domain time. An event is named, and nothing of it is told.
_LOG = """
    SELECT o.made_at, o.event_id, b.type, o.state, o.try_at, a.number, a.ended_at, a.milliseconds,
        a.answer, a.number IS NOT DISTINCT FROM max(a.number) OVER (PARTITION BY o.event_id) AS last
    FROM referral.webhook_order o
        LEFT JOIN referral.webhook_attempt a ON a.event_id = o.event_id
        LEFT JOIN referral.outbox b ON b.id = o.event_id
    WHERE o.partner = :partner AND o.made_at >= :since
    ORDER BY coalesce(a.ended_at, o.made_at), o.position, a.number
"""
_STANDING = (
    "SELECT webhook_url IS NOT NULL AS posted, webhook_given_up_at, webhook_given_up_why"
    " FROM referral.partner WHERE partner = :partner"
)


def _log(run: RunFolder, name: str, since: datetime) -> int:
    """Print what came of each attempt to post to a partner, the oldest first."""
    platform = read_platform(run)
    engine = create_engine(checker_url(platform.owner_dsn, run.keys))
    try:
        with engine.connect() as ledger:
            standing = ledger.execute(text(_STANDING), {"partner": name}).one_or_none()
            asked = {"partner": name, "since": since}
            attempts = ledger.execute(text(_LOG), asked).all()
    finally:
        engine.dispose()
    if standing is None:
        print(f"{name}: no partner is called so.", file=sys.stderr)
        return 1
    for line in lines_of_log(attempts, given_up=standing.webhook_given_up_at is not None):
        print(line)
    if standing.webhook_given_up_at is not None:
        print(
            f"Given up at {_second(standing.webhook_given_up_at)}: {standing.webhook_given_up_why}."
        )
    elif not standing.posted:
        print("It has no webhook.")
    return 0


def lines_of_log(attempts: Iterable[Any], *, given_up: bool = False) -> Iterator[str]:
    """A line for each attempt, and for what was not tried yet; none is next once it is given up."""
    for each in attempts:
        event = f"{each.event_id} {each.type or 'forgotten'}"
        if each.number is None:
            never = "taken back" if each.state == TAKEN_BACK else "not tried yet"
            yield f"{_second(each.made_at)} {event} {never}"
            continue
        line = f"{_second(each.ended_at)} {event} attempt {each.number} {each.answer}"
        again = each.last and each.state == WAITING and not given_up
        next_one = f", next {_second(each.try_at)}" if again else ""
        yield f"{line} in {each.milliseconds} ms{next_one}"


def _second(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _play(run: RunFolder, name: str, story: SandboxStory) -> int:
    """Have the running platform play to a sandbox."""

    try:
        wish = PlayToPartner(partner=PartnerId(name), story=story)
        asyncio.run(
            _as_operator(read_platform(run), lambda operator: operator.play_to_partner(wish))
        )
    except DoorRefused as no:
        many = no.code == Refusal.WRONG_STATE
        why = "it has played enough for a day." if many else "it is no sandbox that was let in."
        print(f"{name}: {why}", file=sys.stderr)
        return 1
    except (ValidationError, DoorSilent, httpx.HTTPError) as error:
        print(f"{name}: nothing is played. {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    print(f"{name}: a referral of nobody is sent ({story.value}).")
    return 0


def _moment(said: str) -> datetime:
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        raise ValueError("a moment has an offset: 2026-01-14T11:00:00+01:00")
    return moment


def _told(manifest: ApplyPartner) -> str:
    if manifest.state is PartnerState.LEFT:
        return f"{manifest.partner} ({manifest.called}) has left."
    told = ["on NATS"] if manifest.nats_keys else []
    if manifest.webhook is not None:
        told.append(f"at {manifest.webhook.url}")
    if manifest.desk:
        told.append("at its desk")
    ways = " and ".join(told) or "by nothing yet: nats_keys and webhook are empty, desk is false"
    has_key = manifest.sealing_key is not None or manifest.desk
    sealed = "a sealed token" if has_key else "no token: sealing_key is empty"
    relays = "a sandbox" if is_sandbox(manifest.partner) else f"{len(manifest.relays)} relays"
    return f"{manifest.partner} ({manifest.called}): {relays}, {ways}, {sealed}."


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just partner", description="Partner organisations.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="read a file and say what is wrong; needs no platform")
    check.add_argument("files", type=Path, nargs="+", metavar="FILE")
    take = verbs.add_parser("apply", help="bring the running platform to what a file says")
    take.add_argument("files", type=Path, nargs="+", metavar="FILE")
    take.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    key = verbs.add_parser("key", help="make the keys of a partner")
    key.add_argument("name", metavar="NAME")
    key.add_argument("--into", type=Path, default=Path(), metavar="FOLDER")
    secret = verbs.add_parser("secret", help="print what a partner's webhook is signed with")
    secret.add_argument("name", metavar="NAME")
    secret.add_argument("--number", type=int, default=1, help="as its file has it under secrets")
    secret.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    desk = verbs.add_parser("desk-key", help="print the public key of a partner's desk")
    desk.add_argument("name", metavar="NAME")
    desk.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    replay = verbs.add_parser("replay", help="post to a partner again what it was told since")
    replay.add_argument("name", metavar="NAME")
    replay.add_argument(
        "--from", dest="since", type=_moment, required=True, metavar="MOMENT", help="with offset"
    )
    replay.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    log = verbs.add_parser("log", help="what came of each attempt to post to a partner")
    log.add_argument("name", metavar="NAME")
    log.add_argument("--from", dest="since", type=_moment, default=_EVER, metavar="MOMENT")
    log.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    play = verbs.add_parser("play", help="send a referral of nobody to a sandbox")
    play.add_argument("name", metavar="NAME")
    play.add_argument(
        "--story", type=SandboxStory, choices=list(SandboxStory), default=SandboxStory.SENT
    )
    play.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
