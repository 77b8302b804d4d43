"""From bytes to a contract, or to the reason why not."""

from services.bus.decode import LARGEST_BODY_BYTES, Unreadable, read_command, read_event

HEADERS = {"ce-type": "contact.opened.v1", "ce-source": "intake"}
SUBJECT = "helpline.contact.opened.v1.sos-crise.x"


def test_body_of_1_mb_is_not_even_read() -> None:
    body = b'"' + b"x" * (LARGEST_BODY_BYTES + 1) + b'"'
    assert read_event(SUBJECT, HEADERS, body) == Unreadable("too_large", None, "contact.opened.v1")


def test_key_the_sender_chose_is_not_repeated() -> None:
    read = read_command("desk.triage.decide.v1", {"06 39 98 00 00": "x"}, b"{}")
    assert isinstance(read, Unreadable)
    assert "39 98" not in f"{read.reason} {read.where}"
