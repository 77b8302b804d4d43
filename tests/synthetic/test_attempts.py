"""The synthetic caller on a real platform, by the public doors: answered, or noticed."""

import asyncio
from pathlib import Path

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from contracts.synthetic import RESERVED
from contracts.vocabulary import Channel, PersonId, Role
from deploy.desk import Doors
from deploy.platform import ROBOT_KEY, Platform
from deploy.seat import Seat
from deploy.seeds import PROGRAMME, a_volunteer, import_people
from deploy.synthetic import metrics
from deploy.synthetic.answering import Answering
from deploy.synthetic.caller import Attempt, Attempting
from deploy.synthetic.metrics import Result, Step
from deploy.synthetic.words import TO_A_PERSON, answer_to, said
from services.intake import programme
from tests.running import a_platform

REPOSITORY = Path(__file__).parents[2]
OPEN_AT = ("--at", "2026-01-14T11:00:00+01:00")


async def _attempts(platform: Platform) -> list[Attempt]:
    """One with the robot there and a human listener free on another line; one while a caller waits;
    one nobody answers.
    """
    key = (Path(platform.keys) / ROBOT_KEY).read_text().strip()
    async with Doors.of(platform) as doors:
        await import_people(doors, PROGRAMME, [a_volunteer(PersonId("v-free"), Role.LISTENER)])
        listener = Seat(await doors.session("v-free", Role.LISTENER, PROGRAMME))
        reading = asyncio.create_task(listener.listen())
        await listener.desk.start_duty()
        robot = asyncio.create_task(Answering(doors, key).run())
        await asyncio.sleep(2)
        went = [await Attempting(doors).run()]
        waiting = await doors.open_contact("sos-detresse", Channel.CHAT)
        went.append(await Attempting(doors).run())
        await waiting.leave()
        robot.cancel()
        heard = [listener.inbox.get_nowait() for _ in range(listener.inbox.qsize())]
        reading.cancel()
        assert not [m for m in heard if isinstance(m, Exception) or m.kind == "offer"]
        assert heard
        caller = Attempting(doors)
        async with asyncio.timeout(60):
            went.append(await caller.run())
        return went


@pytest.mark.slow
def test_attempt_is_answered_stands_aside_for_a_caller_and_fails_when_nobody_answers(
    tmp_path: Path,
) -> None:
    with a_platform(tmp_path, *OPEN_AT) as (_, platform):
        manifest = str(REPOSITORY / "deploy" / "synthetic" / "line.yaml")
        assert programme.main(["apply", manifest, "--run-dir", str(tmp_path)]) == 0
        answered, aside, failed = asyncio.run(_attempts(platform))
    assert answered == Attempt(Result.ANSWERED)
    assert aside == Attempt(Result.STOOD_ASIDE)
    assert failed == Attempt(Result.FAILED, Step.ANSWER)


def test_failures_are_counted_in_a_row_and_standing_aside_is_none() -> None:
    metrics.record_attempt(Result.ANSWERED)
    for result in (Result.FAILED, Result.STOOD_ASIDE, Result.FAILED):
        metrics.record_attempt(result, Step.ANSWER if result is Result.FAILED else None)
    assert metrics.failures._value.get() == 2
    assert metrics.standing_aside._value.get() == 0
    metrics.record_attempt(Result.ANSWERED)
    assert metrics.failures._value.get() == 0


def test_only_its_own_words_are_answered_and_a_person_is_told_who_does() -> None:
    assert answer_to(said("0123456789ab")) == "bien reçu 0123456789ab"
    for words in ("j'ai besoin d'aide", "essai", "essai 0123456789ab, et je vais mal"):
        assert answer_to(words) is None
    assert all(number in TO_A_PERSON for number in ("112", "114", "3114"))


def test_registry_and_code_name_the_same_metrics() -> None:
    told = yaml.safe_load((REPOSITORY / "observability" / "telemetry.yaml").read_text())["metrics"]
    registry = {m["name"]: m for m in told if m["name"].startswith("helpline_synthetic_")}
    found = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    code = {m._name + ("_total" if m._type == "counter" else ""): m for m in found}
    assert code.keys() == registry.keys()
    for name, metric in code.items():
        entry = registry[name]
        assert (entry["type"], tuple(entry["labels"])) == (metric._type, metric._labelnames)


def test_its_line_is_shipped_and_is_the_reserved_one() -> None:
    line = yaml.safe_load((REPOSITORY / "deploy" / "synthetic" / "line.yaml").read_text())
    assert line["programme"] == RESERVED
