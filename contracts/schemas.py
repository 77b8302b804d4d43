"""The JSON Schema of every contract, committed, and the guard on its changes.

`python -m contracts.schemas write` writes `contracts/schemas/`; `check` says what is wrong and
exits 1. The committed files are the baseline: `write` itself refuses a change that breaks what is
committed (`contracts.compatibility`), so that the only ways on are an additive change, a new major
version beside the old one, or, while no release carries the contract, `write --accept TYPE`, which
names in the diff what was broken on purpose. Once a tag `v*` carries a schema, `--accept` no longer
helps: both commands also compare with the files of the last such tag, when git knows one.

A contract leaves the house when no stream holds its events any more: delete its class, its schema
and its golden events together. A committed schema without a class is refused. One that partners
were told of by a release goes on the day it said (contracts/promise.py), and no sooner.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from contracts.catalogue import COMMANDS, EVENTS, RESULTS
from contracts.compatibility import Schema, breaks
from contracts.envelope import Command, CommandEnvelope, Contract, Event, EventEnvelope, Reply
from contracts.partner import PARTNER_COMMANDS, PartnerEvent

#: Who is promised notice before a contract goes.
PARTNERS = "partners"
#: What a person who is refused can do.
WAYS_ON = (
    "An optional field keeps the version; anything else is a new major version beside this one, "
    "or, while no release carries the contract, `just schemas write --accept TYPE ...`."
)
FOLDER = Path(__file__).with_suffix("")
_ENVELOPES: dict[str, type[Contract]] = {
    "envelope/v1/event.json": EventEnvelope,
    "envelope/v1/command.json": CommandEnvelope,
    "envelope/v1/reply.json": Reply,
}


class _WithoutTitles(GenerateJsonSchema):
    """`Offer Id` beside `offer_id` says nothing."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - its signature
        return False


def contracts_by_path() -> dict[str, type[Contract]]:
    """Every contract that crosses the bus, by its path under `contracts/schemas/`."""
    found: dict[str, type[Contract]] = dict(_ENVELOPES)
    found |= {f"{event.noun}/v{event.major}/{event.fact}.json": event for event in EVENTS}
    found |= {f"{_command_path(command)}.json": command for command in COMMANDS}
    found |= {f"{_command_path(asked)}.result.json": found for asked, found in RESULTS.items()}
    return found


def _command_path(command: type[Command]) -> str:
    return f"commands/{command.service}/v{command.major}/{command.verb}"


def schema_id(path: str) -> str:
    """The `$id` of a schema and the `dataschema` of its events: a name, not an address."""
    return "urn:helpline:" + path.removesuffix(".json").replace("/", ":")


def schema_of(path: str, contract: type[Contract]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one contract, as read: fields with a default are optional."""
    body = contract.model_json_schema(schema_generator=_WithoutTitles)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": schema_id(path)}
    going = {} if contract.deprecated is None else contract.deprecated.in_schema
    return {**head, "title": body.pop("title"), **_places(contract), **going, **body}


def _places(contract: type[Contract]) -> dict[str, Any]:
    if issubclass(contract, Event):
        subject = contract.address()
        return {
            "x-type": contract.type_name(),
            "x-publisher": contract.publisher,
            "x-stream": contract.stream.value,
            "x-subject": subject,
            **_audience(issubclass(contract, PartnerEvent)),
        }
    if issubclass(contract, Command):
        return {
            "x-type": contract.type_name(),
            "x-subject": contract.subject(),
            "x-roles": sorted(contract.roles),
            **_audience(contract in PARTNER_COMMANDS),
        }
    return {}


def _audience(partners: bool) -> dict[str, str]:
    """Whom a contract is promised to beside ourselves."""
    return {"x-audience": PARTNERS} if partners else {}


def today() -> dict[str, dict[str, Any]]:
    """What the code says now, by path."""
    return {path: schema_of(path, contract) for path, contract in contracts_by_path().items()}


def committed(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """What is committed, by path."""
    return {
        file.relative_to(folder).as_posix(): json.loads(file.read_text("utf-8"))
        for file in sorted(folder.rglob("*.json"))
    }


def released(folder: Path = FOLDER) -> dict[str, dict[str, Any]]:
    """What the last release tag `v*` carries; empty before the first, or away from git."""
    try:
        tag = _git(folder, "describe", "--tags", "--abbrev=0", "--match", "v*").strip()
        files = _git(folder, "ls-tree", "-r", "--name-only", tag, "./").split()
        return {file: json.loads(_git(folder, "show", f"{tag}:./{file}")) for file in files}
    except (OSError, subprocess.CalledProcessError):
        return {}


def _git(folder: Path, *arguments: str) -> str:
    command = ("git", "-C", str(folder), *arguments)
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def resolved(schema: Schema, definitions: Schema | None = None) -> dict[str, Any]:
    """The same schema with every `$ref` replaced by what it names; no contract is recursive."""
    known = schema.get("$defs", {}) if definitions is None else definitions
    whole = {key: value for key, value in schema.items() if key not in ("$defs", "$ref")}
    if "$ref" in schema:
        whole = {**known[schema["$ref"].removeprefix("#/$defs/")], **whole}
        return resolved(whole, known)
    return {key: _resolved_value(value, known) for key, value in whole.items()}


def _resolved_value(value: Any, known: Schema) -> Any:
    if isinstance(value, Mapping):
        return resolved(value, known)
    if isinstance(value, list):
        return [_resolved_value(item, known) for item in value]
    return value


def broken(baseline: Mapping[str, Schema], now: Mapping[str, Schema]) -> tuple[str, ...]:
    """What of the baseline today's code would break: contract, field and reason, one line each."""
    found: list[str] = []
    for path, old in sorted(baseline.items()):
        name = _named(path, old)
        if path not in now:
            found.append(
                f"{name}: (contract): its class is gone; see `python -m contracts.schemas -h`"
            )
            continue
        found += [f"{name}: {each}" for each in breaks(resolved(old), resolved(now[path]))]
    return tuple(found)


def stale(baseline: Mapping[str, Schema], now: Mapping[str, Schema]) -> tuple[str, ...]:
    """Contracts whose committed file is not what the code says."""
    return tuple(
        f"{_named(path, schema)}: the committed schema is not the code's; run `just schemas`"
        for path, schema in sorted(now.items())
        if baseline.get(path) != schema
    )


def _named(path: str, schema: Schema) -> str:
    """What a person calls it: `contact.opened.v1`, else its path without the ending."""
    return str(schema.get("x-type", path.removesuffix(".json")))


def problems(now: Mapping[str, Schema] | None = None, folder: Path = FOLDER) -> tuple[str, ...]:
    """Everything `check` refuses of `now` (today's code when left out)."""
    now = today() if now is None else now
    before = committed(folder)
    kept = released(folder)
    held = _still_held(before, kept)
    found = (*broken(before, now), *broken(held, now), *stale(before, now), *gone_early(kept, now))
    return tuple(dict.fromkeys(found))


def _still_held(before: Mapping[str, Schema], kept: Mapping[str, Schema]) -> dict[str, Schema]:
    """What was released and has not left the house since."""
    return {path: schema for path, schema in kept.items() if path in before}


def gone_early(
    kept: Mapping[str, Schema], now: Mapping[str, Schema], day: date | None = None
) -> tuple[str, ...]:
    """What a release promised partners and the code has not any more, before its day."""
    today = (day or datetime.now(UTC).date()).isoformat()
    promised = {
        path: schema.get("x-gone-on")
        for path, schema in kept.items()
        if schema.get("x-audience") == PARTNERS and path not in now
    }
    return tuple(
        f"{_named(path, kept[path])}: partners count on it until {until or 'it is deprecated'}"
        for path, until in sorted(promised.items())
        if until is None or today < until
    )


def write(
    now: Mapping[str, Schema] | None = None,
    accepted: frozenset[str] = frozenset(),
    folder: Path = FOLDER,
) -> tuple[str, ...]:
    """Write every schema, or nothing at all and return why not."""
    now = today() if now is None else now
    before = committed(folder)
    kept = {path: old for path, old in before.items() if _named(path, old) not in accepted}
    out = released(folder)
    refused = (*broken(kept, now), *broken(_still_held(before, out), now), *gone_early(out, now))
    if refused:
        return tuple(dict.fromkeys(refused))
    for path in before.keys() - now.keys():
        (folder / path).unlink()
    for path, schema in now.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(schema, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return ()


def main(arguments: list[str]) -> int:
    """Run from the command line; 0 when there is nothing to say."""
    parser = argparse.ArgumentParser(
        prog="python -m contracts.schemas",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("action", choices=("write", "check"), nargs="?", default="write")
    parser.add_argument(
        "--accept", nargs="+", default=[], metavar="TYPE", help="may break: no release carries it"
    )
    asked = parser.parse_args(arguments)
    accepted = frozenset(asked.accept)
    found = write(accepted=accepted) if asked.action == "write" else problems()
    for line in (*found, *([WAYS_ON] if found else [])):
        sys.stderr.write(line + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
