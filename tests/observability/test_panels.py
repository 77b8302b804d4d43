"""Every panel asked of a real Prometheus, beside a platform on which people call and are answered.

A panel that says nothing while something happens is broken, or is one of those that rightly stay
empty: each of them is named here, with its reason.
"""

import asyncio
import math
from pathlib import Path

import httpx
import pytest

from deploy.call import walk
from deploy.embedded.ports import spare_port
from deploy.night import a_night
from deploy.platform import Platform
from deploy.seeds import PROGRAMME
from tests.observability.boards import Asked, asked, filled_in
from tests.observability.prometheus import ask
from tests.running import a_platform, wait_for

#: SOS Crise is open.
_OPEN_AT = "2020-09-15T10:00:00+02:00"
#: A counter that is born has not grown: what happens once is seen at the second time.
_CONTACTS = 3

#: Panel -> why nothing stands there while all is well.
RIGHTLY_EMPTY = {
    "helpline-services: Errors: handlers that failed": "none failed",
    "helpline-services: Errors: 5xx at the callers' door": "everybody was served",
    "helpline-services: Errors: 5xx at the desks' door": "every key did what it says",
    "helpline-quality: Left, by the line they waited in": "everybody was answered",
}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_every_panel_says_something_while_people_call(tmp_path: Path) -> None:
    every = {str(each) for each in asked()}
    assert RIGHTLY_EMPTY.keys() <= every
    expected, spoke = every - RIGHTLY_EMPTY.keys(), set[str]()
    ports = {name: spare_port() for name in ("prometheus", "alertmanager", "pager")}
    with (
        a_platform(tmp_path, "--at", _OPEN_AT) as (_, platform),
        a_night(platform, ports, lambda _: None, every_seconds=1) as night,
        httpx.Client(base_url=night.prometheus, trust_env=False) as prometheus,
    ):
        wait_for(lambda: _is_ready(prometheus))
        asyncio.run(_callers(platform))
        wait_for(lambda: _spoke(spoke, prometheus) >= expected)
    assert not spoke & RIGHTLY_EMPTY.keys(), "not empty after all"


def _is_ready(prometheus: httpx.Client) -> bool:
    try:
        return prometheus.get("/-/ready").is_success
    except httpx.TransportError:
        return False


async def _callers(platform: Platform) -> None:
    for _ in range(_CONTACTS):
        await walk(platform, PROGRAMME, talk_seconds=2)


def _spoke(spoke: set[str], prometheus: httpx.Client) -> set[str]:
    """Those that have said something up to now: a rate of a minute ago is forgotten."""
    spoke |= {str(each) for each in asked() if _says_something(prometheus, each)}
    return spoke


def _says_something(prometheus: httpx.Client, each: Asked) -> bool:
    found = ask(prometheus, filled_in(each.expression))
    return bool(found) and not any(math.isnan(float(one["value"][1])) for one in found)
