"""The rendered pilot by `podman play kube`: from its Jobs to an answered contact and out again.

First as it is, in production, where a contact waits: without an issuer over https nobody can sign
in. Then, on the same ground, as the demonstration, where people come by the development key: a
regulator answers, hands over, a listener answers. Needs root and podman; skipped with the reason
where no container starts.
"""

from __future__ import annotations

import json
import urllib.request
from dataclasses import replace
from uuid import uuid4

import pytest

from deploy.seeds import PROGRAMME
from tests.images.installation import (
    PROGRAMMES,
    SERVICES,
    Installation,
    at_every_hour,
)
from tests.k8s.rendered import rendered

#: The first of them waits until images are built.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_pilot_takes_a_contact_and_leaves_in_time(installation: Installation) -> None:
    pods, cluster = installation.pods, installation.cluster
    services = installation.serve(cluster)
    assert "version 1 is in force" in pods.run_job(cluster, PROGRAMMES)
    door = f"http://{cluster.address(SERVICES)}:8100"
    opened = _post(f"{door}/contacts", programme=PROGRAMME, channel="phone", language="fr")
    assert opened["state"] == "waiting_regulator"
    left = _post(f"{door}/contacts/{opened['contact_id']}/leave", opened["token"], reason="hung_up")
    assert left["state"] == "ended"
    assert pods.podman("port", "--all") == "", "a door is open on this machine"
    assert pods.told(services, "id", "-u") == "10001"
    assert not pods.succeeds(services, "touch", "/srv/helpline/trial")
    assert pods.succeeds(services, "touch", "/tmp/trial", "/var/lib/helpline/days/trial")
    installation.leave(cluster, services)


def _post(url: str, token: str | None = None, **asked: str) -> dict[str, str]:
    """Ask a door from outside the pod."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4())}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        told: dict[str, str] = json.load(answer)
    return told


def test_demonstration_is_answered_as_the_readme_says(installation: Installation) -> None:
    pods = installation.pods
    manifests = at_every_hour(rendered("demonstration"))
    shown = replace(installation.cluster, manifests=manifests)
    services = installation.serve(shown)
    assert pods.run_job(shown, PROGRAMMES).count("is in force") == 3
    with pods.timed("a contact, from call to figures"):
        told = pods.told(services, "python", "-m", "deploy.call", "--here")
    print(told)
    steps = (
        "Proposée à la régulation",
        "La régulation décide",
        "Proposée à l'écoute",
        "L'écoute se termine : listened.",
    )
    assert [told.find(step) for step in steps] == sorted(told.index(step) for step in steps)
    assert told.count("Prise ; les deux sont en ligne.") == 2
    seeds = pods.told(services, "python", "-m", "deploy.seeds", "--here")
    assert "Authorization" in seeds
    installation.leave(shown, services)
