"""A partner's receiver on a platform that runs: let in by its file, told, and told again."""

from __future__ import annotations

import asyncio
import re
import ssl
from pathlib import Path

import nats
import nats.errors
import pytest

from contracts.partner import PartnerReferralSent
from contracts.partner_keys import public_halves
from contracts.vocabulary import Role
from deploy.desk import Doors
from deploy.embedded.runfolder import RunFolder
from deploy.partners import main
from deploy.platform import Platform
from deploy.seeds import PROGRAMME, SEEDED
from tests.authority import Authority
from tests.bus.test_partners import a_file
from tests.partner.ground import APLUS_RELAY, BONDE_RELAY, let_in, refer, verified
from tests.partner.receiver import Receiver, a_receiver
from tests.running import a_platform, wait_for

HOST = "receiver.localhost"


def test_a_partner_is_posted_its_referral_and_again_from_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(tmp_path)
    shown = authority.shows(HOST, (HOST,))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown.certificate, shown.key)
    run = RunFolder(tmp_path / "run")
    here = ("--run-dir", str(run.root))
    with a_receiver(context, "") as receiver:
        monkeypatch.setenv("HELPLINE_REFERRAL_RECEIVERS_HERE", str(receiver.port))
        monkeypatch.setenv("HELPLINE_REFERRAL_RECEIVERS_CA_FILE", str(authority.ca))
        at = ("--at", "2026-01-14T11:00:00+01:00")
        with a_platform(run.root, "--spare-ports", *at) as (_, platform):
            webhook = {"url": receiver.url}
            file = a_file(tmp_path, "aplus", relays=[APLUS_RELAY], webhook=webhook)
            assert main(["apply", str(file), *here]) == 0
            assert f"at {receiver.url}" in capsys.readouterr().out
            assert main(["secret", "aplus", *here]) == 0
            receiver.secret = capsys.readouterr().out.strip()

            async def walk() -> str:
                async with Doors.of(platform) as doors:
                    await verified(doors, APLUS_RELAY)
                    role = Role.SUPERVISOR
                    return await refer(
                        doors, await doors.session(SEEDED[role], role, PROGRAMME), APLUS_RELAY
                    )

            reference = asyncio.run(walk())
            wait_for(lambda: bool(receiver.events))
            expect_sent(receiver, reference)

            assert main(["replay", "aplus", "--from", at[1], *here]) == 0
            wait_for(lambda: len(receiver.seen) == 2)
            expect_sent(receiver, reference)
            expect_logged(run, capsys)
            assert main(["log", "nobody", *here]) == 1
            assert main(["replay", "nobody", "--from", at[1], *here]) == 1
            expect_left_although_another_is_refused(tmp_path, run, platform, capsys)


def expect_left_although_another_is_refused(
    folder: Path, run: RunFolder, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever leaves is let go of by NATS at once, whatever comes of a file beside it."""
    member = let_in(folder, run, "bonde", BONDE_RELAY)
    keys = public_halves(member.seed, member.opening_key)

    async def reads() -> bool:
        try:
            alone = {"nkeys_seed": str(member.seed), "allow_reconnect": False}
            await (await nats.connect(platform.nats_url, **alone)).close()
        except nats.errors.Error:
            return False
        return True

    assert asyncio.run(reads())
    left = a_file(folder, "bonde", relays=[BONDE_RELAY], state="left", **keys)
    unknown = a_file(folder, "cordee", relays=["fr-nobody"])
    both = ("apply", str(left), str(unknown), "--run-dir", str(run.root))
    same_key = a_file(folder, "damier", relays=[], nats_keys=keys["nats_keys"])
    capsys.readouterr()
    assert main(["apply", str(same_key), "--run-dir", str(run.root)]) == 1
    assert "signs in for" in capsys.readouterr().err
    assert not (run.partners / same_key.name).exists(), "NATS could not start any more"
    assert main(both) == 1
    assert "cordee.yaml: relays: fr-nobody: no entry" in capsys.readouterr().err
    assert not asyncio.run(reads())


def expect_logged(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    """Each attempt is a line: when, which event, what came of it; and nothing of the event."""
    capsys.readouterr()

    def log() -> list[str]:
        assert main(["log", "aplus", "--run-dir", str(run.root)]) == 0
        return capsys.readouterr().out.splitlines()

    wait_for(lambda: len(log()) == 2)
    when, which = r"2026-01-14T1\d:\d\d:\d\dZ", r"[0-9a-f-]{36} partner_referral\.sent\.v1"
    line = f"{when} {which} attempt %d 2xx in \\d+ ms"
    for number, said in enumerate(log(), start=1):
        assert re.fullmatch(line % number, said), said
    assert main(["log", "aplus", "--from", "2026-01-20T00:00:00Z", "--run-dir", str(run.root)]) == 0
    assert capsys.readouterr().out == ""


def expect_sent(receiver: Receiver, reference: str) -> None:
    (event,) = receiver.events.values()
    assert event["type"] == PartnerReferralSent.type_name()
    assert event["data"]["reference"] == reference
    assert receiver.refused == 0
