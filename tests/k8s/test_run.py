"""The rendered pods run: Jobs in order, then services, to a line a caller can reach.

In production: with settings, keys and rights just as they are rendered and handed out.
"""

import json
import signal
import subprocess
import time
import urllib.request
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import nkeys
import pytest

from deploy.embedded.ports import spare_port
from deploy.handout import PARTNERS
from tests.k8s.lines import open_at_every_hour
from tests.k8s.rehearsal import Rehearsal, a_rehearsal
from tests.k8s.rendered import Manifest, one, rendered

#: Open at every hour: in production no clock can be set.
_LINE = "sos-amitie"
_SEEDS = ("-m", "deploy.seeds", "--here")


pytestmark = pytest.mark.slow


def _pilot() -> list[Manifest]:
    manifests = rendered("pilot")
    pod = one(manifests, "Job/helpline-programmes-r1")["spec"]["template"]["spec"]
    pod["containers"][0]["args"] = [f"deploy/programmes/{_LINE}.yaml"]
    return manifests


def test_the_pilot_runs_from_its_jobs_to_a_contact_and_leaves_in_time(tmp_path: Path) -> None:
    doors = {name: spare_port() for name in ("intake", "console", "risk")}
    with a_rehearsal(_pilot(), tmp_path, doors) as pilot:
        assert "as declared" in pilot.run_job("helpline-database-r1")
        assert "as declared" in pilot.run_job("helpline-streams-r1")
        with pilot.running("helpline-all") as services:
            _reach_a_human(pilot, doors["intake"])
            _let_a_partner_in(pilot)
            _leave_in_time(pilot, "helpline-all", services)

        # A pod for each service on the same ground, with its own keys alone: each door, and one
        # of those without.
        permanent = replace(pilot, manifests=rendered("permanent"))
        names = [f"helpline-{name}" for name in (*doors, "assignment")]
        with permanent.running(*names) as services:
            assert "version 1 is in force" in pilot.run_job("helpline-programmes-r1")
            assert _open_contact(doors["intake"])["state"] == "waiting_listener"
            _leave_in_time(permanent, names[0], services)


def test_a_demonstration_walks_a_contact_to_a_listener(tmp_path: Path) -> None:
    """As k8s/README.md says: `kubectl exec ... python -m deploy.call --here`."""
    manifests = rendered("demonstration")
    pod = one(manifests, "Job/helpline-programmes-r1")["spec"]["template"]["spec"]
    files = pod["containers"][0]["args"]
    pod["containers"][0]["args"] = [str(_opened(Path(each), tmp_path)) for each in files]
    doors = {name: spare_port() for name in ("intake", "console", "risk")}
    with a_rehearsal(manifests, tmp_path, doors) as shown:
        shown.run_job("helpline-database-r1")
        shown.run_job("helpline-streams-r1")
        with shown.running("helpline-all"):
            shown.run_job("helpline-programmes-r1")
            words = ("-m", "deploy.call", "--here", "--talk-seconds", "0.2")
            told = shown.exec_beside("helpline-all", *words)
            assert "L'écoute se termine" in told, told
            assert "Authorization" in shown.exec_beside("helpline-all", *_SEEDS)


def _opened(manifest: Path, folder: Path) -> Path:
    (written := folder / manifest.name).write_text(open_at_every_hour(manifest))
    return written


def _reach_a_human(pilot: Rehearsal, port: int) -> None:
    assert "version 1 is in force" in pilot.run_job("helpline-programmes-r1")
    assert _open_contact(port)["state"] == "waiting_listener"


def _let_a_partner_in(pilot: Rehearsal) -> None:
    """As k8s/README.md says: its file into the ConfigMap, and the Job of streams once more."""
    (files := pilot.folder / "configs" / PARTNERS).mkdir(parents=True)
    key = nkeys.from_seed(bytearray(nkeys.encode_seed(bytes(32), nkeys.PREFIX_BYTE_USER)))
    (files / "aplus.yaml").write_text(
        f"partner: aplus\ncalled: A+\nrelays: [fr-3114]\nnats_keys: [{key.public_key.decode()}]\n"
    )
    assert "partner-aplus" in pilot.run_job("helpline-streams-r1")
    assert "was:" not in pilot.run_job("helpline-streams-r1")


def _leave_in_time(
    shape: Rehearsal, name: str, services: tuple[subprocess.Popen[bytes], ...]
) -> None:
    grace = shape.pod(name).spec["terminationGracePeriodSeconds"]
    begun_at = time.monotonic()
    for process in services:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(timeout=60) for process in services] == [0] * len(services)
    assert time.monotonic() - begun_at < grace - 5, "the preStop takes five of its seconds"


def _open_contact(port: int) -> dict[str, str]:
    asked = {"programme": _LINE, "channel": "phone", "language": "fr"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/contacts",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        opened: dict[str, str] = json.load(answer)
    return opened
