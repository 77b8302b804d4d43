"""`python -m deploy.handout FOLDER`: the keys of an installation, once.

`FOLDER/keys` holds every key and password; keep it as you keep a master key. `FOLDER/secrets` holds
a folder for each Secret of the cluster (k8s/README.md). Run again it makes only what is missing, as
for a service that is new, and writes NATS's permissions anew. No key is printed.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from deploy.embedded.nats import SERVER_FILE
from deploy.embedded.runfolder import write_atomically
from deploy.ground import make_key
from deploy.platform import DEVELOPMENT_KEY, ROBOT_KEY
from deploy.release import RELEASE, TABLES
from services.bus.capability import KEY_FILE as CAPABILITY_KEY
from services.bus.provision.declared import PERMANENT, PILOT
from services.bus.provision.keys import CHECKER, PROVISIONER, KeyRefused, ensure_keys
from services.bus.provision.partners import PartnersFlawed, with_partners
from services.bus.provision.permissions import server_conf
from services.bus.table import Service
from services.console.desk_seal import DESK_KEY
from services.referral.partners.postman import WEBHOOK_KEY
from services.registry import SERVICES
from services.risk.callout import PUSH_KEY, SEAL_KEY

#: Where the server of a cluster keeps streams (k8s/base/nats.yaml).
STORE = Path("/data")
#: Secrets that are not made here: whoever tries the platform makes the first by hand, which has no
#: place in production; the issuer gives the second, the store of backups the third.
BY_HAND = {"helpline-key-development": (DEVELOPMENT_KEY,)}
FROM_OTHERS = {
    "helpline-issuer": ("client-secret",),
    "helpline-backup-store": ("access-key", "secret-key"),
}
#: The ConfigMap of partners' files, which hold public halves alone: made once one is let in.
PARTNERS = "helpline-partners"
#: What NATS reads, for one server and for three: they stand side by side while a pilot grows.
_SERVER_SECRETS = {
    "helpline-nats-server": (SERVER_FILE, PILOT),
    "helpline-nats-cluster-server": ("cluster.conf", PERMANENT),
}
OWNER = "helpline"
_OWNER_FILES = {"username": "owner.username", "password": "owner.password"}


def secrets_of(services: Iterable[Service]) -> dict[str, Mapping[str, str]]:
    """Every Secret that is made here: its files, each with its name in the folder of keys."""
    own = {service.name: [f"{service.name}.nk", f"{service.name}.pg"] for service in services}
    own["risk"] += [SEAL_KEY, PUSH_KEY]
    own["referral"] += [WEBHOOK_KEY]
    own["console"] += [DESK_KEY]
    own |= {
        CHECKER: [f"{CHECKER}.nk", f"{CHECKER}.pg"],
        PROVISIONER: [f"{PROVISIONER}.nk"],
        RELEASE.name: [f"{RELEASE.name}.nk"],
        "capability": [CAPABILITY_KEY],
        "robot": [ROBOT_KEY],
    }
    keys = {f"helpline-key-{name}": {each: each for each in files} for name, files in own.items()}
    return {
        **keys,
        **{name: {SERVER_FILE: file} for name, (file, _) in _SERVER_SECRETS.items()},
        "helpline-postgres-owner": _OWNER_FILES,
    }


def make_keys(keys: Path, partners: Path) -> None:
    """Make what is missing, and NATS's accounts with those of `partners`, a file each.

    Raises KeyRefused for a seed others may read, PartnersFlawed.
    """
    public_keys = ensure_keys(keys, TABLES)
    everybody = with_partners(TABLES, partners)
    for name in (CAPABILITY_KEY, ROBOT_KEY, SEAL_KEY, PUSH_KEY, WEBHOOK_KEY, DESK_KEY):
        make_key(keys / name)
    for name in (CHECKER, *(service.name for service in SERVICES)):
        _make(keys / f"{name}.pg", secrets.token_urlsafe(24))
    _make(keys / _OWNER_FILES["username"], OWNER)
    _make(keys / _OWNER_FILES["password"], secrets.token_urlsafe(24))
    for file, scale in _SERVER_SECRETS.values():
        write_atomically(keys / file, server_conf(everybody, public_keys, STORE, scale))


def _make(path: Path, content: str) -> None:
    if not path.exists():
        write_atomically(path, content)


def hand_out(folder: Path) -> None:
    """Make keys and lay them out by Secret; whatever was laid out before is replaced."""
    keys, out = folder / "keys", folder / "secrets"
    make_keys(keys, folder / "partners")
    shutil.rmtree(out, ignore_errors=True)
    for secret, files in secrets_of(SERVICES).items():
        (out / secret).mkdir(mode=0o700, parents=True)
        for name, source in files.items():
            shutil.copy(keys / source, out / secret / name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="handout", description="Keys of an installation.")
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--keys-alone", action="store_true", help="lay nothing out by Secret: there is no cluster"
    )
    asked = parser.parse_args(arguments)
    try:
        if asked.keys_alone:
            make_keys(asked.folder / "keys", asked.folder / "partners")
            return 0
        hand_out(asked.folder)
    except (PartnersFlawed, KeyRefused) as why:
        print(why, file=sys.stderr)
        return 1
    print(f"Keys: {asked.folder / 'keys'}. By Secret: {asked.folder / 'secrets'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
