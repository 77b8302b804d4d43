"""`python -m deploy.tables --owner FOLDER`: the database as declared, by migrations.

The owner need not be a superuser: whoever owns the database and may create roles will do.
Where Postgres is, HELPLINE_POSTGRES_ variables say; passwords of roles are files of
HELPLINE_KEYS_DIR, each of which decides its role's password.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import URL, exc

from deploy.directory_kept import keep_directory
from services.bus.database import count_on, prepare
from services.bus.migrating import NotMigrated, migrate
from services.bus.trust import POSTGRES_CA_FILE, distrust, postgres_not_trusted, postgres_tls
from services.referral.lists.hsds import DirectoryFlawed
from services.referral.settings import SETTINGS
from services.registry import SERVICES


def owner_dsn(owner: Path, environ: Mapping[str, str]) -> str:
    """Address of the database for its owner, whose `username` and `password` are files of `owner`.

    Raises KeyError for a variable that is missing, FileNotFoundError for a file.
    """
    ca_file = environ.get(POSTGRES_CA_FILE)
    return URL.create(
        "postgresql+psycopg",
        username=(owner / "username").read_text().strip(),
        password=(owner / "password").read_text().strip(),
        host=environ["HELPLINE_POSTGRES_HOST"],
        port=int(environ.get("HELPLINE_POSTGRES_PORT", "5432")),
        database=environ.get("HELPLINE_POSTGRES_DATABASE", "helpline"),
        query=postgres_tls(Path(ca_file) if ca_file else None),
    ).render_as_string(hide_password=False)


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when the database is as declared, 1 when Postgres or a migration refused."""
    parser = argparse.ArgumentParser(prog="tables", description="The database as declared.")
    parser.add_argument("--owner", type=Path, required=True, help="folder of username and password")
    asked = parser.parse_args(arguments)
    keys = Path(os.environ["HELPLINE_KEYS_DIR"])
    try:
        dsn = owner_dsn(asked.owner, os.environ)
        prepare(dsn, SERVICES, keys, migrate)
        count_on(dsn, SERVICES)
        directory = keep_directory(dsn, SETTINGS.directory, _tell)
    except (NotMigrated, DirectoryFlawed) as refused:
        print(refused)
        return 1
    except exc.DBAPIError as refused:
        if (why := distrust(refused)) is not None:
            host, ca_file = os.environ["HELPLINE_POSTGRES_HOST"], os.environ.get(POSTGRES_CA_FILE)
            print(postgres_not_trusted(host, ca_file, why))
            return 1
        # Its statement may hold a password: the kind of failure is all that is said.
        print(f"Postgres: {type(refused).__name__} ({type(refused.orig).__name__})")
        return 1
    for flaw in directory.flaws:
        print(f"Left out of the directory of relays: {flaw}")
    print("The database is as declared.")
    return 0


def _tell(read: int, total: int) -> None:
    print(f"Relays read anew as this release reads them: {read} of {total}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
