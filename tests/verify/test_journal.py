"""What the journal of the doors may hold."""

from pathlib import Path

import pytest

from deploy.verify.journal import Answered, Journal, JournalUnreadable, parse_journal, read_journal

LINES = """
{"type": "contact_opened", "contact_id": "c-1"}
{"t": 12.5, "type": "assigned", "call": "k", "listener": "l"}
{"type": "malformed_sent", "request_id": "m-1"}
{"type": "malformed_answered", "request_id": "m-1", "status": 422, "refusal": "unknown_field"}
{"type": "malformed_answered", "request_id": "m-2", "status": 400}
"""


def test_journal_is_read_and_other_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(LINES)
    assert read_journal(path) == Journal(
        contacts=("c-1",),
        malformed=("m-1",),
        answers=(Answered("m-1", 422, "unknown_field"), Answered("m-2", 400, None)),
    )


@pytest.mark.parametrize(
    "line",
    {
        "not JSON": "contact_opened c-1",
        "not an object": "[1]",
        "without its field": '{"type": "contact_opened"}',
        "a status that is none": '{"type": "malformed_answered", "request_id": "m", "status": "x"}',
    }.values(),
)
def test_damaged_line_is_named(line: str) -> None:
    with pytest.raises(JournalUnreadable, match="line 2"):
        parse_journal(["", line])
