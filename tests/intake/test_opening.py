"""What the checker tries to open (I26) on real texts: the ledger's, and those of a backup."""

from datetime import date, timedelta
from functools import partial
from pathlib import Path
from shutil import copytree

import psycopg
import pytest

from contracts.envelope import ReplyStatus
from contracts.text import EraseTexts
from contracts.vocabulary import Channel, ContactId, LanguageCode, Role
from deploy.verify.opening import BackupUnreadable, Opened, try_to_open
from services.bus.testing import ServiceUnderTest
from services.intake import callers, texts
from services.intake.day_keys import DayKeys
from tests.intake.builders import LINE, TOKEN_SHA256, a_written_line, apply_line
from tests.intake.conftest import NOON

TODAY = date(2020, 11, 2)


@pytest.fixture
def keys(tmp_path: Path) -> DayKeys:
    return DayKeys(tmp_path / "days")


@pytest.fixture
def written(intake: ServiceUnderTest) -> ContactId:
    """A message of a caller, as it is kept."""
    apply_line(intake, terms=a_written_line())
    arrival = callers.Arrival(LINE, Channel.MESSAGE, LanguageCode.FR, TOKEN_SHA256, text="un")
    reply = intake.request(partial(callers.open_contact, arrival))
    assert reply.result is not None, reply
    return ContactId(reply.result["contact_id"])


def dumped(intake: ServiceUnderTest, path: Path) -> Path:
    """A plain dump, as `pg_dump` writes the two tables."""
    copied: list[str] = ["-- PostgreSQL database dump", ""]
    with psycopg.connect(intake.owner_dsn.replace("+psycopg", "")) as connection:
        for table in ("contact_key", "sealed_text"):
            rows = connection.execute(
                "SELECT string_agg(column_name, ', ' ORDER BY ordinal_position)"
                " FROM information_schema.columns"
                " WHERE table_schema = 'intake' AND table_name = %s",
                (table,),
            )
            (columns,) = rows.fetchone() or ("",)
            copied.append(f"COPY intake.{table} ({columns}) FROM stdin;")
            with connection.cursor().copy(f"COPY intake.{table} TO STDOUT") as out:
                copied.extend(b"".join(bytes(part) for part in out).decode().splitlines())
            copied.extend((r"\.", ""))
    path.write_text("\n".join(copied))
    return path


def tried(intake: ServiceUnderTest, keys: DayKeys, backup: Path | None = None) -> Opened:
    return intake.read(lambda session: try_to_open(session.connection(), keys, backup))


def erase(intake: ServiceUnderTest, contact_id: ContactId) -> None:
    command = EraseTexts(contact_id=contact_id)
    reply = intake.ask(command, "supervisor-1", Role.SUPERVISOR, programme=LINE)
    assert reply.status is ReplyStatus.DONE, reply


def test_what_is_kept_opens_with_the_keys_that_are_there(
    intake: ServiceUnderTest, written: ContactId, keys: DayKeys, tmp_path: Path
) -> None:
    found = tried(intake, keys, dumped(intake, tmp_path / "dump.sql"))
    assert [(each.contact_id, each.has_key, each.opens) for each in found.texts] == [
        (written, True, True)
    ]
    assert [(each.opens_with_ledger, each.opens, each.day) for each in found.backup] == [
        (True, True, TODAY)
    ]
    assert found.days == (TODAY,)
    assert found.contact_keys == ((written, TODAY),)


def test_what_was_erased_opens_with_no_key_of_the_ledger(
    intake: ServiceUnderTest, written: ContactId, keys: DayKeys, tmp_path: Path
) -> None:
    """A backup still opens it, until its day's key goes; that is said to who asked."""
    dump = dumped(intake, tmp_path / "dump.sql")
    erase(intake, written)
    found = tried(intake, keys, dump)
    assert found.texts == ()
    assert [(each.opens_with_ledger, each.opens) for each in found.backup] == [(False, True)]


def test_a_new_text_after_an_erasure_brings_no_key_to_the_old_one(
    intake: ServiceUnderTest, written: ContactId, keys: DayKeys, tmp_path: Path
) -> None:
    dump = dumped(intake, tmp_path / "dump.sql")
    erase(intake, written)
    wrote = texts.CallerWrites(written, TOKEN_SHA256, "deux")
    assert intake.request(partial(texts.keep_of_caller, wrote, keys)).status is ReplyStatus.DONE
    found = tried(intake, keys, dump)
    assert [each.opens for each in found.texts] == [True]
    assert [each.opens_with_ledger for each in found.backup] == [False]


def test_once_its_days_key_is_gone_a_backup_opens_no_more(
    intake: ServiceUnderTest, written: ContactId, keys: DayKeys, tmp_path: Path
) -> None:
    dump = dumped(intake, tmp_path / "dump.sql")
    kept_too_long = copytree(keys.folder, tmp_path / "copied")
    erase(intake, written)
    for day in range(1, 9):
        intake.at(NOON + timedelta(days=day))
        intake.fire_deadlines()
    assert TODAY not in keys.days()
    assert [each.opens for each in tried(intake, keys, dump).backup] == [False]
    again = tried(intake, DayKeys(kept_too_long), dump).backup
    assert [each.opens for each in again] == [True], "it was the key alone"


def test_a_text_without_its_days_key_is_told_apart_from_one_without_its_own(
    intake: ServiceUnderTest, written: ContactId, keys: DayKeys
) -> None:
    keys.destroy(TODAY)
    (found,) = tried(intake, keys).texts
    assert (found.has_key, found.opens) == (True, False)


def test_a_file_that_is_no_dump_is_refused(
    intake: ServiceUnderTest, keys: DayKeys, tmp_path: Path
) -> None:
    other = tmp_path / "other.sql"
    other.write_text("SELECT 1;\n")
    with pytest.raises(BackupUnreadable):
        tried(intake, keys, other)
