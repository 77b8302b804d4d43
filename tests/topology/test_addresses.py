"""The console's role table and its door name the same addresses."""

from typing import cast

from services.bus.door import Door
from services.console.door import build, role_table
from services.console.oidc_settings import CALLBACK_PATH, OidcSettings
from services.console.settings import Settings

OIDC = OidcSettings(
    issuer="http://127.0.0.1:1",
    client_id="helpline",
    client_secret="s" * 40,
    redirect_uri=f"http://127.0.0.1:2{CALLBACK_PATH}",
)


class NobodyAsks:
    """A bus behind a door that is built and never opened."""

    development = True
    service = "console"


def test_role_table_names_every_address_of_the_console_once() -> None:
    door = build(
        cast(Door, NobodyAsks()), Settings(development_key="k" * 40, robot_key="r" * 40, oidc=OIDC)
    )
    addresses = [(each.method, each.path) for each in door.addresses]
    table = [(entry.method, entry.path) for entry in role_table()]
    assert sorted(addresses) == sorted(table)
    assert len(set(table)) == len(table)
