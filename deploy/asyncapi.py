"""Writes `contracts/asyncapi.json` from the catalogue and the tables of the services; for partners
`contracts/partner.asyncapi.json`, what is theirs of it, and the same as a page, `partner.html`.

`python -m deploy.asyncapi write|check`; `check` exits 1 when the committed document is not what
the code says. The official parser reads it with `just asyncapi-check`, where npm is at hand.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from contracts.asyncapi import Party, document
from contracts.catalogue import EVENTS
from contracts.partner import PARTNER_COMMANDS, PartnerEvent
from contracts.partner_asyncapi import partner_document
from deploy.partner_page import page
from services.registry import SERVICES

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "contracts" / "asyncapi.json"
FOR_PARTNERS = ROOT / "contracts" / "partner.asyncapi.json"
PAGE = ROOT / "contracts" / "partner.html"


def everything() -> dict[Path, str]:
    """Each file as the code says it."""
    of_partners = partner_document(_version())
    return {
        DOCUMENT: todays(),
        FOR_PARTNERS: _written(of_partners),
        PAGE: page(of_partners),
    }


def todays() -> str:
    """The document as the code says it, ready to be written."""
    services = (
        Party(
            name=service.name,
            publishes=service.publishes,
            consumes=tuple(on.event for on in service.consumes),
            answers=tuple(answer.command for answer in service.answers),
            sends=service.sends,
        )
        for service in SERVICES
    )
    partner = Party(
        name="partner",
        consumes=tuple(event for event in EVENTS if issubclass(event, PartnerEvent)),
        sends=PARTNER_COMMANDS,
    )
    return _written(document((*services, partner), _version()))


def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return str(project["version"])


def _written(told: dict[str, Any]) -> str:
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Run from the command line; 0 when the committed document is the code's."""
    if arguments in ([], ["write"]):
        for file, told in everything().items():
            file.write_text(told, "utf-8")
        return 0
    if arguments == ["check"]:
        stale = [file for file, told in everything().items() if file.read_text("utf-8") != told]
        for file in stale:
            print(f"{file.relative_to(ROOT)} is not what the code says; run `just asyncapi`")
        return 1 if stale else 0
    print("usage: python -m deploy.asyncapi [write|check]")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
