"""One caller: waits, is patient for as long as the trace says, is heard, or hangs up.

Patience counts waiting in both lines and not the talk between them. The surprising thing: while an
offer is on somebody's screen the caller is about to be answered, and holds on a moment longer.
"""

from __future__ import annotations

from collections.abc import Callable

from deploy.day.scene import Left, Opened, Planned, Refused, Scene
from deploy.day.stamps import Beside, Line, Stamps
from deploy.day.trace import Call

#: Share of the judge's tolerance a caller holds on while their call is being answered.
_HOLDS_ON = 0.8


class Caller:
    """A caller and where they are; `first` is the line they come into. Times are trace seconds."""

    def __init__(
        self, call: Call, scene: Scene, stamps: Stamps, first: Line = Line.WAITING_REGULATOR
    ) -> None:
        self.call = call
        self._first = first
        self.place: Line | None = None
        self.contact_id: str | None = None
        self.away = False  #: the platform has been told that they hung up, and has answered
        self._scene = scene
        self._stamps = stamps
        self._deadline = call.at + call.patience
        self._leaving: Planned | None = None
        self._ringing: set[str] = set()
        self._gone_at = 0.0

    @property
    def gone(self) -> bool:
        """Whether they have hung up."""
        return self.place is Line.GONE

    @property
    def settled(self) -> bool:
        """Whether nothing more will come of them."""
        return self.place is Line.ENDED or (self.gone and self.away)

    def arrive(self, known: Callable[[Caller], None]) -> None:
        """Call the line; `known` is told once the contact has its id."""
        arrived_at = self._scene.now()
        self._move(self._first)
        self._wait()

        def told(answer: Opened | Refused) -> None:
            if isinstance(answer, Refused):
                # Nobody will answer; they hear it and stay until their patience ends.
                self._stamps.trouble(f"a caller was refused: {answer.code}")
                self.away = True
                return
            self.contact_id = answer.contact_id
            told_of = {"type": "contact_opened", "contact_id": answer.contact_id}
            self._stamps.journal.append(told_of)
            self._stamps.note(Beside.OPENED, self._scene.of(answer.opened_at) - arrived_at)
            known(self)
            if self.gone:
                self._hang_up(answer.contact_id)

        self._scene.open_contact(self.call, told)

    # --- what the people on duty do ---------------------------------------------------------------

    def rings(self, offer_id: str) -> None:
        """An offer is on a screen and about to be taken."""
        self._ringing.add(offer_id)

    def not_taken(self, offer_id: str) -> None:
        """That one came to nothing: wait on, unless patience has ended meanwhile."""
        self._ringing.discard(offer_id)
        if self._waiting and not self._ringing and self._scene.now() >= self._deadline:
            self._give_up()

    def meet_regulator(self, at: float) -> None:
        """A regulator answers."""
        self._stop_waiting()
        self._stamps.log("triage_started", at, call=self.call.call_id)
        self._move(Line.WITH_REGULATOR)
        self._deadline = at + self.call.triage + max(0.0, self.call.patience - (at - self.call.at))

    def be_triaged(self, at: float) -> None:
        """The regulator has sent them on."""
        self._stamps.log("triaged", at, call=self.call.call_id)
        self._move(Line.WAITING_LISTENER)
        self._wait()

    def meet_listener(self, person_id: str, rang_at: float, at: float) -> None:
        """A listener's telephone rang, and they answer."""
        self._stop_waiting()
        call_id = self.call.call_id
        self._stamps.log("assigned", rang_at, call=call_id, listener=person_id)
        if at != rang_at:
            self._stamps.log("answered", at, call=call_id, listener=person_id)
        self._move(Line.WITH_LISTENER)

    def meet_listener_untriaged(self, person_id: str, at: float) -> float:
        """A listener answers who must understand first; return when the talk proper begins."""
        self._stop_waiting()
        call_id = self.call.call_id
        understood_at = at + self.call.triage
        self._stamps.log("triage_started", at, call=call_id)
        self._stamps.log("triaged", understood_at, call=call_id, untriaged="yes")
        self._stamps.log("assigned", understood_at, call=call_id, listener=person_id)
        self._move(Line.WITH_LISTENER)
        return understood_at

    def miss_listener(self, person_id: str, rang_at: float) -> None:
        """A listener's telephone rang, and the platform would not connect them.

        Not written down when they have hung up or another telephone rings for them: the judge reads
        one line of ringing, one after the other.
        """
        if not self._waiting or self._ringing:
            return
        call_id = self.call.call_id
        self._stamps.log("assigned", rang_at, call=call_id, listener=person_id)
        self._stamps.log("declined", self._scene.now(), call=call_id, listener=person_id)

    def end(self, person_id: str) -> None:
        """The talk is over."""
        now = self._scene.now()
        self._stamps.log("ended", now, call=self.call.call_id, listener=person_id)
        self._move(Line.ENDED)

    # --- patience ---------------------------------------------------------------------------------

    @property
    def _waiting(self) -> bool:
        return self.place in (Line.WAITING_REGULATOR, Line.WAITING_LISTENER)

    def _wait(self) -> None:
        self._ringing.clear()
        self._leaving = self._scene.at(self._deadline, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()

    def _lose_patience(self) -> None:
        held_on_until = self._deadline + _HOLDS_ON * self._scene.tolerance
        if self._ringing and self._scene.now() < held_on_until:
            self._leaving = self._scene.at(held_on_until, self._give_up)
        else:
            self._give_up()

    def _give_up(self) -> None:
        self._stop_waiting()
        self._gone_at = self._scene.now()
        self._stamps.log("abandoned", self._gone_at, call=self.call.call_id)
        self._move(Line.GONE)
        if self.contact_id is not None:
            self._hang_up(self.contact_id)

    def _hang_up(self, contact_id: str) -> None:
        def told(answer: Left | Refused) -> None:
            self.away = True
            if isinstance(answer, Refused):
                self._stamps.trouble(f"a caller could not leave: {answer.code}")
            elif answer.ended_at is not None:
                left_at = self._scene.of(answer.ended_at)
                self._stamps.note(Beside.LEFT, left_at - self._gone_at)

        self._scene.leave(contact_id, told)

    def _move(self, place: Line) -> None:
        self._stamps.move(self.place, place)
        self.place = place


class Floor:
    """Callers by their contact. An offer can be seen before the door has told us its id."""

    def __init__(self) -> None:
        self._callers: dict[str, Caller] = {}
        self._awaited: dict[str, list[Callable[[Caller], None]]] = {}

    def know(self, caller: Caller) -> None:
        """The caller's contact has its id."""
        assert caller.contact_id is not None
        self._callers[caller.contact_id] = caller
        for then in self._awaited.pop(caller.contact_id, ()):
            then(caller)

    def find(self, contact_id: str) -> Caller | None:
        """The caller of a contact, if known yet."""
        return self._callers.get(contact_id)

    def when_known(self, contact_id: str, then: Callable[[Caller], None]) -> None:
        """Call `then` with the caller of a contact, now or when it is known."""
        caller = self._callers.get(contact_id)
        if caller is not None:
            then(caller)
        else:
            self._awaited.setdefault(contact_id, []).append(then)
