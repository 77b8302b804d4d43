"""The checker on a platform that really runs: one contact walked through, then things broken."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from deploy.call import main as walk_one_contact
from deploy.embedded.runfolder import open_run_folder
from deploy.platform import Platform, read_platform, write_platform
from deploy.verify.command import main
from services.bus.provision.signed_in import signed_in
from tests.running import a_platform
from tests.servers import within_reach

#: A quiet hour of an open day of the line.
MORNING = "2020-09-15T10:00:00+02:00"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a platform through which one contact has gone."""
    with (
        within_reach(tmp_path_factory.mktemp("verify")) as folder,
        a_platform(folder, "--at", MORNING),
    ):
        assert walk_one_contact(["--run-dir", str(folder), "--talk-seconds", "0.2"]) == 0
        yield folder


def verify(
    folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, dict[str, object]]]:
    """Exit status of the checker, and what it said of each invariant."""
    capsys.readouterr()
    status = main(["--run-dir", str(folder), "--json", *arguments])
    report = json.loads(capsys.readouterr().out)
    assert report["settled"]
    return status, {each["id"]: each for each in report["invariants"]}


@contextmanager
def broken(platform: Platform, damage: str, repair: str) -> Iterator[None]:
    """Change a ledger behind everybody's back for the length of the block."""
    with psycopg.connect(platform.owner_dsn, autocommit=True) as connection:
        connection.execute(damage)
        try:
            yield
        finally:
            connection.execute(repair)


def test_contact_that_went_through_breaks_nothing(
    run_dir: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    journal = tmp_path / "journal.jsonl"
    platform = read_platform(open_run_folder(run_dir))
    with psycopg.connect(platform.owner_dsn) as connection:
        row = connection.execute("SELECT contact_id FROM intake.contact").fetchone()
    assert row is not None
    journal.write_text(json.dumps({"type": "contact_opened", "contact_id": row[0]}) + "\n")
    status, invariants = verify(run_dir, capsys, "--journal", str(journal))
    assert {id: each["violated"] for id, each in invariants.items() if each["violated"]} == {}
    assert status == 0
    nothing_to_look_at = {id for id, each in invariants.items() if not each["checked"]}
    calm = {"I14", "I33", "I27", "I28", "I29", "I30", "I19", "I20", "I21", "I22"}
    assert nothing_to_look_at == calm, "nothing missed, no nonsense, no referral, no alert"
    assert invariants["I01"]["checked"] == 1
    assert invariants["I03"]["checked"] == 1


BREAKS = {
    "I01": (
        """INSERT INTO intake.contact
        SELECT (jsonb_populate_record(c, '{"contact_id": "lost"}')).* FROM intake.contact AS c""",
        "DELETE FROM intake.contact WHERE contact_id = 'lost'",
    ),
    "I05": (
        "UPDATE assignment.outbox SET version = version + 100 WHERE type = 'offer.taken.v1'",
        "UPDATE assignment.outbox SET version = version - 100 WHERE type = 'offer.taken.v1'",
    ),
    "I06": (
        "UPDATE quality.inbox SET id = 'x' || id WHERE type = 'contact.ended.v1'",
        "UPDATE quality.inbox SET id = substr(id, 2) WHERE type = 'contact.ended.v1'",
    ),
    "I07": (
        "UPDATE intake.outbox SET body = body || ' ' WHERE type = 'contact.ended.v1'",
        "UPDATE intake.outbox SET body = rtrim(body) WHERE type = 'contact.ended.v1'",
    ),
    "I09": (
        "UPDATE intake.outbox SET stream_sequence = stream_sequence + 1000",
        "UPDATE intake.outbox SET stream_sequence = stream_sequence - 1000",
    ),
    "I10": (
        "UPDATE triage.outbox SET txid = txid - 1",
        "UPDATE triage.outbox SET txid = txid + 1",
    ),
    "I17": (
        "UPDATE console.contact SET state = 'waiting_listener'",
        "UPDATE console.contact SET state = 'ended'",
    ),
    "I25": (
        """INSERT INTO triage.contact
        SELECT (jsonb_populate_record(c, '{"contact_id": "the caller again"}')).*
        FROM triage.contact AS c""",
        "DELETE FROM triage.contact WHERE contact_id = 'the caller again'",
    ),
    "I35": (
        "UPDATE quality.duty SET busy = busy + interval '1 second'",
        "UPDATE quality.duty SET busy = busy - interval '1 second'",
    ),
}


@pytest.mark.parametrize(("id", "damage", "repair"), [(id, *sql) for id, sql in BREAKS.items()])
def test_damaged_ledger_is_found(
    run_dir: Path, capsys: pytest.CaptureFixture[str], id: str, damage: str, repair: str
) -> None:
    with broken(read_platform(open_run_folder(run_dir)), damage, repair):
        status, invariants = verify(run_dir, capsys)
    assert status == 1
    assert invariants[id]["violated"], f"{id} did not see it"
    status, _ = verify(run_dir, capsys)
    assert status == 0, "the repair is whole"


def test_streams_are_compared_with_the_size_the_platform_says_it_has(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = open_run_folder(run_dir)
    there = read_platform(run)
    write_platform(run, replace(there, scale="permanent"))
    try:
        status, invariants = verify(run_dir, capsys)
    finally:
        write_platform(run, there)
    assert status == 1
    assert [id for id, each in invariants.items() if each["violated"]] == ["I34"]


def test_key_of_a_day_that_outlived_its_week_is_found(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    days = Path(read_platform(open_run_folder(run_dir)).keys) / "days"
    days.mkdir(exist_ok=True)
    old = days / "2020-09-01.day"
    old.write_text("00" * 32)
    try:
        status, invariants = verify(run_dir, capsys)
    finally:
        old.unlink()
    assert status == 1
    assert invariants["I26"]["violated"] == 1


def test_backup_without_texts_is_no_verdict(
    run_dir: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    empty = tmp_path / "dump.sql"
    empty.write_text("-- nothing\n")
    assert main(["--run-dir", str(run_dir), "--backup", str(empty)]) == 2
    assert "backup" in capsys.readouterr().err


def test_nonsense_on_a_stream_is_found_and_its_parking_seen(
    run_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Last of all: a stream keeps what it was told."""
    platform = read_platform(open_run_folder(run_dir))

    async def forge() -> None:
        async with signed_in(platform.nats_url, Path(platform.keys), "intake") as client:
            await client.jetstream().publish("helpline.contact.ended.v1.sos-crise.x", b"{")

    asyncio.run(forge())
    status, invariants = verify(run_dir, capsys)
    assert status == 1
    assert invariants["I08"]["violated"] == 1
    assert (invariants["I33"]["checked"], invariants["I33"]["violated"]) == (1, 0)


def test_no_platform_is_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--run-dir", str(tmp_path)]) == 2
    assert "No platform runs" in capsys.readouterr().err


def test_missing_journal_is_no_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--run-dir", str(tmp_path), "--journal", str(tmp_path / "none")]) == 2
    assert "journal" in capsys.readouterr().err
