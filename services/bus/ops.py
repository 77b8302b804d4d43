"""Health and figures of one process, for probes and Prometheus; never for callers.

`/livez`: the event loop turns (it answered). `/readyz`: every service here can take work; never
used to restart. `/metrics`: Prometheus text; what stands now is read from the ledger for it, and
the first service here reads what Postgres tells of itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.bus.postgres_figures import PostgresFigures
from services.bus.runner import RunningService


def ops_app(running: Sequence[RunningService]) -> Starlette:
    """The HTTP application of this process's health and figures."""

    async def livez(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_: Request) -> Response:
        ready = {service.service: service.healthy for service in running}
        return JSONResponse(ready, status_code=200 if all(ready.values()) else 503)

    postgres, own = PostgresFigures(), CollectorRegistry()
    own.register(postgres)

    async def figures(_: Request) -> Response:
        await asyncio.gather(
            *(service.look_at_what_stands() for service in running),
            *(service.look_at_postgres(postgres) for service in running[:1]),
        )
        told = generate_latest() + generate_latest(own)
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", figures),
        ]
    )
