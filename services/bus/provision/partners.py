"""The accounts of partners: each alone in its own, with a way to its own durable and to our desk.

Left alone an account reaches nothing of another. What is exported to a partner is named subject by
subject and to its account only: the next events of its durable, its acknowledgements, its answers.
So it can neither look at a stream, make a consumer, nor hear what is another's.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import nkeys
import yaml
from pydantic import ValidationError

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
    expect_own_keys(manifests)
    return tuple(
        Partner(each.partner, each.nats_keys, each.desk)
        for each in manifests.values()
        if each.state is PartnerState.ACTIVE and (each.nats_keys or each.desk)
    )


def with_partners(services: Iterable[Service], folder: Path) -> tuple[Table, ...]:
    """Everybody who has a place on the bus. Raises PartnersFlawed."""
    return (*services, *read_partners(folder))


def read_partner(file: Path) -> ApplyPartner:
    """Read one file, which is named after its partner. Raises PartnersFlawed."""
    try:
        written = yaml.safe_load(file.read_text(encoding="utf-8"))
        manifest = ApplyPartner.model_validate_json(json.dumps(written))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise PartnersFlawed(f"{file}: {where}: {first['msg']}") from None
    except (OSError, UnicodeDecodeError, TypeError, yaml.YAMLError) as error:
        why = str(error).splitlines()[0]
        raise PartnersFlawed(f"{file}: it cannot be read: {why}") from error
    if file.stem != manifest.partner:
        raise PartnersFlawed(
            f"{file}: partner: it is {manifest.partner!r}; call the file {manifest.partner}.yaml"
        )
    if is_sandbox(manifest.partner) and manifest.relays:
        raise PartnersFlawed(f"{file}: relays: a sandbox stands for none; write relays: []")
    _expect_whole_keys(file, manifest)
    return manifest


def _expect_whole_keys(file: Path, manifest: ApplyPartner) -> None:
    """Raise PartnersFlawed for a key with a slip in it: NATS would not start on it any more."""
    for place, key in enumerate(manifest.nats_keys):
        if not _is_whole(key):
            raise PartnersFlawed(
                f"{file}: nats_keys.{place}: it is no public key of a user: a letter is wrong"
            )


def _is_whole(key: str) -> bool:
    """Whether the sum at the end of a public nkey agrees with the rest of it."""
    decoded = base64.b32decode(key)
    return int.from_bytes(decoded[-2:], "little") == int(nkeys.crc16(decoded[:-2]))


def expect_own_keys(manifests: Mapping[Path, ApplyPartner]) -> None:
    """Raise PartnersFlawed where a key would sign in for two: NATS would not start any more."""
    known: dict[str, Path] = {}
    for file, manifest in manifests.items():
        for place, key in enumerate(manifest.nats_keys):
            if manifest.state is not PartnerState.ACTIVE:
                continue
            if key in known:
                raise PartnersFlawed(
                    f"{file}: nats_keys.{place}: it stands in {known[key]}: each has its own"
                )
            known[key] = file


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
