"""Callers' pages as a browser without any script would ask for them."""

import re
from collections.abc import Mapping
from types import MappingProxyType

import httpx

from services.pages.render import POLICY
from tests.intake.doors import Client

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9"}


def page(
    client: Client,
    address: str,
    status: int = 200,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> str:
    response = client.get(address, headers=BROWSER | dict(headers))
    assert response.status_code == status, response.text
    return read(response)


def send(client: Client, address: str, status: int = 200, **fields: str) -> str:
    """Send a form."""
    response = client.post(address, data=fields, headers=BROWSER)
    assert response.status_code == status, response.text
    return read(response)


def read(response: httpx.Response) -> str:
    """What a page says, with the spaces and apostrophes of a keyboard; it keeps to our policy."""
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in response.headers
    text = response.text
    assert re.search("<title>(Page|Seite|Säit|Página)</title>", text)
    assert " style=" not in text
    assert "<script>" not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert 'class="sos"' in text
    plain = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("&#39;", "'")
    return plain.replace("\N{NO-BREAK SPACE}", " ")


def field(text: str, name: str, form: int = 0) -> str:
    """What a hidden field holds; `form` counts those of this name."""
    held = re.findall(f'name="{name}" value="([^"]*)"', text)
    return str(held[form])
