"""After a test: talks are ended, alerts stood down, everybody goes home; through the doors."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from psycopg.rows import dict_row

from deploy.platform import DEVELOPMENT_KEY, Platform
from deploy.start import PEOPLE

_GIVE_UP_AFTER_SECONDS = 30.0

_ON_DUTY = """
SELECT person_id, role, programme, live_state, offer ->> 'offer_id' AS offer_id,
       contact ->> 'contact_id' AS contact_id
FROM console.desk WHERE live_state <> 'off_duty' ORDER BY person_id
"""
#: Who waits where nobody of that stage is on duty; a page that was closed may still come back.
_WAITING = """
SELECT DISTINCT contact.programme,
       CASE contact.state WHEN 'waiting_regulator' THEN 'regulator' ELSE 'listener' END AS role
FROM console.contact AS contact WHERE contact.state IN ('waiting_regulator', 'waiting_listener')
"""
_OPEN_ALERTS = """
SELECT alert_id, programme FROM console.alert WHERE standing IN ('open', 'taken')
"""


def send_everybody_home(platform: Platform) -> None:
    """End what a test began; AssertionError when something does not end."""
    give_up_at = time.monotonic() + _GIVE_UP_AFTER_SECONDS
    with psycopg.connect(platform.owner_dsn, autocommit=True, row_factory=dict_row) as ledger:
        while True:
            alerts = ledger.execute(_OPEN_ALERTS).fetchall()
            on_duty = ledger.execute(_ON_DUTY).fetchall()
            waiting = ledger.execute(_WAITING).fetchall()
            if not alerts and not on_duty and not waiting:
                return
            assert time.monotonic() < give_up_at, (alerts, on_duty)
            for alert in alerts:
                _stand_down(platform, alert)
            for line in waiting:
                _see_to(platform, line, on_duty)
            for desk in on_duty:
                _go_one_step(platform, desk, waits=_waits_for(desk, waiting))
            time.sleep(0.1)


def _stand_down(platform: Platform, alert: dict[str, Any]) -> None:
    everybody = json.loads(PEOPLE.read_text())
    supervisor = next(
        each
        for each in everybody
        if each["role"] == "supervisor" and each["programme"] == alert["programme"]
    )
    address = f"alerts/{alert['alert_id']}"
    say(platform, supervisor, f"desk/{address}/acknowledge", {"take_over": True})
    say(platform, supervisor, f"desk/{address}/stand-down", {"reason": "false_alert"})


def _waits_for(desk: dict[str, Any], waiting: list[dict[str, Any]]) -> bool:
    return {"programme": desk["programme"], "role": desk["role"]} in waiting


def _see_to(platform: Platform, line: dict[str, Any], on_duty: list[dict[str, Any]]) -> None:
    """Have somebody come on duty for who waits, where nobody is."""
    if any(_waits_for(desk, [line]) for desk in on_duty):
        return
    everybody = json.loads(PEOPLE.read_text())
    for each in everybody:
        if (each["role"], each["programme"]) == (line["role"], line["programme"]):
            say(platform, each, "desk/duty/start", {})
            return


def _go_one_step(platform: Platform, desk: dict[str, Any], waits: bool) -> None:
    """One step nearer to being off duty, after who waits; what is refused because it was done is
    tried anew.
    """
    match desk["live_state"]:
        case "talking" if desk["contact_id"]:
            step, body = f"contacts/{desk['contact_id']}/end", {"outcome": "listened"}
        case "offered" if desk["offer_id"]:
            step, body = f"offers/{desk['offer_id']}/take", {}
        case "ready" if waits:
            return
        case "paused" if waits:
            step, body = "duty/resume", {}
        case "wrapping_up":
            step, body = "wrap-up/finish", {}
        case _:
            step, body = "duty/end", {}
    say(platform, desk, f"desk/{step}", body)


def say(
    platform: Platform, person: dict[str, Any], path: str, body: Mapping[str, object]
) -> httpx.Response:
    """Post something to the console as a person of the demonstration; whatever it answers."""
    asked = {name: person[name] for name in ("person_id", "role", "programme")}
    key = (Path(platform.keys) / DEVELOPMENT_KEY).read_text().strip()
    console = platform.doors["console"]
    with httpx.Client(base_url=console, timeout=15, trust_env=False) as client:
        opened = client.post("/development/sessions", json={"development_key": key, **asked})
        headers = {
            "Authorization": f"Bearer {opened.json()['token']}",
            "Idempotency-Key": str(uuid4()),
        }
        return client.post(f"/{path}", json=body, headers=headers)
