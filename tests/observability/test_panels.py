"""Every panel asked of a real Prometheus, beside a platform on which people call and are answered.

None may be silent, and none may say NaN: what did not happen is told as 0, because a panel that is
empty while all is well looks the same when nobody tells it anything any more.
"""

import asyncio
import math
import time
from pathlib import Path

import httpx
import pytest

from deploy.call import walk
from deploy.embedded.ports import spare_port
from deploy.night import Beside, a_night
from deploy.platform import Platform
from deploy.seeds import PROGRAMME
from observability.pictures import filled_in
from tests.observability.boards import Asked, asked
from tests.observability.prometheus import ask
from tests.running import a_platform, wait_for

#: SOS Crise is open.
_OPEN_AT = "2020-09-15T10:00:00+02:00"
#: A counter that is born has not grown: what happens once is seen at the second time.
_CONTACTS = 3

#: Machine time for what was called to be scraped, and for a rule to be recorded from it.
_PATIENCE_SECONDS = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_every_query_of_every_panel_answers_while_people_call(tmp_path: Path) -> None:
    silent = set(asked())
    ports = {name: spare_port() for name in ("prometheus", "alertmanager", "pager")}
    with (
        a_platform(tmp_path, "--at", _OPEN_AT) as (_, platform),
        a_night(platform, ports, lambda _: None, Beside(every_seconds=1)) as night,
        httpx.Client(base_url=night.prometheus, trust_env=False) as prometheus,
    ):
        wait_for(lambda: _is_ready(prometheus))
        asyncio.run(_callers(platform))
        give_up_at = time.monotonic() + _PATIENCE_SECONDS
        while silent and time.monotonic() < give_up_at:
            # What has answered once is done: a rate of a minute ago is forgotten.
            silent -= {each for each in silent if _answers(prometheus, each)}
            time.sleep(1)
    assert sorted(f"{each}: {each.expression}" for each in silent) == []


def _is_ready(prometheus: httpx.Client) -> bool:
    try:
        return prometheus.get("/-/ready").is_success
    except httpx.TransportError:
        return False


async def _callers(platform: Platform) -> None:
    for _ in range(_CONTACTS):
        await walk(platform, PROGRAMME, talk_seconds=2)


def _answers(prometheus: httpx.Client, each: Asked) -> bool:
    found = ask(prometheus, filled_in(each.expression))
    return bool(found) and not any(math.isnan(float(one["value"][1])) for one in found)
