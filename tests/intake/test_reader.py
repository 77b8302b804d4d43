"""Manifests: what a sound one means, and how a broken one is told to its author."""

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts.opening import OpeningRule
from contracts.vocabulary import Channel, LanguageCode, Stage
from services.intake.document import LONGEST_BYTES, Fault
from services.intake.facts import Facts
from services.intake.manifest import Manifest
from services.intake.reader import Faulty, Sound, read_manifest
from tests.intake.manifests import ALL_SHIPPED, PROGRAMMES, SHIPPED, SMALL, broken

SHARED = Path(os.environ.get("HELPLINE_SHARED", Path(__file__).parents[3] / "shared"))
SEEDS = SHARED / "data/programmes.json"
needs_seeds = pytest.mark.skipif(not SEEDS.exists(), reason=f"no seed facts at {SEEDS}")


def sound(content: bytes) -> Sound:
    read = read_manifest(content)
    assert isinstance(read, Sound), read
    return read


def faults(content: bytes) -> tuple[Fault, ...]:
    read = read_manifest(content)
    assert isinstance(read, Faulty), read
    return read.faults


def line_of(text: str) -> int:
    """Line of the small manifest that holds `text`, from 1."""
    return SMALL[: SMALL.index(text)].count("\n") + 1


def seed_entries() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(SEEDS.read_text())["programmes"]
    return entries


def test_the_shipped_line_is_sound_and_says_what_the_press_kit_says() -> None:
    terms = sound(SHIPPED.read_bytes()).terms
    assert terms.name == "SOS CRISE"
    assert terms.opening == (
        OpeningRule(
            channel=Channel.PHONE,
            days=(1, 2, 3, 4, 5, 6, 7),
            opens_at="09:00",
            closes_at="21:00",
        ),
    )
    assert terms.timezone == "Europe/Paris"
    assert terms.channels == (Channel.PHONE,)
    assert terms.talk_guidance_minutes == (15, 25)
    assert terms.first_stage is Stage.REGULATOR
    assert terms.languages[0] is LanguageCode.FR
    assert terms.emergency_numbers == ("15", "17", "18", "112", "114")


def test_the_hash_is_that_of_the_file() -> None:
    content = SHIPPED.read_bytes()
    assert sound(content).sha256 == sha256(content).hexdigest()


@pytest.mark.parametrize("path", ALL_SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_line_is_sound(path: Path) -> None:
    assert sound(path.read_bytes()).manifest.programme == path.stem


#: Where the seeds speak of each shipped line: of the whole, then of single channels.
TOLD_IN: dict[str, tuple[str, dict[str, str]]] = {
    "sos-confinement": ("sos-confinement-deconfinement", {}),
    "sos-deconfinement": ("sos-confinement-deconfinement", {}),
    "sos-crise": ("sos-crise", {}),
    "sos-amitie": (
        "sos-amitie-telephone",
        {"chat": "sos-amitie-chat", "message": "sos-amitie-messagerie"},
    ),
    "sos-detresse": ("sos-detresse-luxembourg", {}),
}
#: The seeds name two lines, or three channels, at once; each manifest names its own line.
NAMED_TOGETHER = {"sos-confinement", "sos-deconfinement", "sos-amitie"}


@needs_seeds
@pytest.mark.parametrize("line", TOLD_IN)
def test_a_shipped_line_holds_every_fact_of_the_seeds_and_no_other(line: str) -> None:
    entry, of_channels = TOLD_IN[line]
    written = yaml.safe_load((PROGRAMMES / f"{line}.yaml").read_text())
    facts, said = written["facts"], said_of(entry)
    if line in NAMED_TOGETHER:
        own, together = facts.pop("name"), said.pop("name")
        assert own["value"] in together["value"]
        assert own["source"] == together["source"]
    assert facts == said
    assert written.get("channel_facts", {}) == {
        channel: said_of(entry) for channel, entry in of_channels.items()
    }


def said_of(entry: str) -> dict[str, Any]:
    told = next(each for each in seed_entries() if each["id"] == entry)
    return {key: told[key] for key in told if key not in ("id", "derived", "contradictions")}


def test_the_five_lines_of_the_seeds_are_shipped() -> None:
    assert {path.stem for path in ALL_SHIPPED} == set(TOLD_IN)


def test_a_line_of_three_channels_opens_each_at_its_own_hours() -> None:
    terms = sound((PROGRAMMES / "sos-amitie.yaml").read_bytes()).terms
    assert terms.channels == (Channel.PHONE, Channel.CHAT, Channel.MESSAGE)
    hours = {rule.channel: (rule.opens_at, rule.closes_at) for rule in terms.opening}
    assert hours == {
        Channel.PHONE: ("00:00", "00:00"),
        Channel.CHAT: ("13:00", "03:00"),
        Channel.MESSAGE: ("00:00", "00:00"),
    }
    assert terms.first_stage is Stage.LISTENER
    assert terms.writing.answered_within_hours == 48
    assert terms.writing.warned_after_hours == (24, 40)


def test_an_e_mail_is_served_by_the_message_box() -> None:
    terms = sound((PROGRAMMES / "sos-detresse.yaml").read_bytes()).terms
    assert terms.channels == (Channel.PHONE, Channel.MESSAGE, Channel.CHAT)
    assert terms.timezone == "Europe/Luxembourg"
    assert terms.emergency_numbers == ("112", "113")
    assert LanguageCode.LB in terms.languages


@needs_seeds
@pytest.mark.parametrize("entry", seed_entries() if SEEDS.exists() else [], ids=lambda e: e["id"])
def test_the_facts_of_every_line_in_the_seeds_can_be_written_down(entry: dict[str, Any]) -> None:
    known = {key: fact for key, fact in entry.items() if key in Facts.model_fields}
    assert set(entry) - set(known) <= {"id", "derived", "contradictions"}
    Facts.model_validate_json(json.dumps(known))


def test_a_line_that_is_always_open_has_no_last_minute() -> None:
    always = SMALL.replace(
        "          opens_at: 09:00\n          closes_at: 21:00\n",
        "          opens_at: 00:00\n          closes_at: 23:59\n          always_open: true\n",
    )
    always = always.replace(
        'begins_at: "09:00", ends_at: "21:00"', 'begins_at: "00:00", ends_at: "00:00"'
    ).replace("partners: [fr-day]", "partners: [fr-always]")
    rule = sound(always.encode()).terms.opening[0]
    assert (rule.opens_at, rule.closes_at) == ("00:00", "00:00")


def test_without_a_regulator_in_the_seeds_contacts_wait_for_a_listener_at_once() -> None:
    assert sound(SMALL.encode()).terms.first_stage is Stage.LISTENER


#: What is written, what stands there instead, the field that is blamed, a part of the reason.
FAULTY: dict[str, tuple[str, str, str, str]] = {
    "an unknown field": (
        "rules_version: triage-2026.1",
        "rules_version: triage-2026.1\ncolour: blue",
        "colour",
        "is not a field of a manifest",
    ),
    "an unknown clock": (
        "    topic_fallback_seconds: {value: 30, reason: enough for a test}",
        "    topic_fallback_seconds: {value: 30, reason: enough for a test}\n"  # noqa: ISC004
        "    tea_seconds: {value: 30, reason: enough for a test}",
        "assumed.times.tea_seconds",
        "is not a field of a manifest",
    ),
    "a missing clock": (
        "    topic_fallback_seconds: {value: 30, reason: enough for a test}\n",
        "",
        "assumed.times.topic_fallback_seconds",
        "is missing",
    ),
    "a text where a number must be": (
        "topic_fallback_seconds: {value: 30,",
        'topic_fallback_seconds: {value: "30",',
        "assumed.times.topic_fallback_seconds.value",
        "must be a whole number",
    ),
    "a clock below what the contract allows": (
        "after_hard_seconds: {value: 600,",
        "after_hard_seconds: {value: -1,",
        "assumed.rest.after_hard_seconds.value",
        "must be 0 or more",
    ),
    "an offer of no time": (
        "listener_offer_seconds: {value: 20,",
        "listener_offer_seconds: {value: 0,",
        "assumed.times.listener_offer_seconds.value",
        "must be at least 1 second",
    ),
    "hours that are no hours": (
        "opens_at: 09:00",
        "opens_at: 25:00",
        "facts.opening.value.rules.0.opens_at",
        "does not have the form",
    ),
    "an unknown zone": (
        "timezone: Europe/Paris",
        "timezone: Europe/Lutece",
        "facts.opening.value.timezone",
        "is not a time zone",
    ),
    "a day that is no day": (
        "byday: [MO, TU,",
        "byday: [LU, TU,",
        "facts.opening.value.rules.0.byday.0",
        "must be 'MO', 'TU'",
    ),
    "a day named twice": (
        "byday: [MO, TU,",
        "byday: [MO, MO,",
        "facts.opening.value.rules.0.byday",
        "a day is named twice",
    ),
    "a fact without its source": (
        "    value: Ligne d'essai\n    source: {seed: 002_168720c4cee9543b.txt, lines: [23]}\n",
        "    value: Ligne d'essai\n",
        "facts.name.source",
        "is missing",
    ),
    "a source that is half a seed": (
        "source: {seed: 002_168720c4cee9543b.txt, lines: [23]}",
        "source: {seed: 002_168720c4cee9543b.txt}",
        "facts.name.source",
        "must name a seed and its lines, or who said it",
    ),
    "a fact somebody said on no day": (
        "source: {seed: 002_168720c4cee9543b.txt, lines: [23]}",
        "source: {said_by: Une association}",
        "facts.name.source",
        "must name a seed and its lines, or who said it",
    ),
    "a source that is a seed and somebody": (
        "source: {seed: 002_168720c4cee9543b.txt, lines: [23]}",
        "source: {seed: 002_168720c4cee9543b.txt, lines: [23], said_by: Nous, said_on: 2026-01-14}",
        "facts.name.source",
        "must name a seed and its lines, or who said it",
    ),
    "a fact without any source": (
        "source: {seed: 002_168720c4cee9543b.txt, lines: [23]}",
        "source: {}",
        "facts.name.source",
        "must name a seed and its lines, or who said it",
    ),
    "a fact said on a day that is not": (
        "source: {seed: 002_168720c4cee9543b.txt, lines: [23]}",
        "source: {said_by: Une association, said_on: 2026-02-30}",
        "facts.name.source.said_on",
        "2026-02-30 is not a day of the calendar",
    ),
    "an assumption without a reason": (
        "answer_target_seconds: {value: 20, reason: enough for a test}",
        "answer_target_seconds: {value: 20}",
        "assumed.answer_target_seconds.reason",
        "is missing",
    ),
    "an assumption against the seeds": (
        "assumed:\n",
        "assumed:\n  country: {value: LU, reason: we would like it so}\n",
        "assumed.country",
        "the seeds say it already",
    ),
    "a silence nobody filled": (
        "  languages: {value: [fr, en], reason: no seed names one}\n",
        "",
        "assumed.languages",
        "is needed, because no seed says it",
    ),
    "a retention left to a default": (
        "value: {chat_hours: 24, written_hours: 720, contact_days: 400}",
        "value: {chat_hours: 24, written_hours: 720}",
        "assumed.keeping.value.contact_days",
        "say how long this is kept",
    ),
    "hours of a channel nobody serves": (
        "assumed:\n",
        (
            "assumed:\n"
            "  opening_of:\n"
            "    chat:\n"
            "      reason: we would like one\n"
            "      value:\n"
            "        timezone: Europe/Paris\n"
            "        rules: [{byday: [MO], opens_at: '09:00', closes_at: '21:00'}]\n"
        ),
        "assumed.opening_of.chat",
        "chat is not a channel of the line",
    ),
    "hours against the seeds": (
        "assumed:\n",
        (
            "assumed:\n"
            "  opening:\n"
            "    reason: we would like others\n"
            "    value:\n"
            "      timezone: Europe/Paris\n"
            "      rules: [{byday: [MO], opens_at: '09:00', closes_at: '21:00'}]\n"
        ),
        "assumed.opening",
        "the seeds say it already",
    ),
    "people write and no clock is said": (
        "    value: [phone]",
        "    value: [phone, message]",
        "assumed.writing",
        "people write to this line",
    ),
    "facts of two channels under one": (
        "assumed:\n",
        (
            "channel_facts:\n"
            "  chat:\n"
            "    name: {value: Tchat, source: {seed: 002_168720c4cee9543b.txt, lines: [1]}}\n"
            "    channels: {value: [chat, phone],"
            " source: {seed: 002_168720c4cee9543b.txt, lines: [1]}}\n"
            "    opening:\n"
            "      source: {seed: 002_168720c4cee9543b.txt, lines: [1]}\n"
            "      value:\n"
            "        timezone: Europe/Paris\n"
            "        rules: [{byday: [MO], opens_at: '09:00', closes_at: '21:00'}]\n"
            "assumed:\n"
        ),
        "channel_facts.chat.channels.value",
        "must be chat alone",
    ),
    "hours that contradict one another": (
        "          opens_at: 09:00\n          closes_at: 21:00\n",
        (
            "          opens_at: 09:00\n          closes_at: 21:00\n"
            "        - {byday: [SA], opens_at: '20:00', closes_at: '21:00'}\n"
        ),
        "facts.opening.value.rules.1.opens_at",
        "overlaps with other hours",
    ),
    "hours said to be always and not": (
        "          closes_at: 21:00\n",
        "          closes_at: 21:00\n          always_open: true\n",
        "facts.opening.value.rules.0.always_open",
        "contradicts its hours",
    ),
    "hours said to cross midnight and not": (
        "          closes_at: 21:00\n",
        "          closes_at: 21:00\n          crosses_midnight: true\n",
        "facts.opening.value.rules.0.crosses_midnight",
        "contradicts its hours",
    ),
    "more days in a year than its weeks have": (
        "timezone: Europe/Paris\n",
        "timezone: Europe/Paris\n      days_per_year: 372\n",
        "facts.opening.value.days_per_year",
        "contradicts its rules",
    ),
    "a date that is none": (
        "{on_holidays: as_usual}",
        "{on_holidays: as_usual, special_days: [{channel: phone, day: '2021-02-30', hours: []}]}",
        "assumed.calendar.value.special_days.0.day",
        "2021-02-30 is not a day of the calendar",
    ),
    "a number held from a day that is none": (
        "  calendar:",
        "  number_held: {value: {from_day: '2021-02-30'}, reason: enough for a test}\n  calendar:",
        "assumed.number_held.value.from_day",
        "2021-02-30 is not a day of the calendar",
    ),
    "a special day of a channel nobody serves": (
        "{on_holidays: as_usual}",
        "{on_holidays: as_usual, special_days: [{channel: chat, day: '2021-02-01', hours: []}]}",
        "assumed.calendar.value.special_days.0.channel",
        "chat is not a channel of the line",
    ),
    "a prerequisite for a channel not served": (
        "  calendar:",
        (
            "  roster:\n"
            "    value: {prerequisites: [{channel: chat, after: phone, days: 0}]}\n"
            "    reason: enough for a test\n"
            "  calendar:"
        ),
        "assumed.roster.value.prerequisites.0.channel",
        "chat is not served",
    ),
    "an alert that goes on before anybody can see it": (
        "  calendar:",
        (
            "  risk:\n"
            "    value: {next_person_seconds: 0}\n"
            "    reason: enough for a test\n"
            "  calendar:"
        ),
        "assumed.risk.value.next_person_seconds",
        "must be 1 or more",
    ),
    "an indicator nobody answers for": (
        "  calendar:",
        "  indicator: {value: {switched_on: true}, reason: enough for a test}\n  calendar:",
        "assumed.indicator.value.clinical_owner",
        "name who answers for it clinically",
    ),
    "a federation of nobody knows how many": (
        "    refers: {value",
        "    federation: {value: {pool: anybody}, reason: enough for a test}\n    refers: {value",
        "assumed.frame.federation",
        "no seed says of how many associations",
    ),
    "an open hour with nobody to take an alert": (
        'begins_at: "09:00", ends_at: "21:00"',
        'begins_at: "09:00", ends_at: "20:30"',
        "assumed.frame.alert_duty.value",
        "on MO 2024-01-01 at 20:30 has nobody to take an alert",
    ),
    "nobody to receive a legal report": (
        "{kind: concern, recipient: fr-119}, ",
        "",
        "assumed.frame.report_recipients.value",
        "nobody receives a legal report (concern)",
    ),
    "no closed-hours text": (
        (
            "      closed:\n        value:\n          words: {fr: Fermé., en: Closed.}\n"
            "          rungs: [{act: says}, {act: connects, partners: [fr-always]}]\n"
            "        reason: enough for a test\n"
        ),
        "",
        "assumed.callers.ladders",
        "no closed-hours text",
    ),
    "a text in one language only": (
        "{fr: Fermé., en: Closed.}",
        "{fr: Fermé.}",
        "assumed.callers.ladders.closed.value.words",
        "words are missing in en",
    ),
    "no overflow": (
        "{act: offers, way_out: another_line, partners: [fr-always]}",
        "{act: says}",
        "assumed.callers.ladders.all_busy.value.rungs",
        "no overflow",
    ),
    "somebody sent away by software": (
        "{act: offers, way_out: another_line, partners: [fr-always]}",
        "{act: offers, way_out: return_pass}, {act: connects, partners: [fr-always]}",
        "assumed.callers.ladders.all_busy.value.rungs.2",
        "nobody is sent away before a human has heard them",
    ),
    "no last resort at all": (
        "          rungs: [{act: says}, {act: connects, partners: [fr-day]}]\n",
        "          rungs: [{act: says}]\n",
        "assumed.callers.ladders.nobody_on_duty.value.rungs",
        "no last resort that connects: the last rung must connect",
    ),
    "a last resort that is closed then": (
        'opens_at: "08:00"',
        'opens_at: "10:00"',
        "assumed.callers.ladders.nobody_on_duty.value.rungs",
        "no last resort that connects: on SU 2023-12-31 at 09:00 none of its lines is open",
    ),
    "a last resort for failures that closes": (
        (
            "          words: {fr: En panne., en: Broken.}\n"
            "          rungs: [{act: says}, {act: connects, partners: [fr-always]}]\n"
        ),
        (
            "          words: {fr: En panne., en: Broken.}\n"
            "          rungs: [{act: says}, {act: connects, partners: [fr-day]}]\n"
        ),
        "assumed.callers.ladders.platform_fault.value.rungs",
        "name a line that never closes",
    ),
    "a line that may ask for a name": (
        "          anonymous: true\n        reason",
        "        reason",
        "assumed.callers.ladders.nobody_on_duty.value.rungs.1",
        "connects to a line that may ask for a name",
    ),
    "a rung to a line nobody described": (
        "partners: [fr-day]",
        "partners: [fr-nowhere, fr-day]",
        "assumed.callers.ladders.nobody_on_duty.value.rungs.1",
        "fr-nowhere is not among the partners",
    ),
    "a message box that is not there": (
        "{act: offers, way_out: another_line, partners: [fr-always]}",
        "{act: offers, way_out: message_box}",
        "assumed.callers.ladders.all_busy.value.rungs.1",
        "the line has no message box",
    ),
    "a partner that is the line itself": (
        '"0639980003"',
        '"+33639980001"',
        "assumed.callers.partners.1.value.number",
        "is the line's own",
    ),
    "a partner with no number": (
        '          number: "0639980003"\n',
        "",
        "assumed.callers.partners.1.value.number",
        "must be a number as dialled",
    ),
    "no way for who cannot hear": (
        "          in_writing: true\n",
        "",
        "assumed.callers.partners",
        "no way for who cannot hear or speak",
    ),
    "a line with no number": (
        '  phone_number: {value: "06 39 98 00 01", reason: reserved for fiction}\n',
        "",
        "assumed.phone_number",
        "people ring this line",
    ),
    "nobody answers for what is kept": (
        "controllers: {value: [Une association]",
        "controllers: {value: []",
        "assumed.callers.controllers.value",
        "say who answers for what is kept",
    ),
    "nobody is told what is kept": (
        "{fr: Des gens., en: People.}",
        "{en: People.}",
        "assumed.callers.transparency.value",
        "words are missing in fr",
    ),
    "no emergency number for writing": (
        '["15", "112", "114"]',
        '["15", "112"]',
        "assumed.emergency_numbers.value",
        "114 is missing",
    ),
    "an emergency number left unfilled": (
        '["15", "112", "114"]',
        '["15", "112", "", "114"]',
        "assumed.emergency_numbers.value.2",
        "does not have the form",
    ),
    "no retention": (
        (
            "  keeping:\n    value: {chat_hours: 24, written_hours: 720, contact_days: 400}\n"
            "    reason: enough for a test\n"
        ),
        "",
        "assumed.keeping",
        "is missing",
    ),
    "a number that is no emergency number": (
        '["15", "112", "114"]',
        '["15", "112", "118", "114"]',
        "assumed.emergency_numbers.value.2",
        "118 is not an emergency number of FR",
    ),
    "untriaged served last": (
        "untriaged_priority: {value: P3,",
        "untriaged_priority: {value: P5,",
        "assumed.untriaged_priority.value",
        "must be P3 at least",
    ),
    "a field written twice": (
        "programme: ligne-essai",
        "programme: ligne-essai\nprogramme: autre-ligne",
        "programme",
        "is written twice",
    ),
    "another format": (
        "format: helpline-programme/1",
        "format: helpline-programme/2",
        "format",
        "must be 'helpline-programme/1'",
    ),
    "a programme name with a space": (
        "programme: ligne-essai",
        "programme: ligne essai",
        "programme",
        "does not have the form",
    ),
}


@pytest.mark.parametrize("case", FAULTY.values(), ids=FAULTY)
def test_a_fault_names_its_field_and_its_reason(case: tuple[str, str, str, str]) -> None:
    written, instead, field, reason = case
    found = faults(broken(written, instead))
    assert [fault.field for fault in found] == [field]
    assert reason in found[0].reason


def test_a_fault_names_its_line() -> None:
    unknown = broken("programme: ligne-essai", "programme: ligne-essai\ncolour: blue")
    assert faults(unknown)[0].line == line_of("programme: ligne-essai") + 1
    clock = broken("opens_at: 09:00", "opens_at: 25:00")
    assert faults(clock)[0].line == line_of("opens_at")
    zero = broken("listener_offer_seconds: {value: 20,", "listener_offer_seconds: {value: 0,")
    assert faults(zero)[0].line == line_of("listener_offer_seconds")


def test_a_missing_field_is_blamed_on_what_should_hold_it() -> None:
    gone = broken("    topic_fallback_seconds: {value: 30, reason: enough for a test}\n", "")
    assert faults(gone)[0].line == line_of("  times:")


def test_all_faults_are_told_at_once() -> None:
    content = SMALL.replace("opens_at: 09:00", "opens_at: 9").replace("P3", "P9").encode()
    assert {fault.field for fault in faults(content)} == {
        "facts.opening.value.rules.0.opens_at",
        "assumed.untriaged_priority.value",
    }


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "not YAML": (b"facts: [", "is not YAML"),
    "nothing": (b"", "must have fields of its own"),
    "a list": (b"- facts", "must have fields of its own"),
    "not UTF-8": (b"programme: \xff\xfe", "is not UTF-8 text"),
    "a control character": (b"programme: \x01", "holds a character that YAML does not allow"),
    "an alias": (b"facts: &one {a: 1}\nassumed: *one", "anchors and aliases are not allowed"),
    "two documents": (b"a: 1\n---\nb: 2\n", "is not YAML"),
    "an object of Python": (b"a: !!python/object:os.system {}", "is not YAML"),
    "too large": (b"#" * (LONGEST_BYTES + 1), "is larger than 256 KiB"),
    "too deep": (b"[" * 2_000 + b"]" * 2_000, "is nested too deeply"),
}


@pytest.mark.parametrize("case", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_manifest_is_told_in_a_plain_sentence(case: tuple[bytes, str]) -> None:
    content, reason = case
    found = faults(content)
    assert found[0].reason.startswith(reason)


def test_times_and_dates_need_no_quotes_and_no_is_not_false() -> None:
    unquoted = broken("    value: Ligne d'essai", "    value: no")
    assert sound(unquoted).terms.name == "no"
    assert sound(SMALL.encode()).terms.opening[0].closes_at == "21:00"


def test_a_manifest_does_not_hold_what_the_services_do_not_know() -> None:
    assert set(Manifest.model_fields) == {
        "format",
        "programme",
        "rules_version",
        "facts",
        "channel_facts",
        "assumed",
    }
