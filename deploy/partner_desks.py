"""Desks of partners on a platform here: the keys that open for them, and the one to try."""

from __future__ import annotations

from pathlib import Path

from contracts.partner import ApplyPartner
from contracts.vocabulary import SealingKey
from deploy.embedded.runfolder import RunFolder, write_atomically
from deploy.embedded.trouble import StartRefused
from services.bus.sealing import WrongKey, key_from
from services.console.desk_seal import DESK_KEY, sealing_key_of

#: An invented partner, with a desk and somebody to sign in as (people.json).
DEMONSTRATION = Path(__file__).resolve().parent / "demonstration.yaml"


def keep_demonstration(run: RunFolder) -> None:
    """Give the partner of the demonstration its place on the bus; a file that is there stays."""
    run.partners.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = demonstration_file(run)
    if not file.exists():
        write_atomically(file, DEMONSTRATION.read_text())


def demonstration_file(run: RunFolder) -> Path:
    """The partner of the demonstration, as its platform has it."""
    return run.partners / DEMONSTRATION.name


def with_a_key(run: RunFolder, manifest: ApplyPartner) -> ApplyPartner:
    """What only a partner with a desk may read is sealed to its desk, unless it has its own key."""
    if not manifest.desk or manifest.sealing_key is not None:
        return manifest
    return manifest.model_copy(update={"sealing_key": desk_key(run, manifest.partner)})


def desk_key(run: RunFolder, name: str) -> SealingKey:
    """Public key of a partner's desk; StartRefused where no platform has made the console's."""
    file = run.keys / DESK_KEY
    try:
        return sealing_key_of(key_from(file), name)
    except (OSError, WrongKey):
        raise StartRefused(f"{file}: no key is there.", "Start the platform once.") from None
