"""How a desk looks and behaves: chosen by its person, kept in their session, gone with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from services.pages.look import Look, look_in
from services.pages.words import COMPLETE

#: Seconds an end or a decline can be taken back, by choice (WCAG 2.2.1); the first is the usual.
UNDO_SECONDS = (5, 10, 20)


@dataclass(frozen=True)
class DeskLook:
    """Look of a desk, how long a press can be taken back, and whether keys press buttons."""

    look: Look = field(default_factory=Look)
    undo_seconds: int = UNDO_SECONDS[0]
    keys: bool = True

    def kept(self) -> str:
        """As the session keeps it."""
        said = {
            "langue": self.look.language.value,
            "theme": self.look.theme.value,
            "taille": self.look.size.value,
            "annuler": str(self.undo_seconds),
            "touches": "oui" if self.keys else "non",
        }
        return urlencode(said)


def desk_look(request: Request, kept: str = "") -> DeskLook:
    """The look of a desk: as its session keeps it, else as the address or the browser says."""
    said = dict(parse_qsl(kept))
    accepted = request.headers.get("accept-language", "")
    undo = said.get("annuler", "")
    return DeskLook(
        look=look_in({**said, **request.query_params}, accepted, COMPLETE),
        undo_seconds=int(undo) if undo in map(str, UNDO_SECONDS) else UNDO_SECONDS[0],
        keys=said.get("touches") != "non",
    )
