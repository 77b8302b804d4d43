"""RED for each service: rate, errors and duration of its doors, of its events, of its work."""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, or_none

_SERVICE = '{service=~"$service"}'
_RATE = "[$__rate_interval]"

SERVICES = Board(
    uid="helpline-services",
    title="Services (RED)",
    says="Rate, errors and duration of each service. Machine time. Nothing here is about a caller.",
    side="platform",
    variables=("service",),
    panels=(
        Panel(
            "Rate: work handled",
            "Events, commands and deadlines handled a second, by service.",
            {
                "{{service}}": (
                    f"sum by (service) (rate(helpline_bus_handled_total{_SERVICE}{_RATE}))"
                )
            },
            unit="ops",
        ),
        Panel(
            "Errors: handlers that failed",
            "Each is tried again. One piece of work again and again: HandlersFail.",
            {
                "{{service}} {{work}}": or_none(
                    f"sum by (service, work) (rate(helpline_bus_failed_total{_SERVICE}{_RATE}))",
                    "service",
                    f"helpline_bus_handled_total{_SERVICE}",
                )
            },
            unit="ops",
        ),
        Panel(
            "Duration: from delivery to commit",
            "99 of 100 events are committed within this, by durable.",
            {
                "{{durable}}": (
                    "histogram_quantile(0.99, sum by (durable, le) (rate("
                    'helpline_bus_handling_seconds_bucket{durable=~"($service)-.+"}'
                    f"{_RATE}))) >= 0"
                )
            },
            unit="s",
        ),
        Panel(
            "Rate: requests at the callers' door",
            "By route template.",
            {"{{route}}": f"sum by (route) (rate(helpline_intake_requests_answered_total{_RATE}))"},
            unit="reqps",
        ),
        Panel(
            "Errors: 5xx at the callers' door",
            "A caller who could not be served. Each is in the log, by its correlation id.",
            {
                "{{route}}": or_none(
                    "sum by (route) (rate("
                    f'helpline_intake_requests_answered_total{{status=~"5.."}}{_RATE}))',
                    "route",
                    "helpline_intake_requests_answered_total",
                )
            },
            unit="reqps",
        ),
        Panel(
            "Rate: commands at the desks' door",
            "By command, page views not counted.",
            {"{{command}}": f"sum by (command) (rate(helpline_console_requests_total{_RATE}))"},
            unit="reqps",
        ),
        Panel(
            "Errors: 5xx at the desks' door",
            "Somebody's key did nothing.",
            {
                "{{command}}": or_none(
                    "sum by (command) (rate("
                    f'helpline_console_requests_total{{status=~"5.."}}{_RATE}))',
                    "command",
                    "helpline_console_requests_total",
                )
            },
            unit="reqps",
        ),
        Panel(
            "Duration: of the doors",
            "99 of 100 answers begin within this. Without requests that wait for news.",
            {
                "{{door}}": (
                    "histogram_quantile(0.99, sum by (door, le) (rate("
                    f"helpline_bus_answer_seconds_bucket{_RATE}))) >= 0"
                )
            },
            unit="s",
        ),
        Panel(
            "Duration: to every open desk",
            "From a wake of the streams to their messages handed over; 99 of 100.",
            {
                "fan-out": (
                    "histogram_quantile(0.99, sum by (le) (rate("
                    f"helpline_console_fanout_seconds_bucket{_RATE}))) >= 0"
                )
            },
            unit="s",
        ),
        Panel(
            "Live streams of desks",
            "0 while people are on duty: DesksHearNothing.",
            {"streams": "sum(helpline_console_streams_open)"},
        ),
        Panel(
            "Who holds each lease",
            "1 while a process holds it, by service. 0 everywhere: NobodyLeads.",
            {"{{service}}": f"max by (service) (helpline_bus_leading{_SERVICE})"},
        ),
        Panel(
            "Messages put aside",
            "Parked and not replayed; an engineer looks at each (just parked list).",
            {"{{service}}": f"max by (service) (helpline_bus_parked_messages{_SERVICE})"},
        ),
        Panel(
            "Postgres answers",
            "1 when it does, by service. 0: PostgresAway.",
            {"{{service}}": f"min by (service) (helpline_bus_ground_up{_SERVICE})"},
        ),
    ),
)
