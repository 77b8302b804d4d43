"""A pilot that becomes the permanent service, both by `podman play kube`, as k8s/README.md says it.

A contact is answered on the pilot; streams go to three NATS servers, the database to one owned as
CloudNativePG owns it, the keys of days to the shared volume; eight services start on the new
ground, a pod each, and a contact is answered there. Then the checker reads both. By hand alone
(`./just kube-grown`): it takes minutes of two cores.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.platform import DOORS, Platform
from deploy.seeds import PROGRAMME
from deploy.verify.command import Options, verify
from deploy.verify.report import as_text
from services.bus.trust import NATS_CA_FILE
from tests.authority import Authority
from tests.images import grown
from tests.images.installation import (
    PROGRAMMES,
    Installation,
    at_every_hour,
)
from tests.images.played import Cluster
from tests.k8s.rendered import rendered

_AWAY = {name: port for name, port in DOORS.items() if name != "console"}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif("PLAY_GROWN" not in os.environ, reason="by hand: ./just kube-grown"),
]
_DAYS = "helpline-day-keys-shared"
#: A contact, from the console's pod: two of the doors are in pods of their own.
_CALL = f"""
import asyncio
from dataclasses import replace
from deploy.call import walk
from deploy.platform import platform_here
here = platform_here()
doors = {{each: f"http://helpline-{{each}}:{{port}}" for each, port in {_AWAY}.items()}}
asyncio.run(walk(replace(here, doors=here.doors | doors), "{PROGRAMME}", 0.2))
"""


def test_a_pilot_becomes_the_permanent_service_and_goes_on_answering(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods = installation.pods
    pilot = at_every_hour(rendered("demonstration"))
    both = replace(installation.cluster, manifests=grown.side_by_side(pilot))
    authority = _sign(both)
    # Addresses are by name among all of them: the pilot's servers begin anew where both will look.
    restarted = _servers_of_pilot(installation, both)
    services = installation.serve(both)
    pods.run_job(both, PROGRAMMES)
    assert "listened" in pods.told(services, "python", "-m", "deploy.call", "--here")
    with pods.timed("three NATS and Postgres to ready"):
        _new_ground(installation, both)
    moved = pods.run_job(both, "helpline-grow-streams")
    installation.leave(both, services)
    counted = pods.run_job(both, "helpline-grow-database")
    print(moved, counted, sep="\n")
    assert "tables are the same on both" in counted
    pods.run_job(both, "helpline-grow-days")
    for server in restarted:
        pods.podman("stop", server)
    for job in ("database", "streams"):
        assert "as declared" in pods.run_job(both, f"helpline-{job}-{grown.RELEASE}")
    with pods.timed("every service, a pod each, to ready"):
        running = {name: pods.start(both, name) for name in grown.services(both.manifests)}
        for container in running.values():
            installation.wait_ready(container)
    with pods.timed("a contact, from call to figures"):
        called = pods.told(running["helpline-console"], "python", "-c", _CALL)
    assert "listened" in called
    options = Options(Path(), None, None, False, 20.0, False)
    monkeypatch.setenv(NATS_CA_FILE, str(authority.ca))
    told = asyncio.run(verify(_platform(both), options, None))
    print(as_text(told))
    assert not told.violated
    assert len(_servers_that_tell(both)) == 3
    for name, container in running.items():
        pods.podman("stop", "--time=60", container)
        assert pods.state(container)["ExitCode"] == 0, (name, pods.engine.logs(container))


def _sign(both: Cluster) -> Authority:
    """What cert-manager does for NATS; asked from here, servers are known by address too."""
    secret, names = grown.certificate(both.manifests)
    authority = Authority(both.secrets.parent)
    shown = authority.shows("nats", (*names, *map(both.address, grown.NATS)))
    (folder := both.secrets / secret).mkdir()
    for name, file in (
        ("tls.crt", shown.certificate),
        ("tls.key", shown.key),
        ("ca.crt", shown.ca),
    ):
        shutil.copy(file, folder / name)
    return authority


def _servers_of_pilot(installation: Installation, both: Cluster) -> list[str]:
    """Postgres and NATS of the pilot, at the addresses both sides know."""
    pods = installation.pods
    postgres = pods.start(both, "helpline-postgres")
    nats = pods.start(both, "helpline-nats")
    asked = ("pg_isready", "-q", "-h", "127.0.0.1", "-d", "helpline")
    pods.wait(lambda: pods.succeeds(postgres, *asked), postgres, 60)
    pods.wait(lambda: "Server is ready" in pods.engine.logs(nats), nats, 30)
    return [postgres, nats]


def _new_ground(installation: Installation, both: Cluster) -> None:
    pods = installation.pods
    postgres = pods.start(both, grown.POSTGRES)
    servers = [pods.start(both, name) for name in grown.NATS]
    leader = "metadata leader"  # it says "Self is new ...", the others "new metadata leader: ..."
    pods.wait(lambda: all(leader in pods.engine.logs(each) for each in servers), servers[0], 60)
    asked = ("pg_isready", "-q", "-h", "127.0.0.1", "-d", "helpline")
    pods.wait(lambda: pods.succeeds(postgres, *asked), postgres, 60)
    owner = both.secrets / "helpline-postgres-owner"
    said = ((owner / each).read_text() for each in ("username", "password"))
    for statement in grown.as_cnpg_makes_it(*said):
        pods.told(postgres, "psql", "-qh", "/var/run/postgresql", "-U", "postgres", "-c", statement)
    # The kubelet gives a volume to the group of its pods.
    pods.podman("volume", "create", _DAYS)
    place = Path(pods.podman("volume", "inspect", "--format", "{{.Mountpoint}}", _DAYS))
    os.chown(place, 0, 10001)
    place.chmod(0o2770)


def _platform(both: Cluster) -> Platform:
    """Where everything of it is, as seen from this machine."""
    keys = both.secrets.parent / "keys"
    owner = [(keys / f"owner.{each}").read_text() for each in ("username", "password")]
    return Platform(
        pid=os.getpid(),
        folder="",
        logs="",
        keys=str(keys),
        owner_dsn=f"postgresql://{':'.join(owner)}@{both.address(grown.POSTGRES)}:5432/helpline",
        postgres_port=5432,
        nats_url=f"tls://{both.address(grown.NATS[0])}:4222",
        nats_monitoring_url=f"http://{both.address(grown.NATS[0])}:8222",
        doors={},
        operations={},
        rate=1.0,
        anchor="",
        pids={},
        ready=True,
        scale="permanent",
    )


def _servers_that_tell(both: Cluster) -> set[str]:
    """Servers of which the pod beside them tells Prometheus."""
    url = f"http://{both.address('helpline-nats-figures')}:9100/metrics"
    with urllib.request.urlopen(url, timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return {
        line for line in lines if line.startswith("gnatsd_healthz_status{") and line[-3:] == "0.0"
    }
