"""Row `start`: how long a warm start takes, and what a platform costs while nobody calls."""

from __future__ import annotations

import time

from bench.figures import Figure
from bench.ground import Cpu, Ground, ground_for
from bench.proc import pss_mb, rss_mb
from bench.setting import Setting

ROW = "start"
_IDLE_SECONDS = 20.0
#: What start-up leaves to do (first sweeps, the collector, checkpoints) is over by then.
_CALM_SECONDS = 4.0


def measure(setting: Setting) -> list[Figure]:
    """Both shapes, each after a first start that made everything."""
    with ground_for(setting.folder) as first:
        first.wait_settled()
        cold_seconds = first.seconds_to_ready
    with ground_for(setting.folder) as ground:
        ground.wait_settled()
        together = [
            Figure(ROW, "warm start, all in one", ground.seconds_to_ready, "s",
                   f"the start before it {cold_seconds:.1f} s", 5),
            *_idle(ground),
        ]  # fmt: skip
    with ground_for(setting.folder, "--processes") as apart:
        apart.wait_settled()
        count = len(apart.service_pids)
        return [
            *together,
            Figure(ROW, "warm start, one process per service", apart.seconds_to_ready, "s",
                   f"{count} processes, {pss_mb([apart.platform.pid]):.0f} MB in all", 15),
        ]  # fmt: skip


def _idle(ground: Ground) -> list[Figure]:
    time.sleep(_CALM_SECONDS)
    cpu, begun_at = ground.cpu(), time.monotonic()
    time.sleep(_IDLE_SECONDS)
    took = time.monotonic() - begun_at
    used = ground.cpu().since(cpu)
    share = Cpu(*(100 * each / took for each in (used.python, used.postgres, used.nats)))
    (services,) = ground.service_pids
    pids = ground.platform.pids
    return [
        Figure(ROW, "idle CPU, all in one", share.python + share.postgres + share.nats,
               "% of a core", f"services {share.python:.1f}, Postgres {share.postgres:.1f}, "
               f"NATS {share.nats:.1f}", 3),
        Figure(ROW, "idle memory, all in one", pss_mb([ground.platform.pid]), "MB",
               f"services {rss_mb(services):.0f}, Postgres {pss_mb([pids['postgres']]):.0f}, "
               f"NATS {pss_mb([pids['nats']]):.0f}", 400),
    ]  # fmt: skip
