"""NATS: whether events get to who must hear of them, and whether there is room for more.

By the names of prometheus-nats-exporter. Every server tells of every stream it holds, so each is
counted once by its largest word.
"""

from __future__ import annotations

from observability.dashboards.panels import Board, Panel, number

_RATE = "[$__rate_interval]"


def _of_durables(name: str) -> str:
    return f"max by (stream_name, consumer_name) ({name})"


NATS = Board(
    uid="helpline-nats",
    title="NATS",
    says="Streams, who reads them, and the servers that hold them. Nothing here is about a caller.",
    side="platform",
    panels=(
        number(
            "Servers that answer",
            "Of one (pilot) or three (permanent). Fewer than two of three: no event is taken.",
            "count(gnatsd_varz_connections)",
        ),
        number(
            "Servers that are not well",
            "By their own word: streams are away or not caught up. More than 0: OutboxNotPublished "
            "is near.",
            "sum(gnatsd_healthz_status)",
        ),
        number(
            "Events that wait to be heard",
            "Not handed out to any reader yet, all durables together. Grows: a service is behind.",
            f"sum({_of_durables('jetstream_consumer_num_pending')})",
        ),
        number(
            "Room taken",
            "Of what the servers may keep on disk. Full, a stream takes no event.",
            "max(jetstream_server_total_message_bytes / (jetstream_server_max_storage > 0))",
            unit="percentunit",
        ),
        Panel(
            "Behind, by durable",
            "Events not handed out yet. One durable alone: its service. All of them: the server.",
            {"{{consumer_name}}": _of_durables("jetstream_consumer_num_pending")},
            columns=12,
        ),
        Panel(
            "In hand, by durable",
            "Events handed out and not acknowledged: being handled now, or lost with who had them.",
            {"{{consumer_name}}": _of_durables("jetstream_consumer_num_ack_pending")},
            columns=12,
        ),
        Panel(
            "Handed out again",
            "Of those in hand, handed out more than once: HandlersFail says at which work.",
            {"{{consumer_name}}": _of_durables("jetstream_consumer_num_redelivered")},
        ),
        Panel(
            "Readers that wait",
            "Fetches open on a durable. 0 while its service runs: nobody reads.",
            {"{{consumer_name}}": _of_durables("jetstream_consumer_num_waiting")},
        ),
        Panel(
            "Events a second, by stream",
            "What was added to each stream.",
            {"{{stream_name}}": (f"max by (stream_name) (rate(jetstream_stream_last_seq{_RATE}))")},
            unit="ops",
        ),
        Panel(
            "Kept, by stream",
            "Bytes on disk. Events leave by age; a stream that only grows is not swept.",
            {"{{stream_name}}": "max by (stream_name) (jetstream_stream_total_bytes)"},
            unit="bytes",
        ),
        Panel(
            "Messages a second, by server",
            "Everything that crosses it: events, commands and their replies, acknowledgements.",
            {
                "in": f"sum(rate(gnatsd_varz_in_msgs{_RATE}))",
                "out": f"sum(rate(gnatsd_varz_out_msgs{_RATE}))",
            },
            unit="ops",
        ),
        Panel(
            "Connections and slow ones",
            "Connections now; and how many were closed because they read too slowly, a second.",
            {
                "connections": "sum(gnatsd_varz_connections)",
                "closed as slow": f"sum(rate(gnatsd_varz_slow_consumers{_RATE}))",
            },
        ),
    ),
)
