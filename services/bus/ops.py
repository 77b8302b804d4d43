"""Health and figures of one process, for probes and Prometheus; never for callers.

`/livez`: the event loop turns (it answered). `/readyz`: every service here can take work; never
used to restart. `/metrics`: Prometheus text, with exemplars for who reads OpenMetrics; what stands
now is read from the ledger for it, and the first service here reads what Postgres tells of itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from prometheus_client import REGISTRY, Metric, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.bus.postgres_figures import PostgresFigures
from services.bus.runner import RunningService


def ops_app(running: Sequence[RunningService]) -> Starlette:
    """The HTTP application of this process's health and figures."""
    # In OpenMetrics each counter would have a series more, its birthday.
    disable_created_metrics()  # type: ignore[no-untyped-call]

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        ready = {service.service: service.healthy for service in running}
        return JSONResponse(ready, status_code=200 if all(ready.values()) else 503)

    postgres = PostgresFigures()

    async def figures(request: Request) -> Response:
        await asyncio.gather(
            *(service.look_at_what_stands() for service in running),
            *(service.look_at_postgres(postgres) for service in running[:1]),
        )
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(_Both(REGISTRY, postgres)), media_type=media_type)

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", figures),
        ]
    )


class _Both(Collector):
    """What this process counts, and what was just read: one exposition has one end."""

    def __init__(self, *collectors: Collector) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Metric]:
        for each in self._collectors:
            yield from each.collect()
