"""Writes `contracts/asyncapi.json` from the catalogue and the tables of the services.

`python -m deploy.asyncapi write|check`; `check` exits 1 when the committed document is not what
the code says. The official parser reads it with `just asyncapi-check`, where npm is at hand.
"""

import json
import sys
import tomllib
from pathlib import Path

from contracts.asyncapi import Party, document
from contracts.catalogue import EVENTS
from contracts.partner import PARTNER_COMMANDS, PartnerEvent
from services.registry import SERVICES

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "contracts" / "asyncapi.json"


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
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return (
        json.dumps(document((*services, partner), project["version"]), indent=2, ensure_ascii=False)
        + "\n"
    )


def main(arguments: list[str]) -> int:
    """Run from the command line; 0 when the committed document is the code's."""
    if arguments in ([], ["write"]):
        DOCUMENT.write_text(todays(), "utf-8")
        return 0
    if arguments == ["check"]:
        if DOCUMENT.read_text("utf-8") == todays():
            return 0
        print("contracts/asyncapi.json is not what the code says; run `just asyncapi`")
        return 1
    print("usage: python -m deploy.asyncapi [write|check]")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
