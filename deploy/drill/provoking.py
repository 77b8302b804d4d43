"""How each alert is provoked: by what an evening does, or by a fault of what it stands on.

A figure is never set by hand. What cannot be had in a minute is brought about where it would
happen: a ledger that lost a row, a right that was taken away, an address where nobody answers.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nkeys
import psycopg
import yaml

from contracts.contact import ContactOpened
from contracts.envelope import Stream
from contracts.vocabulary import Channel, Role
from deploy.desk import Desk
from deploy.drill.certificate import self_signed
from deploy.drill.stage import CHAT_LINE, LINE, NOWHERE, Stage, quietly
from deploy.embedded.nats import SERVER_FILE
from deploy.embedded.runfolder import RunFolder
from deploy.partners import take_in
from deploy.seeds import SEEDED
from deploy.streams import save_streams
from services.bus.provision.copied import note_copied
from services.bus.provision.keys import PROVISIONER
from services.bus.provision.partners import read_partner
from services.bus.provision.signed_in import signed_in
from services.intake.day_keys import KEYS_DIR, from_environment

#: Enough to be told apart from one mishap: what alerts count, and a few more.
_SIGN_INS, _CALLERS, _MANY_CALLERS = 8, 6, 60
_ROOM_BYTES = 64
#: Open day and night, for everybody.
_RELAY = "fr-3114"
_PARTNER = "aplus"
#: Reserved for names that lead nowhere (RFC 2606): nothing goes out of the machine.
_NOBODYS = "https://receiver.invalid/helpline"


async def nothing(stage: Stage) -> None:
    """It fires by itself."""


# --- callers and people ---------------------------------------------------------------------------


async def a_caller_waits(stage: Stage) -> None:
    """Somebody calls, nobody is there."""
    await stage.call()


async def nobody_answers(stage: Stage) -> None:
    """Offers are made and let ring."""
    for _ in range(4):
        await stage.listener()
    for _ in range(4):
        await stage.call()


async def a_contact_is_lost(stage: Stage) -> None:
    """Assignment's ledger loses a row, as one restored from a backup would."""
    caller = await stage.call()
    row = f"FROM assignment.contact WHERE contact_id = '{caller.contact_id}'"
    await stage.until(f"SELECT count(*) {row}", 1)
    stage.change(f"DELETE {row}")


async def an_alert_stands(stage: Stage) -> None:
    """An alert is raised, nobody supervises."""
    desk, contact_id = await stage.talk()
    await desk.post(f"/desk/contacts/{contact_id}/alert", {"signals": []})


async def calls_lead_nowhere(stage: Stage) -> None:
    """The duty professional has left an address at which nobody answers, and an alert stands."""
    person = SEEDED[Role.DUTY_PROFESSIONAL]
    desk = await stage.doors.session(person, Role.DUTY_PROFESSIONAL, LINE)
    shown = await desk.post("/desk/risk-capability")
    await stage.doors.ask(
        "PUT",
        f"{stage.doors.risk_url}/duty/reach/webhook",
        {"address": f"{NOWHERE}/duty"},
        {"Authorization": f"Bearer {shown['capability']}"},
    )
    await an_alert_stands(stage)


async def a_rescue_fails(stage: Stage) -> None:
    """A rescue is called and refused."""
    desk, contact_id = await stage.talk()
    told = await desk.post(
        f"/desk/contacts/{contact_id}/rescue", {"whom": "european", "confirmed": True}
    )
    rescue = told["result"]["rescue_id"]
    await desk.post(f"/desk/rescues/{rescue}/arrival", {"arrival": "refused"})


async def a_referral_is_not_sent(stage: Stage) -> None:
    """Somebody says yes to one, and their listener forgets to send it."""
    await _agreed(stage)


async def _agreed(stage: Stage) -> tuple[Desk, str]:
    """Somebody says yes to a referral: the desk, and where it is done."""
    desk, contact_id = await stage.talk()
    asked = {"relay_id": _RELAY, "need": "solitude", "urgency": "P4"}
    made = await desk.post(f"/desk/contacts/{contact_id}/referrals", asked)
    referral = f"/desk/referrals/{made['result']['referral_id']}"
    await desk.post(f"{referral}/consent", {"scope": ["need"], "anonymity_said": True})
    return desk, referral


async def a_partner_does_not_read(stage: Stage) -> None:
    """A partner with an account on NATS is sent a referral, and its program stands still."""
    key = nkeys.from_seed(bytearray(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)))
    await _let_in(stage, {"nats_keys": [key.public_key.decode()]})
    await _refer(stage)


async def a_webhook_answers_nothing(stage: Stage) -> None:
    """A partner moved its receiver and told nobody: the name leads nowhere."""
    await _let_in(stage, {"webhook": {"url": _NOBODYS}})
    await _refer(stage)


async def a_webhook_is_given_up(stage: Stage) -> None:
    """Nine attempts have failed over three days, and the tenth does."""
    await a_webhook_answers_nothing(stage)
    await stage.until("SELECT count(*) FROM referral.webhook_attempt", 1)
    stage.change("UPDATE referral.webhook_order SET attempts = 9, try_at = '2000-01-01'")


async def _let_in(stage: Stage, way: dict[str, Any]) -> None:
    """Let a partner in as an operator does, by its file."""
    run = RunFolder(Path(stage.platform.folder))
    with TemporaryDirectory(dir=stage.platform.folder) as folder:
        file = Path(folder) / f"{_PARTNER}.yaml"
        said = {"partner": _PARTNER, "called": "Association A+", "relays": [_RELAY], **way}
        file.write_text(yaml.safe_dump(said))
        await take_in(run, stage.platform, {file: read_partner(file)})


async def _refer(stage: Stage) -> None:
    """Somebody says yes to a relay a coordinator has checked, and it is sent."""
    coordinator = await stage.doors.session(SEEDED[Role.COORDINATOR], Role.COORDINATOR, LINE)
    await coordinator.post(f"/coordinator/relays/{_RELAY}/verify", {"verified": True})
    desk, referral = await _agreed(stage)
    await desk.post(f"{referral}/send", {})


async def keys_of_days_are_away(stage: Stage) -> None:
    """A chat is written in, and then the folder of the keys is not where it was."""
    caller = await stage.call(CHAT_LINE, Channel.CHAT)
    await stage.write(caller, "bonjour")
    assert await stage.read(caller) == 1
    days = from_environment({KEYS_DIR: str(stage.keys)}).folder
    away = days.rename(days.with_name("away"))
    stage.undo.callback(_bring_back, away, days)
    assert await stage.read(caller) == 0


def _bring_back(away: Path, days: Path) -> None:
    shutil.copytree(away, days, dirs_exist_ok=True)
    shutil.rmtree(away)


async def nobody_can_sign_in(stage: Stage) -> None:
    """People come to the door of an organisation whose issuer of accounts is away."""
    for _ in range(_SIGN_INS):
        url = f"{stage.doors.console_url}/entrer/compte"
        await stage.doors.send("GET", url, None, {})
        await asyncio.sleep(0.5)


# --- the platform itself --------------------------------------------------------------------------


async def quality_stands_still(stage: Stage) -> None:
    """A process hangs."""
    stage.freeze("quality")


async def quality_does_not_follow(stage: Stage) -> None:
    """It hangs, and more comes than a pause would explain."""
    stage.freeze("quality")
    for _ in range(_MANY_CALLERS):
        caller = await stage.call()
        with quietly():
            await caller.leave()


async def assignment_stands_still(stage: Stage) -> None:
    """A listener is there, and who would hear of it hangs."""
    await stage.listener()
    stage.freeze("assignment")


async def postgres_lets_nobody_in(stage: Stage) -> None:
    """Connections are refused, and those there were are ended."""
    admin = stage.platform.owner_dsn.rsplit("/", 1)[0] + "/postgres"

    def let(in_: bool) -> None:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE helpline ALLOW_CONNECTIONS {in_}".encode())
            if not in_:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = 'helpline'"
                )

    stage.undo.callback(let, True)
    let(False)


async def a_table_is_locked(stage: Stage) -> None:
    """Somebody has begun to rebuild it, and the transaction stays open."""
    other = psycopg.connect(stage.platform.owner_dsn)
    stage.undo.callback(other.close)
    other.execute("LOCK TABLE assignment.contact IN ACCESS EXCLUSIVE MODE")


async def somebody_else_holds_the_lease(stage: Stage) -> None:
    """Another process has it, and does nothing with it."""
    lease = "UPDATE assignment.lease SET holder = '{}', until = clock_timestamp() {} interval '1 h'"
    stage.change(lease.format("drill", "+"))
    stage.undo.callback(stage.change, lease.format("nobody", "-"))


async def nats_stands_still(stage: Stage) -> None:
    """NATS hangs, and something is to be told."""
    stage.freeze("nats")
    await stage.call()


async def a_desk_without_a_stream(stage: Stage) -> None:
    """A listener is there whose page hears nothing."""
    await stage.listener(stream=False)


async def a_malformed_event_is_published(stage: Stage) -> None:
    """By intake's own key: what says that it opens a contact, and holds nothing."""
    name = ContactOpened.type_name()
    subject = f"helpline.{name}.{LINE}.drill"
    headers = {"ce-type": name, "ce-source": ContactOpened.publisher}
    async with signed_in(stage.platform.nats_url, stage.keys, ContactOpened.publisher) as client:
        await client.jetstream().publish(subject, b"{}", headers=headers)


async def a_stream_takes_nothing_so_large(stage: Stage) -> None:
    """Somebody lowered a stream's largest message, and a contact is opened."""
    async with signed_in(stage.platform.nats_url, stage.keys, PROVISIONER) as client:
        js = client.jetstream()
        config = (await js.stream_info(ContactOpened.stream.value)).config
        await js.update_stream(replace(config, max_msg_size=64))
    await stage.call()


async def a_stream_has_little_room(stage: Stage) -> None:
    """Somebody lowered what a stream may keep to little more than it holds."""
    await stage.call()
    async with signed_in(stage.platform.nats_url, stage.keys, PROVISIONER) as client:
        js = client.jetstream()
        told = await js.stream_info(Stream.ROSTER.value)
        await js.update_stream(replace(told.config, max_bytes=told.state.bytes + _ROOM_BYTES))


async def nobody_copied_for_two_nights(stage: Stage) -> None:
    """The nightly copy was made, by what makes it, as of two nights ago; a dump was noted then."""
    at = datetime.now(UTC) - timedelta(days=2)
    with TemporaryDirectory(dir=stage.platform.folder) as folder:
        async with signed_in(stage.platform.nats_url, stage.keys, PROVISIONER) as client:
            await save_streams(client, Path(folder), at)
            await note_copied(client.jetstream(), at)
    stage.change(f"COMMENT ON DATABASE helpline IS 'dumped {at:%Y-%m-%dT%H:%M:%SZ}'")


async def a_certificate_ends_soon(stage: Stage) -> None:
    """NATS reads a certificate nobody renewed; whoever is connected stays so."""
    folder = Path(stage.platform.folder) / "nats"
    shown, key = self_signed(folder, timedelta(days=20))
    conf = folder / SERVER_FILE
    before, pid = conf.read_text(), stage.platform.pids["nats"]

    def say(text: str) -> None:
        conf.write_text(text)
        os.kill(pid, signal.SIGHUP)

    stage.undo.callback(say, before)
    files = f"cert_file: {json.dumps(str(shown))}, key_file: {json.dumps(str(key))}"
    say(f"{before}tls {{ {files} }}\n")


async def a_right_is_missing(stage: Stage) -> None:
    """A release lost a right in its tables: quality may not write what it is told."""
    right = "INSERT, UPDATE ON quality.contact {} helpline_quality"
    stage.undo.callback(stage.change, f"GRANT {right.format('TO')}")
    stage.change(f"REVOKE {right.format('FROM')}")
    for _ in range(_CALLERS):
        await stage.call()


# --- the synthetic caller -------------------------------------------------------------------------


async def the_robot_is_not_answered(stage: Stage) -> None:
    """Answered until now, it finds that Postgres lets nobody in."""
    await stage.robot()
    await postgres_lets_nobody_in(stage)


async def the_robot_ends(stage: Stage) -> None:
    """It worked, and its process is killed."""
    robot = await stage.robot()
    await asyncio.sleep(3)  # its figures are seen before they are missed
    robot.send_signal(signal.SIGKILL)
