"""The manifest of a line from its answers and texts: what was said as facts, else assumed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from contracts.ladder import PartnerLine
from contracts.vocabulary import AlertRole, Channel, Situation, Stage
from deploy.line.answers import Answers
from deploy.line.hours import ALWAYS, Span, Week
from deploy.line.partners import holds_at_any_hour
from deploy.line.words import Texts
from services.intake.document import Unusable, read_document

_DESIGN = Path(__file__).with_name("design.yaml")
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: Version of the triage rules a new line begins with.
RULES_VERSION = "triage-2026.1"
#: Of what only some lines need, by the channel that asks for it.
_CHATS_AT_ONCE = "chats_at_once"
_MAJORITY = {
    "FR": "Code civil, article 388.",
    "LU": "Code civil of Luxembourg, article 388.",
    "BE": "Ancien Code civil of Belgium, article 388.",
    "CH": "Code civil of Switzerland, article 14.",
}
#: Who receives each legal report, until the operator says otherwise.
REPORTS = {
    "FR": (
        {"concern": "fr-119", "justice": "fr-parquet"},
        (
            "An information préoccupante reaches the département's unit by way of 119 (row of the "
            "directory); a signalement goes to the public prosecutor, whose row the operator adds."
        ),
    ),
    "LU": (
        {"concern": "lu-one", "justice": "lu-parquet"},
        (
            "A child in danger is told to the Office national de l'enfance (row of the directory) "
            "or to the public prosecutor, whose row the operator adds."
        ),
    ),
    "BE": (
        {"concern": "be-aide-jeunesse", "justice": "be-parquet"},
        (
            "A child in danger is told to the youth care of the Community or to the public "
            "prosecutor; the operator adds both rows."
        ),
    ),
    "CH": (
        {"concern": "ch-apea", "justice": "ch-ministere-public"},
        (
            "A child in danger is told to the child protection authority of the canton, a crime "
            "to its public prosecutor; the operator adds both rows."
        ),
    ),
}


#: Facts and parts of the frame that come from answers, whether this line has them or not.
ANSWERED_FACTS = frozenset(
    {"name", "organisation", "country", "languages", "channels", "opening", "phone_number",
     "triage_step"}
)  # fmt: skip
ANSWERED_FRAME = frozenset(
    {"alert_duty", "refers", "keeps_notes", "minor_below_years", "emergency_abroad"}
)


def proposed_by_design() -> frozenset[str]:
    """Names of what the design proposes."""
    return frozenset(_design())


def manifest_of(answers: Answers, texts: Texts) -> dict[str, Any]:
    """The manifest, in the order in which people read it."""
    design = _design()
    chats = design.pop(_CHATS_AT_ONCE)
    writing = design.pop("writing")
    by_writing = Channel.MESSAGE in answers.channels or Channel.CHAT in answers.channels
    assumed: dict[str, Any] = {
        **design,
        **({"writing": writing} if by_writing else {}),
        "frame": {**_frame(answers), **_chats(answers, chats)},
        "callers": _callers(answers, texts),
        "emergency_numbers": _said(answers, list(answers.emergency[answers.country])),
    }
    return {
        "format": "helpline-programme/1",
        "programme": answers.programme,
        "rules_version": RULES_VERSION,
        "facts": _facts(answers),
        **_channel_facts(answers),
        "assumed": assumed,
    }


def _design() -> dict[str, Any]:
    document = read_document(_DESIGN.read_bytes())
    assert not isinstance(document, Unusable), document
    return dict(document.content)


# --- facts ----------------------------------------------------------------------------------------


def _facts(answers: Answers) -> dict[str, Any]:
    sharing = _sharing(answers)
    said: dict[str, Any] = {
        "name": answers.name,
        "organisation": answers.organisation,
        "country": answers.country,
        "languages": [each.value for each in answers.languages],
        "channels": [each.value for each in sharing],
        "opening": _opening(answers.hours[sharing[0]], answers.timezone),
    }
    if answers.number is not None:
        said["phone_number"] = answers.number
    if answers.first_stage is Stage.REGULATOR:
        said["triage_step"] = "a regulator answers first and hands over to a listener"
    return {name: _fact(answers, value) for name, value in said.items()}


def _sharing(answers: Answers) -> tuple[Channel, ...]:
    """Channels with the hours of the first; each of the others has facts of its own."""
    hours = answers.hours
    first = answers.channels[0]
    return tuple(each for each in answers.channels if hours[each] == hours[first])


def _channel_facts(answers: Answers) -> dict[str, Any]:
    own = [each for each in answers.channels if each not in _sharing(answers)]
    if not own:
        return {}
    told = {
        each.value: {
            "name": _fact(answers, answers.name),
            "channels": _fact(answers, [each.value]),
            "opening": _fact(answers, _opening(answers.hours[each], answers.timezone)),
        }
        for each in own
    }
    return {"channel_facts": told}


def _fact(answers: Answers, value: object) -> dict[str, Any]:
    return {
        "value": value,
        "source": {"said_by": answers.said_by, "said_on": answers.said_on},
    }


def _opening(week: Week, timezone: str) -> dict[str, Any]:
    return {"timezone": timezone, "rules": [_hours(span) for span in week]}


def _hours(span: Span) -> dict[str, Any]:
    byday = [_DAYS[day - 1] for day in span.days]
    if (span,) == ALWAYS:
        return {"byday": byday, "opens_at": "00:00", "closes_at": "23:59", "always_open": True}
    hours: dict[str, Any] = {
        "byday": byday,
        "opens_at": span.opens_at,
        "closes_at": span.closes_at,
    }
    return {**hours, "crosses_midnight": True} if span.closes_at <= span.opens_at else hours


# --- what is assumed ------------------------------------------------------------------------------


def _said(answers: Answers, value: object) -> dict[str, Any]:
    reason = f"Said by {answers.said_by} on {answers.said_on}."
    return {"value": value, "reason": reason}


def _frame(answers: Answers) -> dict[str, Any]:
    recipients, why = REPORTS[answers.country]
    frame: dict[str, Any] = {
        "alert_duty": _said(answers, list(_duty(answers))),
        "refers": _said(answers, answers.refers),
        "keeps_notes": _said(answers, answers.keeps_notes),
        "minor_below_years": {
            "value": answers.minor_below,
            "reason": (
                _MAJORITY[answers.country]
                if answers.minor_below == 18
                else _said(answers, None)["reason"]
            ),
        },
        "report_recipients": {
            "value": [{"kind": kind, "recipient": to} for kind, to in recipients.items()],
            "reason": why,
        },
    }
    abroad = [
        {"country": country, "numbers": list(numbers)}
        for country, numbers in answers.emergency.items()
        if country != answers.country
    ]
    return {**frame, "emergency_abroad": _said(answers, abroad)} if abroad else frame


def _duty(answers: Answers) -> list[dict[str, Any]]:
    weeks = {
        AlertRole.SUPERVISOR: answers.supervised,
        AlertRole.DUTY_PROFESSIONAL: answers.professional,
    }
    return [
        {
            "role": role.value,
            "days": list(span.days),
            "begins_at": span.opens_at,
            "ends_at": span.closes_at,
        }
        for role, week in weeks.items()
        for span in week
    ]


def _chats(answers: Answers, chats: object) -> dict[str, Any]:
    return {_CHATS_AT_ONCE: chats} if Channel.CHAT in answers.channels else {}


# --- what callers are told ------------------------------------------------------------------------


def _callers(answers: Answers, texts: Texts) -> dict[str, Any]:
    reason = reason_of(texts)
    return {
        "ladders": {
            situation.value: {
                "value": {
                    "words": {
                        language.value: getattr(told, situation.value)
                        for language, told in texts.languages.items()
                    },
                    "rungs": rungs_of(situation, answers),
                },
                "reason": f"{_SITUATED[situation]} {reason}",
            }
            for situation in Situation
        },
        "partners": [_partner(each) for each in answers.partners],
        "controllers": _said(answers, list(answers.controllers)),
        "transparency": {
            "value": {
                language.value: told.transparency for language, told in texts.languages.items()
            },
            "reason": f"Design, section 11: who answers and what is kept. {reason}",
        },
    }


_SITUATED = {
    Situation.CLOSED: "Design, section 7: a line open at that hour comes last.",
    Situation.NOBODY_ON_DUTY: "As when the line is closed: nobody of the line will come.",
    Situation.ALL_BUSY: (
        "Nobody is sent away before a human has heard them, so that nothing connects by itself."
    ),
    Situation.PLATFORM_FAULT: "Lines that never close: the platform may not know the hour then.",
}


def reason_of(texts: Texts) -> str:
    """Whose words these are, by language, and who has still to read them."""
    unread = [language.value for language, told in texts.languages.items() if not told.read_by]
    drafts = f"Drafts of the platform in {', '.join(unread)}, each to be read by a native speaker."
    read = [
        f"Read in {language.value} by {told.read_by} on {told.read_on}."
        for language, told in texts.languages.items()
        if told.read_by
    ]
    return " ".join([drafts, *read] if unread else read)


def rungs_of(situation: Situation, answers: Answers) -> list[dict[str, Any]]:
    """What comes after the words, in order: the line's own ways out first, then other lines."""
    partners = list(answers.partners)
    always = [each for each in partners if holds_at_any_hour(each)]
    says: dict[str, Any] = {"act": "says"}
    box = {"act": "offers", "way_out": "message_box"}
    boxes = [box] if Channel.MESSAGE in answers.channels else []
    if situation is Situation.ALL_BUSY:
        rest = [] if answers.channels == (Channel.MESSAGE,) else [_PASS]
        return [says, *rest, *boxes, _offered(partners)]
    if Channel.PHONE not in answers.channels:
        led_to = _offered(always if situation is Situation.PLATFORM_FAULT else partners)
        return [says, *(boxes if situation is not Situation.PLATFORM_FAULT else []), led_to]
    connects = {"act": "connects", "partners": [each.partner for each in always]}
    if situation is Situation.PLATFORM_FAULT:
        return [says, connects]
    return [says, *boxes, connects]


_PASS = {"act": "offers", "way_out": "return_pass"}


def _offered(partners: list[PartnerLine]) -> dict[str, Any]:
    named = [each.partner for each in partners]
    return {"act": "offers", "way_out": "another_line", "partners": named}


def _partner(partner: PartnerLine) -> dict[str, Any]:
    return {
        "value": partner.model_dump(mode="json", exclude_none=True),
        "reason": (
            "Row of the directory of relays; its number and hours are to be verified, and the "
            "partner is to agree, before use."
        ),
    }


# --- as a file ------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Says everything where it stands: a manifest has no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as PyYAML calls it
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def as_yaml(content: Mapping[str, Any], head: str) -> str:
    """YAML that the platform reads back as it is; `head` are the lines of comment above it."""
    comment = "".join(f"# {line}\n" for line in head.splitlines())
    said = yaml.dump(dict(content), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=98)
    return comment + said
