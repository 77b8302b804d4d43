"""The accounts of partners: each alone in its own, with a way to its own durable and to our desk.

Left alone an account reaches nothing of another. What is exported to a partner is named subject by
subject and to its account only: the next events of its durable, its acknowledgements, its answers.
So it can neither look at a stream, make a consumer, nor hear what is another's.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from contracts.envelope import Stream
from contracts.partner import ApplyPartner, commands_of, is_sandbox
from contracts.vocabulary import PartnerState
from services.bus.table import Partner, Service, Table

#: What one partner may have open at a time, and say in one message. It reads from a few processes;
#: an answer of its is some 100 bytes.
LIMITS = {
    "max_connections": 16,
    "max_subscriptions": 256,
    "max_payload": 8 * 1024,
    "max_leafnodes": 0,
}
ACCOUNT = "HELPLINE"


#: Where a command looks for the files of partners, unless its line says otherwise.
FOLDER = Path(os.environ.get("HELPLINE_PARTNERS_DIR", ".helpline/partners"))


class PartnersFlawed(Exception):
    """A file of a partner cannot be taken: the message names the file, the field and the reason."""


@dataclass(frozen=True)
class _Way:
    """One subject of ours a partner may publish on, and what it is called in its account."""

    subject: str
    called: str
    many: bool = False  #: answered by more than one message


def read_partners(folder: Path) -> tuple[Partner, ...]:
    """Who has an account or a desk, from the files of partners (`*.yaml`) in a folder.

    Raises PartnersFlawed.
    """
    manifests = {file: read_partner(file) for file in sorted(folder.glob("*.yaml"))}
    side_by_side(manifests)
    return tuple(
        Partner(each.partner, each.nats_keys, each.desk)
        for each in manifests.values()
        if each.state is PartnerState.ACTIVE and (each.nats_keys or each.desk)
    )


def side_by_side(manifests: Mapping[Path, ApplyPartner]) -> None:
    """Whether the server takes these together: a key signs in for one of them alone.

    It would refuse everybody's accounts otherwise. Raises PartnersFlawed.
    """
    whose: dict[str, str] = {}
    for file, each in manifests.items():
        for key in each.nats_keys if each.state is PartnerState.ACTIVE else ():
            holder = whose.setdefault(key, each.partner)
            if holder != each.partner:
                raise PartnersFlawed(f"{file}: nats_keys: {key} signs in for {holder} already")


def with_partners(services: Iterable[Service], folder: Path) -> tuple[Table, ...]:
    """Everybody who has a place on the bus. Raises PartnersFlawed."""
    return (*services, *read_partners(folder))


def read_partner(file: Path) -> ApplyPartner:
    """Read one file, which is named after its partner. Raises PartnersFlawed, a line a flaw."""
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
        manifest = ApplyPartner.model_validate_json(json.dumps(written))
    except ValidationError as error:
        flaws = error.errors(include_url=False, include_input=False)
        raise PartnersFlawed("\n".join(f"{file}: {_flaw(each)}" for each in flaws)) from None
    except yaml.MarkedYAMLError as error:
        line = "" if error.problem_mark is None else f"line {error.problem_mark.line + 1}: "
        raise PartnersFlawed(f"{file}: {line}{error.problem or 'it is no YAML'}") from None
    except OSError as error:
        raise PartnersFlawed(f"{file}: {error.strerror or 'it cannot be read'}") from None
    except (ValueError, TypeError, RecursionError, yaml.YAMLError) as error:
        why = (str(error) or "it is no YAML").splitlines()[0]
        raise PartnersFlawed(f"{file}: it cannot be read: {why}") from None
    if file.stem != manifest.partner:
        raise PartnersFlawed(
            f"{file}: partner: it is {manifest.partner!r}; call the file {manifest.partner}.yaml"
        )
    if is_sandbox(manifest.partner) and manifest.relays:
        raise PartnersFlawed(f"{file}: relays: a sandbox stands for none; write relays: []")
    return manifest


#: What is expected of a field, where the form of it is wrong.
_EXPECTED = {
    "partner": "2 to 30 small letters, digits and -, a letter first",
    "relays": "names of entries of the directory, for instance fr-3114",
    "nats_keys": "public halves of nkeys, U and 55 letters and digits",
    "sealing_key": "the public half of an X25519 key, 32 bytes in base64",
    "url": "https, a name in lower case, a path of plain letters, no number and no query",
}


def _flaw(told: ErrorDetails) -> str:
    """Where and why, in words of whoever writes such files."""
    place = [str(part) for part in told["loc"]]
    expected = next((_EXPECTED[part] for part in reversed(place) if part in _EXPECTED), None)
    match told["type"]:
        case "missing":
            why = "it is missing"
        case "extra_forbidden":
            why = "there is no field of this name"
        case "model_type" if not place:
            why = "fields are expected, a line each: `partner: NAME` ..."
        case "string_pattern_mismatch" if expected is not None:
            why = f"expected: {expected}"
        case _:
            why = told["msg"].removeprefix("Value error, ")
    return f"{'.'.join(place) or 'the file'}: {why}"


def exports_conf(partners: Sequence[Partner]) -> str:
    """What our account lets each partner's reach; nothing without partners."""
    if not partners:
        return ""
    lines = "\n".join(f"      {line}" for partner in partners for line in _exports(partner))
    return f"""\
    exports: [
{lines}
    ]
"""


def account_conf(partner: Partner) -> str:
    """The account of one partner: who signs in, what they may say, how much of it."""
    imports = "\n".join(f"      {line}" for line in _imports(partner))
    rights = {
        "publish": {"allow": [way.called for way in _ways(partner)]},
        # Inboxes are private already: the account is theirs alone.
        "subscribe": {"allow": ["_INBOX.>"]},
    }
    users = "\n".join(
        f"      {{ nkey: {json.dumps(key)}, permissions: {json.dumps(rights)} }}"
        for key in partner.keys
    )
    limits = ", ".join(f"{name}: {limit}" for name, limit in LIMITS.items())
    return f"""\
  {json.dumps(partner.account)}: {{
    limits: {{ {limits} }}
    users: [
{users}
    ]
    imports: [
{imports}
    ]
  }}
"""


def _ways(partner: Partner) -> Iterator[_Way]:
    place = f"{Stream.PARTNER.value}.{partner.durable}"
    following = f"$JS.API.CONSUMER.MSG.NEXT.{place}"
    acknowledging = f"$JS.ACK.{place}.>"
    yield _Way(following, following, many=True)
    yield _Way(acknowledging, acknowledging)
    for command in commands_of(partner.name):
        yield _Way(command.subject_of(partner.name), command.told_as)


def _exports(partner: Partner) -> Iterator[str]:
    for way in _ways(partner):
        answered = ', response: "stream"' if way.many else ""
        yield f"{{ service: {_q(way.subject)}, accounts: [{_q(partner.account)}]{answered} }}"


def _imports(partner: Partner) -> Iterator[str]:
    for way in _ways(partner):
        to = "" if way.called == way.subject else f", to: {_q(way.called)}"
        yield f"{{ service: {{ account: {_q(ACCOUNT)}, subject: {_q(way.subject)} }}{to} }}"


def _q(word: str) -> str:
    return json.dumps(word)
