"""What the console is told at start: who signs people in, lifetimes and limits.

The surprising thing: it refuses to start where nobody could sign in, and where anybody could.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from contracts.vocabulary import PartnerId, PersonId, ProgrammeId, Role
from services.bus.capability import KEYS_DIR
from services.bus.door import StartRefused
from services.bus.sealing import WrongKey, key_from
from services.console.desk_seal import DESK_KEY
from services.console.oidc_settings import (
    NEEDED,
    OidcSettings,
    is_loopback,
    listed,
    read_oidc,
    secret_in,
)

DEVELOPMENT_KEY_FILE = "HELPLINE_DEVELOPMENT_KEY_FILE"
#: Of the program that answers on the reserved programme; empty: it has no session here.
ROBOT_KEY_FILE = "HELPLINE_ROBOT_KEY_FILE"
INTAKE_URL = "HELPLINE_INTAKE_URL"
#: Not HELPLINE_RISK_URL: risk reads everything of that beginning as its own, and refuses it.
RISK_URL = "HELPLINE_CONSOLE_RISK_URL"
#: Where a browser finds it; empty: desks have no second way to alerts.
RISK_ORIGIN = "HELPLINE_CONSOLE_RISK_ORIGIN"
DEVELOPMENT_PEOPLE_FILE = "HELPLINE_DEVELOPMENT_PEOPLE_FILE"

#: How long desk messages, contacts that ended and sessions that expired are kept, in domain time.
KEEP_FOR = timedelta(days=1)

#: How often they are looked for, in domain time.
SWEEP_EVERY = timedelta(hours=1)


class InventedPerson(BaseModel):
    """Somebody the development provider lets in by a click; nobody real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person_id: PersonId
    name: str
    role: Role
    programme: ProgrammeId


class InventedMember(BaseModel):
    """Somebody of a partner the development provider lets in by a click; nobody real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person_id: PersonId
    name: str
    partner: PartnerId


class Settings(BaseModel):
    """All settings of the console; frozen once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    development_key: str | None = None  #: None: the development provider does not exist
    development_people: tuple[InventedPerson, ...] = ()  #: who its page offers to be
    development_members: tuple[InventedMember, ...] = ()  #: the same, of partners
    #: Opens what is sealed to partners that have a desk; None: nothing opens.
    desk_key: bytes | None = Field(default=None, repr=False)
    robot_key: str | None = None  #: None: no robot answers on the reserved programme
    oidc: OidcSettings | None = None  #: None: nobody signs in through an issuer
    #: Where intake's text door is; inside the platform, never asked by a browser.
    intake_url: str = "http://127.0.0.1:8100"
    #: Where risk's own door is, for emergency cards; as intake's.
    risk_url: str = "http://127.0.0.1:8300"
    #: Risk's own door as a browser reaches it, `https://host[:port]`; None: alerts have one way.
    risk_origin: str | None = None
    session_lasts: timedelta = timedelta(hours=24)  #: domain time
    heartbeat: timedelta = timedelta(seconds=10)  #: machine time, between comment lines of a stream
    #: Machine time between two words to assignment of all desks heard from. With the three seconds
    #: of a desk and the five a command may take it stays below `heartbeat_lost_seconds`.
    beat_every: timedelta = timedelta(seconds=1)
    trust: timedelta = timedelta(seconds=10)  #: machine time a session once found may beat
    poll: timedelta = timedelta(seconds=1)  #: machine time, when no commit wakes the streams
    board_every: timedelta = timedelta(seconds=1)  #: machine time, at the least, between boards
    longest_body_bytes: int = 64 * 1024
    longest_import_bytes: int = 4 * 1024 * 1024


def read_settings(
    development: bool, host: str, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings; StartRefused when nobody could sign in, or anybody could.

    `host` is what the door listens on.
    """
    said = os.environ if environment is None else environment
    key = _development_key(said, development)
    oidc = read_oidc(said, development)
    if key is not None:
        _check_this_machine(host, oidc)
    if not development and oidc is None:
        raise StartRefused(
            f"Nobody could sign in: set {listed(NEEDED)} to those of the organisation's issuer."
        )
    people = () if key is None else _people(said)
    return Settings(
        development_key=key,
        development_people=tuple(each for each in people if isinstance(each, InventedPerson)),
        development_members=tuple(each for each in people if isinstance(each, InventedMember)),
        desk_key=_desk_key(said),
        robot_key=_robot_key(said),
        oidc=oidc,
        intake_url=said.get(INTAKE_URL, _here(said.get("HELPLINE_INTAKE_PORT", "8100"))),
        risk_url=said.get(RISK_URL, _here(said.get("HELPLINE_RISK_PORT", "8300"))),
        risk_origin=_risk_origin(said, development),
    )


def _risk_origin(said: Mapping[str, str], development: bool) -> str | None:
    """Read it; StartRefused where a page could not ask it, or where alerts had no second way."""
    origin = said.get(RISK_ORIGIN)
    if not origin:
        if development:
            return None
        raise StartRefused(
            f"{RISK_ORIGIN} is not set: a desk whose console is silent would hear of no alert. Set "
            "it to where browsers reach risk's own door."
        )
    if not _ORIGIN.fullmatch(origin):
        raise StartRefused(f"{RISK_ORIGIN} is no origin: http(s)://host[:port], nothing after it.")
    if not development and not origin.startswith("https://"):
        raise StartRefused(f"{RISK_ORIGIN} is not https: whoever listens could read alerts.")
    return origin


#: What may stand in a page's policy as it is.
_ORIGIN = re.compile(r"https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?")


def _here(port: str) -> str:
    return f"http://127.0.0.1:{port}"


def _development_key(said: Mapping[str, str], development: bool) -> str | None:
    named = said.get(DEVELOPMENT_KEY_FILE)
    if not named:
        return None
    if not development:
        raise StartRefused(
            f"{DEVELOPMENT_KEY_FILE} is set, and this is not development: anybody who holds that "
            "key could act as anybody. Unset it."
        )
    return secret_in(DEVELOPMENT_KEY_FILE, named)


def _robot_key(said: Mapping[str, str]) -> str | None:
    named = said.get(ROBOT_KEY_FILE)
    return secret_in(ROBOT_KEY_FILE, named) if named else None


def _check_this_machine(host: str, oidc: OidcSettings | None) -> None:
    """Who holds the key, or opens the page of people, acts as anybody: nobody else may reach it."""
    if not is_loopback(host):
        raise StartRefused(
            f"{DEVELOPMENT_KEY_FILE} is set, and the console listens on {host}: whoever reaches "
            "it could act as anybody. Set HELPLINE_HOST to 127.0.0.1, or unset the key."
        )
    published = None if oidc is None else urlsplit(oidc.redirect_uri).hostname
    if published is not None and not is_loopback(published):
        raise StartRefused(
            f"{DEVELOPMENT_KEY_FILE} is set, and the console is published at {published}: whoever "
            "reaches it could act as anybody. Unset the key."
        )


def _desk_key(said: Mapping[str, str]) -> bytes | None:
    """Read it; None where no platform has made it yet: desks open, their outcomes do not."""
    file = Path(said.get(KEYS_DIR, ".")) / DESK_KEY
    try:
        return key_from(file)
    except FileNotFoundError:
        return None
    except (OSError, WrongKey):
        raise StartRefused(f"{file} holds no key.") from None


_PEOPLE = TypeAdapter(tuple[InventedPerson | InventedMember, ...])


def _people(environment: Mapping[str, str]) -> tuple[InventedPerson | InventedMember, ...]:
    """Read who the development provider offers to be; nobody when no file is named."""
    named = environment.get(DEVELOPMENT_PEOPLE_FILE)
    if named is None:
        return ()
    try:
        return _PEOPLE.validate_json(Path(named).read_bytes())
    except (OSError, ValidationError) as wrong:
        raise StartRefused(f"{DEVELOPMENT_PEOPLE_FILE} cannot be read: {named}.") from wrong
