"""What pages load is ours or known to be whose, and is kept by browsers until it changes."""

import asyncio
import gzip
import hashlib
import tomllib
from pathlib import Path

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from services.bus.doorway import Address, Doorway, Manners
from services.pages.assets import address_of, asset_addresses, assets
from services.pages.render import POLICY

FOLDER = Path("services/pages/assets")
VENDORED = tomllib.loads((FOLDER / "VENDORED.toml").read_text())


@pytest.mark.parametrize("name", VENDORED)
def test_vendored_file_is_the_one_that_was_published(name: str) -> None:
    entry = VENDORED[name]
    assert hashlib.sha256((FOLDER / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert (FOLDER / entry["licence_file"]).stat().st_size > 0
    assert entry["version"] in entry["published_as"]


def _count(address: Address | None, status: int, seconds: float) -> None:
    """These answers are counted nowhere."""


def _explain(request: Request | None, error: Exception) -> Response:
    raise error


async def _fetched(address: str, encoding: str) -> httpx.Response:
    door = Doorway(asset_addresses(), {}, Manners(_explain, _count))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(door), base_url="http://door"
    ) as client:
        return await client.get(address, headers={"Accept-Encoding": encoding})


@pytest.mark.parametrize("name", assets())
def test_asset_is_whole_packed_or_not_and_kept_for_a_year(name: str) -> None:
    body = (FOLDER / name).read_bytes()
    for encoding in ("gzip", "identity"):
        answer = asyncio.run(_fetched(address_of(name), encoding))
        assert answer.content == body
        assert answer.headers.get("content-encoding", "identity") == encoding
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(assets()[name].packed) == body


def test_another_content_has_another_address() -> None:
    digest = hashlib.sha256((FOLDER / "sheet.css").read_bytes()).hexdigest()
    assert digest[:12] in address_of("sheet.css")


def test_sheet_and_policy_know_no_other_host() -> None:
    sheet = (FOLDER / "sheet.css").read_text()
    assert "http" not in sheet
    assert "@import" not in sheet
    assert "http" not in POLICY
    assert "unsafe" not in POLICY
