"""Sheet, scripts and sounds of the pages, at addresses that name their content.

Nothing here comes from another host. An address holds a hash of what it leads to, so that a browser
keeps it for a year and a new version is fetched at once; `VENDORED.toml` says whose the others are.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from services.bus.doorway import Address

_FOLDER = resources.files("services.pages") / "assets"
_SERVED = (".css", ".js", ".svg", ".wav")

_KEEP = "public, max-age=31536000, immutable"
mimetypes.add_type("text/javascript", ".js")


@dataclass(frozen=True)
class Asset:
    """A file a page needs, with its address."""

    name: str
    body: bytes
    packed: bytes  #: gzip
    address: str
    media_type: str


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """Every asset by its name."""
    files = sorted(_FOLDER.iterdir(), key=lambda each: each.name)
    served = [each for each in files if each.name.endswith(_SERVED)]
    return {each.name: _asset(each.name, each.read_bytes()) for each in served}


def _asset(name: str, body: bytes) -> Asset:
    digest = hashlib.sha256(body).hexdigest()[:12]
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Asset(
        name, body, gzip.compress(body, 9, mtime=0), f"/assets/{digest}/{name}", media_type
    )


def address_of(name: str) -> str:
    """Where an asset is; KeyError when there is none of this name."""
    return assets()[name].address


def asset_addresses() -> list[Address]:
    """The addresses of all assets, for a door that shows pages."""
    return [
        Address("GET", asset.address, partial(_answer, asset), {}) for asset in assets().values()
    ]


async def _answer(asset: Asset, request: Request) -> Response:
    headers = {"Cache-Control": _KEEP, "Vary": "Accept-Encoding"}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.body, headers=headers, media_type=asset.media_type)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.packed, headers=headers, media_type=asset.media_type)
