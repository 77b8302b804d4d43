"""Health and figures of one process, for probes and Prometheus; never for callers.

`/livez`: the event loop turns (it answered). `/readyz`: every service here can take work; never
used to restart. `/metrics`: Prometheus text, with exemplars for
who reads OpenMetrics; what stands now is read from the ledger for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from prometheus_client import REGISTRY, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

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

    async def figures(request: Request) -> Response:
        await asyncio.gather(*(service.look_at_what_stands() for service in running))
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(REGISTRY), media_type=media_type)

    return Starlette(
        routes=[
            Route("/livez", livez),
            Route("/readyz", readyz),
            Route("/metrics", figures),
        ]
    )
