"""`python -m deploy.call`: walk one contact through the running platform and narrate it.

It uses the public doors only, as a caller and two volunteers would, with people of its own. What
is said on the terminal is French, with the seconds since the person called. Exit 1 and a sentence
when a step fails.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from contracts.triage import TriageNotes
from contracts.vocabulary import (
    ContactState,
    Destination,
    ForWhom,
    LanguageCode,
    LiveState,
    Need,
    Outcome,
    PersonId,
    Role,
    Stage,
)
from deploy.desk import Caller, Desk, DoorRefused, Doors, DoorSilent, LiveMessage
from deploy.embedded.runfolder import DEFAULT_FOLDER, RunFolder
from deploy.embedded.trouble import StartRefused
from deploy.handset import Handset
from deploy.platform import Platform, platform_here, read_platform
from deploy.seat import STEP_SECONDS, CallFailed, Seat, Wanted, in_state, of_contact
from deploy.seeds import PROGRAMME, a_volunteer, import_people
from services.console.messages import Board, ContactGone, ContactShown, LiveStateShown, OfferShown
from services.triage.domain import RULE_BOOKS

#: People of `call` alone. Several of each: after four contacts in a row a listener is due a rest,
#: and a rest is never skipped.
PEOPLE: dict[Role, tuple[PersonId, ...]] = {
    role: tuple(PersonId(f"call-{role}-{number}") for number in range(1, 7))
    for role in (Role.REGULATOR, Role.LISTENER)
}

#: What the person says, as the regulator understands it.
UNDERSTOOD = TriageNotes(
    need=Need.DETRESSE_PSYCHOLOGIQUE, languages=(LanguageCode.FR,), for_whom=ForWhom.SELF
)

_LINE_SECONDS = 5.0  #: machine time a line may need to come into force after `up` says it runs
_LONGEST_WAIT_SECONDS = 30.0  #: machine time it is worth waiting for quality's count of the hour
_COUNTED_AFTER = timedelta(minutes=6)  #: quality counts an hour five minutes after its end

_WORDS = {rule.code: rule.words for book in RULE_BOOKS.values() for rule in book}


@dataclass
class Narrator:
    """Says what happens, with the seconds since the person called."""

    terminal: Console = field(default_factory=lambda: Console(highlight=False))
    called_at: float | None = None  #: `time.monotonic()`

    def say(self, line: str, at: float | None = None) -> None:
        """Print one line; `at` is when it happened, `time.monotonic()`, now when it is None."""
        moment = time.monotonic() if at is None else at
        since = "" if self.called_at is None else f"+{moment - self.called_at:.3f} s"
        self.terminal.print(f"{since:>10}  {line}", markup=False, soft_wrap=True)


@dataclass
class Walk:
    """One contact, from the call to the figures."""

    doors: Doors
    programme: str
    talk_seconds: float
    stack: AsyncExitStack  #: what is undone at the end, whatever happened
    telephone: bool = False  #: the listener has a telephone alone
    narrator: Narrator = field(default_factory=Narrator)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))  #: of the line, once known

    async def run(self, rate: float) -> None:
        """Walk; CallFailed, DoorRefused or DoorSilent when a step fails."""
        say = self.narrator.say
        line = await self.line()
        self.zone = ZoneInfo(line["timezone"])
        say(f"« {line['name']} » est ouverte.")
        say(line["notice"])
        people = [a_volunteer(person, role) for role in PEOPLE for person in PEOPLE[role]]
        coordinator = await import_people(self.doors, self.programme, people)
        board = await self.sit(Seat(coordinator))
        regulator = await self.on_duty(Role.REGULATOR)  # where none answers first, nobody rings
        listener = await self.by_telephone() if self.telephone else None
        seat = await self.on_duty(Role.LISTENER) if listener is None else None
        caller = await self.call()
        if caller.opened["state"] == ContactState.WAITING_REGULATOR:
            await self.regulate(regulator, caller)
        if listener is not None:
            await self.listen_by_telephone(listener)
        elif seat is not None:
            await self.listen(seat, caller)
        await self.show_figures(board, caller, rate)

    async def line(self) -> dict[str, Any]:
        """What the line is; CallFailed when it is unknown or its door is closed."""
        line = await self.known_line()
        if "phone" not in line["open_now"]:
            raise CallFailed(_closed(line))
        return line

    async def known_line(self) -> dict[str, Any]:
        """The line, waited for: `up` puts it into force a moment after it says it runs."""
        until = time.monotonic() + _LINE_SECONDS
        while True:
            try:
                return await self.doors.line(self.programme)
            except DoorRefused as refused:
                if refused.code != "unknown_programme":
                    raise
                if time.monotonic() > until:
                    raise CallFailed(
                        f"La ligne {self.programme} n'est pas en service. Mettez-la en service : "
                        f"./just programme apply deploy/programmes/{self.programme}.yaml"
                    ) from refused
            await asyncio.sleep(0.2)

    async def sit(self, seat: Seat) -> Seat:
        """Open the desk's stream; its state stays in the inbox, as the first message."""
        reading = asyncio.create_task(seat.listen())
        self.stack.callback(reading.cancel)
        return seat

    async def on_duty(self, role: Role) -> Seat:
        """Somebody of this role comes on duty: the first who is not due a rest."""
        for person_id in PEOPLE[role]:
            desk = await self.doors.session(person_id, role, self.programme)
            seat = await self.sit(Seat(desk))
            await desk.start_duty()
            self.stack.push_async_callback(_leave_duty, desk)
            beating = asyncio.create_task(desk.keep_beating())
            self.stack.callback(beating.cancel)
            if await _is_ready(seat):
                self.narrator.say(f"{_CALLED[role]} ({person_id}) prend son service.")
                return seat
            self.narrator.say(f"{person_id} se repose ou termine ; quelqu'un d'autre vient.")
        raise CallFailed(
            f"Personne n'est libre comme {_CALLED[role].lower()} ; réessayez plus tard."
        )

    async def call(self) -> Caller:
        """The person calls."""
        self.narrator.called_at = time.monotonic()
        caller = await self.doors.open_contact(self.programme)
        self.stack.push_async_callback(_hang_up, caller)
        self.narrator.say(f"La personne appelle. Sollicitation {caller.contact_id}.")
        return caller

    async def regulate(self, seat: Seat, caller: Caller) -> None:
        """The regulator takes the contact, asks the rules, decides."""
        contact = await self.take(seat, caller)
        say = self.narrator.say
        proposal = await seat.desk.propose(contact.contact_id, UNDERSTOOD)
        reasons = ", ".join(f"{code} (« {_WORDS.get(code, code)} »)" for code in proposal.reasons)
        say("La régulation note : détresse psychologique, en français, pour elle-même.")
        say(f"Les règles {proposal.rules_version} proposent {proposal.priority} : {reasons}.")
        await seat.desk.triage(
            contact.contact_id, proposal.priority, Destination.LISTENER, UNDERSTOOD
        )
        say(f"La régulation décide : {proposal.priority}, vers l'écoute.")
        free = await seat.hear("Le poste de régulation ne se libère pas", in_state(LiveState.READY))
        say("La régulation est de nouveau libre.", free.seen_at)

    async def listen(self, seat: Seat, caller: Caller) -> None:
        """The listener takes the contact, listens, ends it, wraps up."""
        contact = await self.take(seat, caller)
        say = self.narrator.say
        say(f"On parle ({self.talk_seconds:g} s ici ; quinze à vingt-cinq minutes en vrai).")
        await asyncio.sleep(self.talk_seconds)
        await seat.desk.end(contact.contact_id, Outcome.LISTENED)
        over, _ = await seat.hear_each(
            "La fin n'arrive pas au poste",
            (of_contact("contact_over", contact.contact_id), in_state(LiveState.WRAPPING_UP)),
        )
        say(f"L'écoute se termine : {over.read(ContactGone).outcome}.", over.seen_at)
        await seat.desk.finish_wrap_up(hard=False)
        after = await seat.hear(
            "Le temps d'après ne finit pas", in_state(LiveState.READY, LiveState.RESTING)
        )
        resting = after.read(LiveStateShown).state is LiveState.RESTING
        say("Le temps d'après est fini ; " + ("un repos suit." if resting else "libre de nouveau."))

    async def by_telephone(self) -> Handset:
        """A listener with a telephone alone comes on duty by a key."""
        for person_id in PEOPLE[Role.LISTENER]:
            desk = await self.doors.session(person_id, Role.LISTENER, self.programme)
            handset = Handset(desk)
            reading = asyncio.create_task(handset.listen())
            self.stack.callback(reading.cancel)
            self.stack.push_async_callback(_leave_duty, desk)
            beating = asyncio.create_task(desk.keep_beating())  # as the edge does for who it rings
            self.stack.callback(beating.cancel)
            await self.key(handset, "1", LiveState.READY, LiveState.RESTING)
            if handset.menu.state is LiveState.READY:
                return handset
        raise CallFailed("Personne n'est libre au téléphone ; réessayez plus tard.")

    async def key(self, handset: Handset, key: str, *then: LiveState) -> None:
        """Press a key, and hear the person in one of these states before anything else."""
        spoken = len(handset.said)
        await handset.press(key)
        if not await handset.comes_to(then, STEP_SECONDS):
            raise CallFailed(f"Touche {key} : rien en {STEP_SECONDS:.0f} s.")
        self.narrator.say(f"Touche {key}.")
        for words in handset.said[spoken:]:
            self.narrator.say(f"  « {words} »")

    async def listen_by_telephone(self, handset: Handset) -> None:
        """The whole contact by keys: take, listen, end as a listening, say that it was bearable."""
        if not await handset.comes_to((LiveState.OFFERED,), STEP_SECONDS):
            raise CallFailed("Le téléphone n'a pas sonné.")
        self.narrator.say("Le téléphone sonne.")
        await self.key(handset, "1", LiveState.TALKING)
        await asyncio.sleep(self.talk_seconds)
        await self.key(handset, "1", LiveState.TALKING)
        await self.key(handset, "1", LiveState.WRAPPING_UP)
        await self.key(handset, "1", LiveState.READY, LiveState.RESTING)

    async def take(self, seat: Seat, caller: Caller) -> ContactShown:
        """Take the contact when it is offered; CallFailed when somebody else got it."""
        contact_id = caller.contact_id
        try:
            message = await seat.hear("", of_contact("offer", contact_id))
        except CallFailed:
            state = (await caller.look())["state"]
            raise CallFailed(
                f"La sollicitation n'a pas été proposée à {seat.desk.person_id} en "
                f"{STEP_SECONDS:.0f} s ; elle est « {state} ». D'autres personnes sont-elles de "
                "service ?"
            ) from None
        offer = message.read(OfferShown)
        whom = "à la régulation" if offer.stage is Stage.REGULATOR else "à l'écoute"
        reasons = ", ".join(offer.reasons)
        self.narrator.say(f"Proposée {whom} : {seat.desk.person_id} ({reasons}).", message.seen_at)
        await seat.desk.take(offer.offer_id)
        taken = await seat.hear("La prise n'arrive pas au poste", of_contact("contact", contact_id))
        self.narrator.say("Prise ; les deux sont en ligne.", taken.seen_at)
        return taken.read(ContactShown)

    async def show_figures(self, seat: Seat, caller: Caller, rate: float) -> None:
        """Nobody waits any more; what quality has counted."""
        say = self.narrator.say
        opened_at = datetime.fromisoformat(caller.opened["opened_at"])
        ended_at = datetime.fromisoformat((await caller.look())["ended_at"])
        await seat.hear("Le tableau ne revient pas à zéro", _nobody_waits(ended_at))
        say("Tableau : plus personne n'attend, plus personne n'est en ligne.")
        hour = opened_at.replace(minute=0, second=0, microsecond=0)
        counted_at = hour + timedelta(hours=1) + _COUNTED_AFTER
        wait_seconds = (counted_at - ended_at).total_seconds() / rate
        if wait_seconds > _LONGEST_WAIT_SECONDS:
            say(f"La qualité comptera cette heure vers {self.clock(counted_at)} ; voir le tableau.")
            return
        say(f"La qualité compte l'heure dans {max(wait_seconds, 0):.0f} s au plus…")
        message = await seat.hear(
            "La qualité n'a pas compté l'heure", _counts_hour(hour), wait_seconds + STEP_SECONDS
        )
        figures = next(one for one in message.read(Board).hours if one.hour == hour)
        say(
            f"Qualité, heure de {self.clock(hour)} : {figures.opened} appels, "
            f"{figures.answered} décrochés, {figures.answered_in_target} dans le délai, "
            f"{figures.listened} écoutés, {figures.abandoned} abandons."
        )

    def clock(self, moment: datetime) -> str:
        """The hour on the wall of the line."""
        return moment.astimezone(self.zone).strftime("%H:%M")


_CALLED = {Role.REGULATOR: "La régulation", Role.LISTENER: "L'écoute"}


def _closed(line: dict[str, Any]) -> str:
    hours = ", ".join(
        sorted({f"{rule['opens_at']}-{rule['closes_at']}" for rule in line["opening"]})
    )
    zone = ZoneInfo(line["timezone"])
    noon = datetime(2026, 1, 14, 11, tzinfo=zone).isoformat()
    return (
        f"« {line['name']} » est fermée à cette heure (ouverte {hours}, {line['timezone']}). "
        f"Pour la démonstration, démarrez la plateforme à une heure d'ouverture : "
        f"./just up --at {noon}"
    )


def _nobody_waits(since: datetime) -> Wanted:
    """Whether a board of after that moment counts nobody; older ones may still be in the inbox."""

    def says(message: LiveMessage) -> bool:
        if message.kind != "board":
            return False
        board = message.read(Board)
        lines = (board.regulators, board.listeners)
        return board.at >= since and all(line.waiting + line.with_human == 0 for line in lines)

    return says


def _counts_hour(hour: datetime) -> Wanted:
    def counts(message: LiveMessage) -> bool:
        if message.kind != "board":
            return False
        return any(one.hour == hour and one.opened for one in message.read(Board).hours)

    return counts


async def _is_ready(seat: Seat) -> bool:
    """Whether the person can be offered a contact; an earlier walk's wrap-up is finished."""
    settled = (LiveState.READY, LiveState.WRAPPING_UP, LiveState.RESTING, LiveState.TALKING)
    message = await seat.hear("Le poste ne dit pas son état", in_state(*settled))
    live = message.body["live"] if message.kind == "state" else message.body
    if live["state"] == LiveState.WRAPPING_UP:
        await seat.desk.finish_wrap_up()
        after = in_state(LiveState.READY, LiveState.RESTING)
        message = await seat.hear("Le temps d'après ne finit pas", after)
        live = message.body
    return bool(live["state"] == LiveState.READY)


async def _leave_duty(desk: Desk) -> None:
    with suppress(DoorRefused, DoorSilent):
        await desk.end_duty()


async def _hang_up(caller: Caller) -> None:
    """Whatever failed, nobody is left waiting for a contact that is a demonstration."""
    with suppress(DoorRefused, DoorSilent):
        await caller.leave()


async def walk(
    platform: Platform, programme: str, talk_seconds: float, telephone: bool = False
) -> None:
    """Walk one contact through a platform."""
    async with Doors.of(platform) as doors, AsyncExitStack() as stack:
        await Walk(doors, programme, talk_seconds, stack, telephone).run(platform.rate)


def main(arguments: list[str] | None = None) -> int:
    """Walk; 0 when the contact went through, 1 with a sentence when not."""
    parser = argparse.ArgumentParser(prog="just call", description="Walk one contact through.")
    parser.add_argument("--run-dir", type=Path, default=DEFAULT_FOLDER)
    parser.add_argument(
        "--here", action="store_true", help="the platform whose container this runs in"
    )
    parser.add_argument("--programme", default=PROGRAMME)
    parser.add_argument("--talk-seconds", type=float, default=2.0, metavar="S")
    parser.add_argument(
        "--telephone", action="store_true", help="the listener has a telephone alone"
    )
    options = parser.parse_args(arguments)
    try:
        run = RunFolder(options.run_dir.resolve())
        platform = platform_here() if options.here else read_platform(run)
        asyncio.run(walk(platform, options.programme, options.talk_seconds, options.telephone))
    except StartRefused as refused:
        return _fail("La plateforme ne tourne pas : démarrez-la avec ./just up", refused)
    except CallFailed as failed:
        return _fail(str(failed))
    except DoorRefused as refused:
        return _fail(f"Une porte a refusé ({refused.code})", refused)
    except DoorSilent as silent:
        return _fail("Une porte ne répond pas ; voyez les journaux de la plateforme", silent)
    except OSError as unread:
        return _fail("La clé de développement ne se lit pas", unread)
    except KeyboardInterrupt:
        return _fail("Interrompu.")
    return 0


def _fail(sentence: str, why: Exception | None = None) -> int:
    told = sentence if why is None else f"{sentence} ({str(why).splitlines()[0]})."
    Console(stderr=True, highlight=False).print(
        told, style="bold red", markup=False, soft_wrap=True
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
