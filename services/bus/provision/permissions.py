"""Who may publish and subscribe what, derived from the tables, and the server configuration of it.

Least privilege: what a table does not name is refused by the server, not by good manners. A refused
publish looks like a time-out to the client; the reason comes in its `error_cb`.

Two things the server does not check: headers, and where a reply goes (who reads a durable may have
its own delivery sent to any subject). So a reader must hold type and source of a message against
its subject, and believe neither alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.envelope import Stream
from services.bus.provision.declared import PILOT, Scale
from services.bus.provision.keys import CHECKER, PROVISIONER
from services.bus.provision.partners import account_conf, exports_conf
from services.bus.table import Partner, Service, Table

#: What the checker may ask of JetStream: to look, never to make a consumer.
_READING = (
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.>",
    "$JS.API.CONSUMER.NAMES.*",
    "$JS.API.CONSUMER.LIST.*",
    "$JS.API.CONSUMER.INFO.*.*",
)
#: The whole JetStream API, and the two subjects on which its snapshots flow.
_PROVISIONING = ("$JS.API.>", "$JS.SNAPSHOT.ACK.>", "$JS.SNAPSHOT.RESTORE.>")


@dataclass(frozen=True)
class Permissions:
    """What one key may do. `answers`: it may reply, once, to what it was asked."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool = False


def inbox_prefix(name: str) -> str:
    """Return the prefix of the private inbox of `name`, as nats-py wants it: no dot at the end."""
    return f"_INBOX_{name}"


def permissions(tables: Iterable[Table]) -> dict[str, Permissions]:
    """Return what every key may do, by the name of the key."""
    everybody = tuple(tables)
    desks = [each.name for each in everybody if isinstance(each, Partner) and each.desk]
    services = {
        each.name: permissions_of(each, desks) for each in everybody if isinstance(each, Service)
    }
    return services | {
        CHECKER: Permissions(_READING, (_inbox(CHECKER),)),
        PROVISIONER: Permissions(_PROVISIONING, (_inbox(PROVISIONER),)),
    }


def permissions_of(service: Service, desks: Iterable[str] = ()) -> Permissions:
    """Return what a service may do: publish its events, read its durables, answer, and (an edge)
    send the commands of its table; those of partners for `desks` alone, each by its name.
    """
    events = {event.subject_filter() for event in service.publishes}
    commands = {command.subject() for command in service.sends}
    commands |= {each.subject_of(name) for name in desks for each in service.sends_for_partners}
    reading = {subject for stream in service.streams() for subject in _reading(service, stream)}
    if service.looks_after is not None:
        reading.add(f"$JS.API.CONSUMER.INFO.{service.looks_after.value}.*")
    desk = (f"desk.{service.name}.>",) if service.answers else ()
    return Permissions(
        publish=tuple(sorted(events | commands | reading)),
        subscribe=(*desk, _inbox(service.name)),
        answers=bool(service.answers),
    )


def accounts_conf(tables: Iterable[Table], public_keys: Mapping[str, str]) -> str:
    """Return the accounts and permissions of nats-server, the same text for the same tables.

    `public_keys` is what `ensure_keys` returned; raises KeyError when one is missing. After a
    change the server takes it up on SIGHUP, without closing a connection.
    """
    everybody = tuple(tables)
    partners = sorted(
        (each for each in everybody if isinstance(each, Partner) and each.keys),
        key=lambda partner: partner.name,
    )
    allowed = permissions(everybody)
    users = "\n".join(_user(name, public_keys[name], allowed[name]) for name in sorted(allowed))
    return f"""\
# Written by services.bus.provision from the service tables; changes made here are lost.
system_account: "SYS"
accounts {{
  # Nobody signs in here: reload and lame duck go by signal.
  SYS {{ users: [] }}
  HELPLINE {{
    jetstream: enabled
    users: [
{users}
    ]
{exports_conf(partners)}  }}
{"".join(account_conf(partner) for partner in partners)}}}
"""


def jetstream_conf(store: Path, scale: Scale = PILOT) -> str:
    """Return the JetStream block of nats-server: where streams are kept, and how much at most.

    The limit is said: left alone the server takes 75 % of what the disk has free today, and refuses
    to start the streams of yesterday.
    """
    return f"""\
jetstream {{
  store_dir: {json.dumps(str(store))}
  max_file_store: {scale.store_bytes}
  # Streams are kept on disk only.
  max_memory_store: 1048576
  # The default of two minutes lost a third of the acknowledged events in a power cut.
  sync_interval: always
}}
"""


def server_conf(
    tables: Iterable[Table], public_keys: Mapping[str, str], store: Path, scale: Scale = PILOT
) -> str:
    """Return the whole configuration but for where the server listens."""
    return jetstream_conf(store, scale) + accounts_conf(tables, public_keys)


def _reading(service: Service, stream: Stream) -> tuple[str, ...]:
    """What reading one durable takes. An ack has more tokens behind the durable: counts, times."""
    place = f"{stream.value}.{service.durable(stream)}"
    return (
        f"$JS.API.CONSUMER.INFO.{place}",
        f"$JS.API.CONSUMER.MSG.NEXT.{place}",
        f"$JS.ACK.{place}.>",
    )


def _inbox(name: str) -> str:
    return f"{inbox_prefix(name)}.>"


def _user(name: str, public_key: str, allowed: Permissions) -> str:
    # Without a list of what is allowed the server allows everything.
    publish = {"allow": list(allowed.publish)} if allowed.publish else {"deny": [">"]}
    rights: dict[str, object] = {
        "publish": publish,
        "subscribe": {"allow": list(allowed.subscribe)},
    }
    if allowed.answers:
        rights["allow_responses"] = {"max": 1, "expires": "30s"}
    lines = json.dumps(rights, indent=2).replace("\n", "\n        ")
    return f"""\
      {{ # {name}
        nkey: "{public_key}"
        permissions: {lines}
      }}"""
