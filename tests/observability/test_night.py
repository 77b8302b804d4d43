"""Prometheus and Alertmanager beside a real platform: who is to be woken is, and by what."""

from pathlib import Path

import httpx

from deploy.embedded.ports import spare_port
from deploy.night import Beside, Page, a_night, pages_in
from tests.observability.prometheus import ask
from tests.running import a_platform, wait_for


def test_every_figure_of_a_platform_is_scraped_and_a_page_arrives_with_its_runbook(
    tmp_path: Path,
) -> None:
    told: list[Page] = []
    ports = {name: spare_port() for name in ("prometheus", "alertmanager", "pager")}
    with (
        a_platform(tmp_path) as (_, platform),
        a_night(platform, ports, told.append, Beside(every_seconds=1)) as night,
        httpx.Client(base_url=night.prometheus, trust_env=False) as prometheus,
    ):
        wait_for(lambda: "Watchdog" in {each.alert for each in told})
        found = ask(prometheus, "helpline_intake_line_open")
        assert {each["metric"]["programme"] for each in found} >= {"sos-crise", "sos-detresse"}
        assert len(ask(prometheus, "helpline_bus_ground_up == 1")) == 8
        firing = prometheus.get("/api/v1/alerts").json()["data"]["alerts"]
        assert {each["labels"]["alertname"] for each in firing} <= {
            "Watchdog",
            "NobodyOnDutyWhileOpen",
        }
    watchdog, *_ = [each for each in told if each.alert == "Watchdog"]
    assert (watchdog.way, watchdog.receiver) == ("watchdog", "dead-man-switch")
    assert watchdog.runbook == "observability/runbooks/Watchdog.md"


def test_a_page_that_is_over_is_told_as_such() -> None:
    labels = {"alertname": "PostgresAway"}
    alert = {
        "status": "resolved",
        "labels": labels,
        "annotations": {"summary": "s", "runbook": "r"},
    }
    (page,) = pages_in("page", {"alerts": [alert], "receiver": "engineer-on-call"})
    assert page == Page("page", "PostgresAway", False, "s", "r", "engineer-on-call", labels)
