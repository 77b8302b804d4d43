"""The rendered pilot runs: its Jobs in order, then its pod, to a line a caller can reach."""

import json
import signal
import time
import urllib.request
from pathlib import Path
from uuid import uuid4

from deploy.embedded.ports import spare_port
from tests.k8s.rehearsal import a_rehearsal
from tests.k8s.rendered import one, rendered

_LINE = "sos-amitie"


def test_the_pilot_runs_from_its_jobs_to_a_contact(tmp_path: Path) -> None:
    """In production: with settings, keys and rights just as they are rendered and handed out."""
    doors = {name: spare_port() for name in ("intake", "console", "risk")}
    manifests = rendered("pilot")
    # A line that is open at every hour: this is in production, where no clock can be set.
    (programmes,) = one(manifests, "Job/helpline-programmes-r1")["spec"]["template"]["spec"][
        "containers"
    ]
    programmes["args"] = [f"deploy/programmes/{_LINE}.yaml"]
    with a_rehearsal(manifests, tmp_path, doors) as pilot:
        assert "as declared" in pilot.run_job("helpline-database-r1")
        assert "as declared" in pilot.run_job("helpline-streams-r1")
        with pilot.running("helpline-all", spare_port()) as services:
            assert "version 1 is in force" in pilot.run_job("helpline-programmes-r1")
            opened = _open_contact(doors["intake"])
            assert opened["state"] == "waiting", opened

            services.send_signal(signal.SIGTERM)
            begun_at = time.monotonic()
            assert services.wait(timeout=60) == 0
            grace = pilot.pod("helpline-all").spec["terminationGracePeriodSeconds"]
            assert time.monotonic() - begun_at < grace - 5, "the preStop takes five of its seconds"
    keys = sorted(path.name for path in (tmp_path / "volumes/claims/days").iterdir())
    assert all(name.endswith(".day") for name in keys)


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
