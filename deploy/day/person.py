"""One person on duty, as they act at their desk: they take what is offered at once.

A regulator talks for as long as the trace says, sends the caller on and is free; a listener talks,
writes up and finishes. What the desk says rules: whoever comes back from a fault looks at it and
does what is left to do. One act after the other, as a person does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from contracts.vocabulary import LiveState, Stage
from deploy.day.caller import Caller, Floor
from deploy.day.scene import (
    Act,
    Decline,
    Done,
    End,
    EndDuty,
    FinishWrapUp,
    Pause,
    Planned,
    Refused,
    Resume,
    Scene,
    StartDuty,
    Take,
    Triage,
)
from deploy.day.stamps import Beside, Rest, Stamps
from deploy.day.trace import Shift, Worker


@dataclass
class Talk:
    """An offer taken, and what becomes of it."""

    offer_id: str
    contact_id: str
    stage: Stage
    untriaged: bool
    rang_at: float
    taken: bool = False
    over: bool = False  #: our part in it
    ending: Planned | None = None  #: the act that ends our part in it


@dataclass
class WrapUp:
    """What is written up after a talk, until when."""

    until: float
    hard: bool
    ended_at: float
    asked: bool = False


class Person:
    """A regulator or listener of the trace. Times are trace seconds."""

    def __init__(self, worker: Worker, scene: Scene, floor: Floor, stamps: Stamps) -> None:
        self.worker = worker
        self.person_id = worker.person_id
        self.state = LiveState.OFF_DUTY  #: as the desk says
        self.shift: Shift | None = None  #: the one they are here for
        self._scene = scene
        self._floor = floor
        self._stamps = stamps
        self._talk: Talk | None = None
        self._wrap_up: WrapUp | None = None
        self._seen: set[str] = set()
        self._acts: deque[tuple[Act, Callable[[Done | Refused], None]]] = deque()
        self._acting = False
        self._resuming = False
        self._gone_home = False

    @property
    def busy(self) -> bool:
        """Whether something is left to do before they can go home."""
        return self._talk is not None or self._wrap_up is not None or self._acting

    # --- shifts -----------------------------------------------------------------------------------

    def begin(self, shift: Shift) -> None:
        """Come on duty."""
        self.shift = shift
        self._do(StartDuty())

    def leave(self) -> None:
        """The shift is over. A contact goes on to its end; only then is the desk closed."""
        self.shift = None
        talk = self._talk
        if talk is not None and not talk.taken:
            return  # the take's answer decides, and looks at this again
        if self._wrap_up is not None:
            # Going home would end the wrap-up at once, and what follows a hard one with it.
            self._do(Pause())
        else:
            self._do(EndDuty())

    def go_home(self) -> None:
        """The line closes for everybody: leave now, whatever is left to write up."""
        self.shift = self._wrap_up = None
        self._gone_home = True
        self._do(EndDuty(), self._ignore)

    # --- what the desk says -----------------------------------------------------------------------

    def hear(self, kind: str, body: Mapping[str, Any], seen_at: float) -> None:
        """Read one message of the live stream."""
        match kind:
            case "offer":
                self._see(body, seen_at)
            case "contact":
                self._see_taken(body, seen_at)
            case "contact_over":
                self._see_over(body)
            case "live_state":
                self._see_state(body)
            case "state":
                self._see_desk(body, seen_at)
            case _:
                pass  # an offer that is over is told by the answer to its take
        self._look()

    def _see_desk(self, body: Mapping[str, Any], seen_at: float) -> None:
        """The whole desk, after connecting: what was missed is in it."""
        self.state = LiveState(body["live"]["state"])
        if body["offer"] is not None:
            self._see(body["offer"], seen_at)
        if body["contact"] is not None:
            self._see_taken(body["contact"], seen_at)

    def _see(self, body: Mapping[str, Any], seen_at: float) -> None:
        """An offer: take it, when here and free."""
        offer_id = body["offer_id"]
        if offer_id in self._seen:
            return
        self._seen.add(offer_id)
        self._note_offer(body, seen_at)
        if self.shift is None:
            return
        talk = Talk(offer_id, body["contact_id"], Stage(body["stage"]), body["untriaged"], seen_at)
        caller = self._floor.find(talk.contact_id)
        if talk.untriaged and not self._has_time_for(caller):
            self._do(Decline(offer_id), self._ignore)
            return
        if self._talk is not None:
            self._stamps.trouble("an offer came while another was being taken")
        self._talk = talk
        self._floor.when_known(talk.contact_id, lambda caller: caller.rings(offer_id))
        self._do(Take(offer_id), partial(self._answer_take, talk))

    def _has_time_for(self, caller: Caller | None) -> bool:
        """An untriaged caller is understood first, and must be listened to within the shift."""
        needed = 0.0 if caller is None else caller.call.triage
        return self.shift is not None and self._scene.now() + needed <= self.shift.end

    def _note_offer(self, body: Mapping[str, Any], seen_at: float) -> None:
        made_at = self._moment(body["made_at"])
        self._stamps.note(Beside.OFFERED, seen_at - made_at)
        if body["attempt"] == 1:
            waited = made_at - self._moment(body["waiting_since"])
            self._stamps.offer_waits[body["stage"]].append(waited)

    def _see_state(self, body: Mapping[str, Any]) -> None:
        self.state = LiveState(body["state"])
        since = self._moment(body["since"])
        if self.state is LiveState.WRAPPING_UP and self._wrap_up is not None:
            self._stamps.note(Beside.ENDED, since - self._wrap_up.ended_at)
        if self.state is LiveState.RESTING:
            until = None if body["until"] is None else self._moment(body["until"])
            rest = Rest(self.person_id, since, until, body["reason"])
            self._stamps.rests[self.person_id, since] = rest

    # --- taking -----------------------------------------------------------------------------------

    def _answer_take(self, talk: Talk, answer: Done | Refused) -> None:
        if isinstance(answer, Done):
            self._take(talk, self._scene.now())
            return
        if talk.taken or talk.over:
            return
        self._stamps.trouble(f"a take was refused: {answer.code}")
        talk.over = True
        if self._talk is talk:
            self._talk = None
        self._floor.when_known(talk.contact_id, partial(self._tell_not_taken, talk))
        if self.shift is None:
            self._do(EndDuty(), self._ignore)

    def _tell_not_taken(self, talk: Talk, caller: Caller) -> None:
        caller.not_taken(talk.offer_id)
        if talk.stage is Stage.LISTENER and not talk.untriaged:
            caller.miss_listener(self.person_id, talk.rang_at)

    def _see_taken(self, body: Mapping[str, Any], seen_at: float) -> None:
        talk = self._talk
        if talk is None or talk.offer_id != body["offer_id"]:
            return
        self._stamps.note(Beside.TAKEN, self._moment(body["taken_at"]) - talk.rang_at)
        self._take(talk, seen_at)

    def _take(self, talk: Talk, at: float) -> None:
        """We are connected: by the answer of the door or by what the desk shows, the first says."""
        if talk.taken or talk.over:
            return
        talk.taken = True
        # Within what the judge forgives, the talk begins when the telephone rang; so it does when
        # the shift has ended meanwhile: it was picked up in it.
        begins_at = talk.rang_at if at - talk.rang_at <= self._scene.tolerance else at
        if self.shift is None:
            begins_at = talk.rang_at
            self._do(EndDuty())
        self._floor.when_known(talk.contact_id, partial(self._talk_to, talk, begins_at))

    def _talk_to(self, talk: Talk, at: float, caller: Caller) -> None:
        if caller.gone or talk.over:
            return  # the line is dead; the platform takes it off the desk when it knows
        if talk.stage is Stage.REGULATOR:
            caller.meet_regulator(at)
            sent_on_at = at + caller.call.triage
            talk.ending = self._scene.at(sent_on_at, partial(self._send_on, talk, caller))
            return
        if talk.untriaged:
            at = caller.meet_listener_untriaged(self.person_id, at)
            self._stamps.trouble("a caller was listened to untriaged")
        else:
            caller.meet_listener(self.person_id, talk.rang_at, at)
        talk.ending = self._scene.at(at + caller.call.talk, partial(self._end, talk, caller))

    # --- ending -----------------------------------------------------------------------------------

    def _send_on(self, talk: Talk, caller: Caller) -> None:
        self._close(talk)
        caller.be_triaged(self._scene.now())

        act = Triage(talk.contact_id, caller.call)

        def told(answer: Done | Refused) -> None:
            if not caller.gone:  # whoever hung up at this moment may have been quicker
                self._expect_done(act, answer)

        self._do(act, told)

    def _end(self, talk: Talk, caller: Caller) -> None:
        self._close(talk)
        now = self._scene.now()
        caller.end(self.person_id)
        wrap_up = WrapUp(now + caller.call.wrap, caller.call.hard, now)
        self._wrap_up = wrap_up
        self._do(End(talk.contact_id))
        self._scene.at(wrap_up.until, self._look)

    def _see_over(self, body: Mapping[str, Any]) -> None:
        """The platform took a contact off the desk; unless we ended it, the caller is gone."""
        talk = self._talk
        if talk is not None and talk.offer_id == body["offer_id"]:
            self._drop(talk)

    def _drop(self, talk: Talk) -> None:
        if talk.ending is not None:
            talk.ending.cancel()
            self._stamps.trouble("a talk was taken off the desk")
        if not talk.taken:
            self._floor.when_known(talk.contact_id, lambda c: c.not_taken(talk.offer_id))
        self._close(talk)

    def _close(self, talk: Talk) -> None:
        talk.over = True
        if self._talk is talk:
            self._talk = None

    # --- what is left to do -----------------------------------------------------------------------

    def _look(self) -> None:
        """Do what the desk waits for."""
        if self._gone_home:
            return
        if self.state is LiveState.WRAPPING_UP and self._talk is None:
            self._finish()
        if self.state is LiveState.PAUSED and self.shift is not None and not self._resuming:
            self._resuming = True
            self._stamps.trouble("a person was paused")
            self._do(Resume(), self._answer_resume)

    def _finish(self) -> None:
        # Without a talk of ours behind it there is nothing to write up: the caller had gone.
        wrap_up = self._wrap_up or WrapUp(self._scene.now(), hard=False, ended_at=0.0)
        if wrap_up.asked or self._scene.now() < wrap_up.until - 0.001:
            return
        wrap_up.asked = True
        self._wrap_up = wrap_up
        act = FinishWrapUp(wrap_up.hard)
        self._do(act, partial(self._answer_finish, act))

    def _answer_finish(self, act: FinishWrapUp, answer: Done | Refused) -> None:
        self._expect_done(act, answer)
        self._wrap_up = None
        if self.state is LiveState.WRAPPING_UP and isinstance(answer, Done):
            self.state = LiveState.READY  # the desk will say which; not to be finished twice
        if self.shift is None:
            self._do(EndDuty(), self._ignore)

    def _answer_resume(self, answer: Done | Refused) -> None:
        self._expect_done(Resume(), answer)
        self._resuming = False

    # --- acting -----------------------------------------------------------------------------------

    def _do(self, act: Act, told: Callable[[Done | Refused], None] | None = None) -> None:
        """Act after what is still under way; without `told`, a refusal is a trouble."""
        self._acts.append((act, told or partial(self._expect_done, act)))
        if not self._acting:
            self._next_act()

    def _next_act(self) -> None:
        self._acting = bool(self._acts)
        if not self._acts:
            return
        act, told = self._acts.popleft()

        def answered(answer: Done | Refused) -> None:
            told(answer)
            self._next_act()

        self._scene.ask(self.person_id, act, answered)

    def _expect_done(self, act: Act, answer: Done | Refused) -> None:
        if isinstance(answer, Refused):
            what = f"{self.worker.role} {type(act).__name__}"
            self._stamps.trouble(f"refused: {what}, {answer.code}")

    def _ignore(self, answer: Done | Refused) -> None:
        """Whatever the answer: it was only to make sure."""

    def _moment(self, said: str) -> float:
        return self._scene.of(datetime.fromisoformat(said))
