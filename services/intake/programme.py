"""`just programme check FILE...` reads manifests offline; `just programme apply FILE` puts one into
force on the platform that runs.

For the operator. Applying goes through the console's door like everything an operator does; the
development session it opens for that exists in development only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from contracts.programme import ApplyProgramme, ProgrammeTerms
from contracts.vocabulary import ProgrammeId, Refusal, Role
from services.intake.document import Fault
from services.intake.reader import Faulty, Sound, read_manifest

RUN_FOLDER = Path(
    os.environ.get("HELPLINE_RUN_DIR") or Path(__file__).resolve().parents[2] / ".helpline"
)
#: Whom the development provider knows as the operator.
OPERATOR = "dev-operator"

_PATIENCE_SECONDS = 15.0
_PAUSE_SECONDS = 0.2
#: Statuses after which the same request, with the same key, may have another answer.
_ASK_AGAIN = frozenset({502, 503, 504})


class NotApplied(Exception):
    """The manifest was not put into force; the message says why, in a plain sentence."""


@dataclass(frozen=True)
class RunningPlatform:
    """Where to ask, and the key that opens a development session."""

    console: str
    development_key: str


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; 0 when all is well, 1 when a manifest is faulty or was not applied."""
    options = _options(arguments)
    if options.verb == "check":
        return max([_check(file) for file in options.files])
    return _apply(options.file, options.effective_at, options.run_dir)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="just programme", description="Lines as data.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    check = verbs.add_parser("check", help="read manifests and name every fault; needs no platform")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    apply = verbs.add_parser("apply", help="put a manifest into force on the running platform")
    apply.add_argument("file", type=Path, metavar="FILE")
    apply.add_argument(
        "--effective-at", type=_aware_time, metavar="TIME", help="from when; without it, now"
    )
    apply.add_argument("--run-dir", type=Path, default=RUN_FOLDER, help="where the platform runs")
    return parser.parse_args(arguments)


def _aware_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("a time with its offset: 2020-11-02T09:00:00+01:00")
    return moment


# --- check ----------------------------------------------------------------------------------------


def _check(file: Path) -> int:
    match _read(file):
        case Faulty(faults):
            for fault in faults:
                _say(described(file, fault))
            return 1
        case Sound() as sound:
            _say(f"{file}: sound. {summary(sound.manifest.programme, sound.terms)}")
            _say(f"{file}: sha256 {sound.sha256}")
            return 0


def _read(file: Path) -> Sound | Faulty:
    try:
        return read_manifest(file.read_bytes())
    except OSError as error:
        return Faulty((Fault(None, "", f"cannot be read: {error.strerror}"),))


def described(file: Path, fault: Fault) -> str:
    """`FILE:12: assumed.times.tea_seconds: is not a field of a manifest`."""
    place = str(file) if fault.line is None else f"{file}:{fault.line}"
    return f"{place}: {fault.field}: {fault.reason}" if fault.field else f"{place}: {fault.reason}"


def summary(programme: ProgrammeId, terms: ProgrammeTerms) -> str:
    """One sentence by which an operator knows the line."""
    channels = ", ".join(terms.channels)
    languages = ", ".join(terms.languages)
    return (
        f"{programme} ({terms.name}, {terms.country}): {channels}; {languages}; "
        f"first the {terms.first_stage}; {len(terms.needs)} needs; "
        f"emergency {', '.join(terms.emergency_numbers)}."
    )


# --- apply ----------------------------------------------------------------------------------------


def _apply(file: Path, effective_at: datetime | None, run_folder: Path) -> int:
    read = _read(file)
    if isinstance(read, Faulty):
        return _check(file)
    try:
        platform = find_platform(run_folder)
        # Proxies and netrc of the surroundings are no business of ours: the door is local.
        with httpx.Client(base_url=platform.console, timeout=10, trust_env=False) as console:
            _say(apply_manifest(read, effective_at, platform, console))
    except NotApplied as why:
        _say(f"{file}: not applied. {why}")
        return 1
    return 0


def find_platform(run_folder: Path) -> RunningPlatform:
    """Read where the platform runs; NotApplied when none does."""
    try:
        written = json.loads((run_folder / "platform.json").read_text())
    except FileNotFoundError:
        start = "Start one with `./just up`, or name its --run-dir."
        raise NotApplied(f"No platform runs in {run_folder}. {start}") from None
    try:
        key = (Path(written["keys"]) / "development.key").read_text().strip()
    except OSError as error:
        raise NotApplied(f"Its development key cannot be read: {error.strerror}.") from None
    return RunningPlatform(written["doors"]["console"], key)


def apply_manifest(
    sound: Sound, effective_at: datetime | None, platform: RunningPlatform, console: httpx.Client
) -> str:
    """Put a sound manifest into force; a sentence that says what became of it."""
    programme = sound.manifest.programme
    asked = {
        "development_key": platform.development_key,
        "person_id": OPERATOR,
        "role": Role.OPERATOR.value,
        "programme": programme,
    }
    session = _ask(console, "/development/sessions", json.dumps(asked), {})
    command = ApplyProgramme(
        programme=programme,
        manifest_sha256=sound.sha256,
        rules_version=sound.manifest.rules_version,
        effective_at=effective_at,
        terms=sound.terms,
        callers=sound.callers,
    )
    headers = {"Authorization": f"Bearer {session['token']}", "Idempotency-Key": str(uuid4())}
    reply = _ask(console, "/operator/programmes", command.model_dump_json(), headers)
    applied = reply["result"]
    became = "was in force already" if applied["already_so"] else "is applied"
    version, moment = applied["programme_version"], applied["effective_at"]
    return f"{programme}: version {version} {became}, effective from {moment}."


def _ask(console: httpx.Client, path: str, body: str, headers: dict[str, str]) -> dict[str, Any]:
    """Ask until there is an answer; every request here may be repeated."""
    sent = {"Content-Type": "application/json", **headers}
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            response = console.post(path, content=body, headers=sent)
        except httpx.TransportError as error:
            said = f"the console's door does not answer ({type(error).__name__})"
        else:
            if response.is_success:
                answer: dict[str, Any] = response.json()
                return answer
            said = _problem_in(response)
            if response.status_code not in _ASK_AGAIN:
                raise NotApplied(said)
        if time.monotonic() > until:
            raise NotApplied(said)
        time.sleep(_PAUSE_SECONDS)


def _problem_in(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"the console answered {response.status_code}"
    field, code = problem.get("field") or "", problem.get("code", "")
    where = f" ({field})" if field else ""
    hint = _HINTS.get(field, "") if code == Refusal.INVALID_FIELD else ""
    return f"{response.status_code} {code}{where}: {problem.get('detail', '')}{hint}"


#: What only the platform could find wrong with a manifest that is sound by itself.
_HINTS = {
    "callers.numbers": (
        " Another line has this number at that time: give this one's number_held a from_day, or"
        " apply the other with an until_day first."
    ),
    "effective_at": " It is past on the platform's clock; name a later time, or none for now.",
}


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
