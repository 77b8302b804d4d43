"""The night wall: on one screen, whether anybody waits and whether anybody is there to answer."""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, known_to, number, share, waiting

_LINE = '{programme=~"$programme"}'
_PEOPLE = f"helpline_assignment_people_on_duty{_LINE}"
_OPEN = '{programme=~"$programme", standing="open"}'


_WAIT = f"max by (programme) (helpline_intake_waiting_contacts{_LINE})"
_IN_LINE = (
    f"sum by (programme) (max by (programme, stage) (helpline_assignment_waiting_contacts{_LINE}))"
)


def _sum(labels: str, figure: str) -> str:
    """Of all lines together; every replica reads the same ledger, so each is counted once."""
    return f"sum(max by ({labels}) ({figure}))"


def _each(name: str) -> str:
    return f"max by (programme) ({name}{_LINE})"


def _hour(name: str) -> str:
    return f"sum(increase({name}{_LINE}[1h]))"


NIGHT_WALL = Board(
    uid="helpline-night-wall",
    title="Night wall",
    says="Whether anybody waits, and whether anybody is there to answer. Ages are domain time.",
    side="callers",
    variables=("programme",),
    panels=(
        waiting(
            "Waiting now",
            "Callers in a line at this moment, by voice or chat. Red from three on.",
            3,
            known_to(
                "assignment",
                _sum("programme, stage", f"helpline_assignment_waiting_contacts{_LINE}"),
            ),
        ),
        waiting(
            "Oldest wait",
            "How long who has waited longest waits. Red from two minutes; five page an engineer.",
            120,
            known_to("assignment", f"max(helpline_assignment_oldest_wait_seconds{_LINE})"),
        ),
        waiting(
            "Alerts open",
            "Alerts no named human has taken. People are called by risk itself, never from here.",
            1,
            known_to("risk", _sum("programme", f"helpline_risk_alerts{_OPEN}")),
        ),
        waiting(
            "Oldest alert untaken",
            "How long the oldest of them stands. Red from one minute; three page an engineer.",
            60,
            known_to("risk", f"max(helpline_risk_oldest_untaken_seconds{_LINE})"),
        ),
        number(
            "Answered of offered, last hour",
            "Contacts a human took, of those opened. No figure: nobody has called.",
            share(_hour("helpline_quality_answered_total"), _hour("helpline_quality_opened_total")),
            unit="percentunit",
        ),
        number(
            "Left before anybody answered, last hour",
            "Contacts that left a line, of those opened. No figure: nobody has called.",
            share(
                _hour("helpline_quality_abandoned_total"), _hour("helpline_quality_opened_total")
            ),
            unit="percentunit",
        ),
        waiting(
            "Referrals not sent",
            "People who agreed to be referred and whose referral has gone nowhere yet.",
            1,
            known_to("referral", _sum("programme", f"helpline_referral_unsent_referrals{_LINE}")),
        ),
        number(
            "People on duty",
            "Everybody who has come on duty, whatever they do now.",
            known_to(
                "assignment",
                f"sum(max by (programme, role, state) (helpline_assignment_people_on_duty{_LINE}))",
            ),
        ),
        Panel(
            "Listeners and regulators, by what they do",
            "Ready, offered a contact, talking, wrapping up, resting, paused. Nobody is named.",
            {
                "{{role}} {{state}}": (
                    "sum by (role, state) (max by (programme, role, state)"
                    f" (helpline_assignment_people_on_duty{_LINE}))"
                )
            },
            columns=12,
        ),
        Panel(
            "Waiting, by line and stage",
            "Callers in each line. A line that grows while people are ready: look at assignment.",
            {
                "{{programme}} {{stage}}": (
                    f"max by (programme, stage) (helpline_assignment_waiting_contacts{_LINE})"
                )
            },
            columns=12,
        ),
        Panel(
            "Open and staffed",
            "1 while a line is open by its hours, on any channel; 1 while somebody is on duty.",
            {
                "{{programme}} is open": _each("helpline_intake_line_open"),
                "{{programme}} staffed": _each("helpline_intake_line_staffed"),
            },
            columns=12,
        ),
        Panel(
            "In limbo",
            "Callers who wait in no line, messages past their clocks. Lasting, it pages.",
            {
                "{{programme}} in no line": f"clamp_min({_WAIT} - on (programme) {_IN_LINE}, 0)",
                "{{programme}} past its clocks": (
                    "max by (programme) (helpline_quality_limbo_contacts"
                    '{programme=~"$programme", kind="message"})'
                ),
            },
            columns=12,
        ),
    ),
)
